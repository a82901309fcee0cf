ALTER TABLE vsm.measurements
    ADD COLUMN IF NOT EXISTS generation UInt32 COMMENT 'generation of the rows it was computed from, 0 where its writer did not say',
    MODIFY ORDER BY (value_stream, metric, step, `window`, statistic, kind, environment, service, measured_at, generation);

ALTER TABLE vsm.measurements_latest
    ADD COLUMN IF NOT EXISTS generation UInt32 COMMENT 'generation of the rows it was computed from, 0 where its writer did not say',
    MODIFY ORDER BY (value_stream, metric, step, `window`, statistic, kind, environment, service, generation);

ALTER TABLE vsm.measurements_to_latest MODIFY QUERY SELECT * FROM vsm.measurements;

ALTER TABLE vsm.measurements_latest MODIFY COMMENT 'the newest value of each series in each generation (read with FINAL)';

CREATE OR REPLACE VIEW vsm.measurements_current AS
WITH (SELECT argMax(generation, activated_at) FROM vsm.active) AS shown
SELECT
    measured_at, value_stream, step, metric, `window`, statistic, kind, environment, service, value, n, lower,
    upper, completeness, definition_version
FROM vsm.measurements_latest FINAL
WHERE generation = shown
    OR (generation = 0 AND value_stream NOT IN (SELECT value_stream FROM vsm.measurements_latest WHERE generation = shown))
COMMENT 'the newest value of each series of the active generation; of a stream it has not measured yet, those that say no generation';
