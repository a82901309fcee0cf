CREATE TABLE IF NOT EXISTS vsm.deployments
(
    value_stream LowCardinality(String) COMMENT 'value stream the row belongs to',
    deployment_id String COMMENT 'deployment''s URI',
    service LowCardinality(String) COMMENT 'service deployed',
    environment LowCardinality(String) COMMENT 'normalised environment',
    artifact Nullable(String) COMMENT 'artifact deployed',
    `commit` Nullable(String) COMMENT 'commit deployed',
    started_at Nullable(DateTime64(6, 'UTC')) COMMENT 'began, UTC',
    finished_at Nullable(DateTime64(6, 'UTC')) COMMENT 'ended, UTC',
    outcome LowCardinality(Nullable(String)) COMMENT 'success, failure, cancelled or error; NULL is still running',
    is_rework Bool COMMENT 'made because of a production incident',
    caused_incident Bool COMMENT 'needed immediate intervention, or failed',
    left_censored Bool COMMENT 'the first seen of its service and environment',
    change_ids Array(String) COMMENT 'changes it carries',
    attribution LowCardinality(String) COMMENT 'evidence behind caused_incident, empty if none',
    confidence Float64 COMMENT 'how sure the attribution is, 0 to 1',
    recovered_at Nullable(DateTime64(6, 'UTC')) COMMENT 'fixed, UTC; NULL is not or not needed',
    definition_version LowCardinality(String) COMMENT 'version of the value-stream definition it was derived under',
    revision UInt64 COMMENT 'orders knowledge: generation in the upper bits, progress in the source log below',
    known_at DateTime64(6, 'UTC') COMMENT 'greatest received_at folded in, UTC; never the wall clock',
    withdrawn Bool COMMENT 'no longer derived; hidden by the _current view',
    generation UInt32 MATERIALIZED toUInt32(bitShiftRight(revision, 40)) COMMENT 'generation of the derivation: the upper bits of revision'
)
ENGINE = ReplacingMergeTree
ORDER BY (value_stream, deployment_id, revision)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'every revision of every deployment';

CREATE TABLE IF NOT EXISTS vsm.deployments_latest AS vsm.deployments
ENGINE = ReplacingMergeTree(revision)
ORDER BY (generation, value_stream, deployment_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'the newest revision of each row of deployments, of every generation (read with FINAL)';

CREATE MATERIALIZED VIEW IF NOT EXISTS vsm.deployments_to_latest TO vsm.deployments_latest AS SELECT * FROM vsm.deployments;

CREATE VIEW IF NOT EXISTS vsm.deployments_current AS
SELECT
    value_stream, deployment_id, service, environment, artifact, `commit`, started_at, finished_at, outcome,
    is_rework, caused_incident, left_censored, change_ids, attribution, confidence, recovered_at,
    definition_version, revision, known_at
FROM vsm.deployments_latest FINAL
WHERE generation = (SELECT argMax(generation, activated_at) FROM vsm.active) AND NOT withdrawn
COMMENT 'deployments as known now: the newest revision of the active generation, what was withdrawn left out';

CREATE VIEW IF NOT EXISTS vsm.deployments_as_of AS
SELECT
    value_stream, deployment_id, service, environment, artifact, `commit`, started_at, finished_at, outcome,
    is_rework, caused_incident, left_censored, change_ids, attribution, confidence, recovered_at,
    definition_version, revision, known_at
FROM
(
    SELECT *
    FROM vsm.deployments
    WHERE generation = (SELECT argMax(generation, activated_at) FROM vsm.active) AND known_at <= {at:DateTime64(6, 'UTC')}
    ORDER BY revision DESC
    LIMIT 1 BY value_stream, deployment_id
)
WHERE NOT withdrawn
COMMENT 'deployments as known at a past time: SELECT * FROM deployments_as_of(at = ''2026-01-31 00:00:00'')';
