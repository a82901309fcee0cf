CREATE OR REPLACE VIEW vsm.measurements_as_of AS
WITH (SELECT argMax(generation, activated_at) FROM vsm.activations WHERE activated_at <= {at:DateTime64(6, 'UTC')}) AS shown
SELECT
    newest.1 AS measured_at, value_stream, step, metric, `window`, statistic, kind, environment, service,
    newest.2 AS value, newest.3 AS n, newest.4 AS lower, newest.5 AS upper, newest.6 AS completeness,
    newest.7 AS definition_version, newest.8 AS generation
FROM
(
    SELECT
        value_stream, step, metric, `window`, statistic, kind, environment, service,
        argMax((measured_at, value, n, lower, upper, completeness, definition_version, generation), measured_at) AS newest
    FROM vsm.measurements FINAL
    WHERE measured_at <= toDateTime({at:DateTime64(6, 'UTC')}, 'UTC')
        AND
        (
            generation = shown
            OR (generation = 0 AND value_stream NOT IN
                (
                    SELECT value_stream FROM vsm.measurements
                    WHERE generation = shown AND measured_at <= toDateTime({at:DateTime64(6, 'UTC')}, 'UTC')
                ))
        )
    GROUP BY value_stream, step, metric, `window`, statistic, kind, environment, service
)
COMMENT 'what measurements_current showed at a past time, by the generation that was active then: SELECT * FROM measurements_as_of(at = ''2026-01-31 00:00:00'')';
