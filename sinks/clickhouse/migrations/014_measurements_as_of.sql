CREATE OR REPLACE VIEW vsm.measurements_current AS
WITH (SELECT argMax(generation, activated_at) FROM vsm.active) AS shown
SELECT
    measured_at, value_stream, step, metric, `window`, statistic, kind, environment, service, value, n, lower,
    upper, completeness, definition_version, generation
FROM vsm.measurements_latest FINAL
WHERE generation = shown
    OR (generation = 0 AND value_stream NOT IN (SELECT value_stream FROM vsm.measurements_latest WHERE generation = shown))
COMMENT 'the newest value of each series of the active generation; of a stream it has not measured yet, those that say no generation';

CREATE OR REPLACE VIEW vsm.measurements_as_of AS
SELECT
    newest.1 AS measured_at, value_stream, step, metric, `window`, statistic, kind, environment, service,
    newest.2 AS value, newest.3 AS n, newest.4 AS lower, newest.5 AS upper, newest.6 AS completeness,
    newest.7 AS definition_version, newest.8 AS generation
FROM
(
    SELECT
        value_stream, step, metric, `window`, statistic, kind, environment, service,
        argMax((measured_at, value, n, lower, upper, completeness, definition_version, generation), (generation, measured_at)) AS newest
    FROM vsm.measurements
    WHERE measured_at <= toDateTime({at:DateTime64(6, 'UTC')}, 'UTC')
        AND generation IN
        (
            SELECT argMax(generation, activated_at) FROM vsm.activations WHERE activated_at <= {at:DateTime64(6, 'UTC')}
            UNION ALL SELECT 0
        )
    GROUP BY value_stream, step, metric, `window`, statistic, kind, environment, service
)
COMMENT 'what measurements_current showed at a past time, by the generation that was active then: SELECT * FROM measurements_as_of(at = ''2026-01-31 00:00:00'')';
