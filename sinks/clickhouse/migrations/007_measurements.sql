CREATE TABLE IF NOT EXISTS vsm.measurements
(
    measured_at DateTime('UTC') COMMENT 'when it was computed, whole seconds, UTC',
    value_stream LowCardinality(String) COMMENT 'value stream the row belongs to',
    step LowCardinality(String) COMMENT 'step of the map, empty for the whole stream',
    metric LowCardinality(String) COMMENT 'Prometheus name without vsm_, its unit included',
    `window` LowCardinality(String) COMMENT 'rolling window 1h 24h 7d 30d 90d, empty for a value of now',
    statistic LowCardinality(String) COMMENT 'p50 p85 p95 mean count ratio now',
    kind LowCardinality(String) COMMENT 'kind of work, empty for all',
    environment LowCardinality(String) COMMENT 'environment, empty for all',
    service LowCardinality(String) COMMENT 'service, empty for all',
    value Nullable(Float64) COMMENT 'value in the unit the metric names; NULL is unknown',
    n UInt64 COMMENT 'how many observations stand behind it',
    lower Nullable(Float64) COMMENT 'lower bound of the 95 % interval, NULL is unknown',
    upper Nullable(Float64) COMMENT 'upper bound of the 95 % interval, NULL is unknown',
    completeness Nullable(Float64) COMMENT 'share of the data that is there, 0 to 1; NULL is unknown',
    definition_version LowCardinality(String) COMMENT 'version of the value-stream definition it was computed under'
)
ENGINE = ReplacingMergeTree
ORDER BY (value_stream, metric, step, `window`, statistic, kind, environment, service, measured_at)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'every computed value of every series';

CREATE TABLE IF NOT EXISTS vsm.measurements_latest AS vsm.measurements
ENGINE = ReplacingMergeTree(measured_at)
ORDER BY (value_stream, metric, step, `window`, statistic, kind, environment, service)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'the newest value of each series (read with FINAL)';

CREATE MATERIALIZED VIEW IF NOT EXISTS vsm.measurements_to_latest TO vsm.measurements_latest AS SELECT * FROM vsm.measurements;

CREATE VIEW IF NOT EXISTS vsm.measurements_current AS
SELECT
    measured_at, value_stream, step, metric, `window`, statistic, kind, environment, service, value, n, lower,
    upper, completeness, definition_version
FROM vsm.measurements_latest FINAL
COMMENT 'the newest value of each series';
