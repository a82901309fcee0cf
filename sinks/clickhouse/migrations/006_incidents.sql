CREATE TABLE IF NOT EXISTS vsm.incidents
(
    value_stream LowCardinality(String) COMMENT 'value stream the row belongs to',
    incident_id String COMMENT 'incident''s URI',
    service LowCardinality(String) COMMENT 'service affected',
    environment LowCardinality(String) COMMENT 'normalised environment',
    detected_at Nullable(DateTime64(6, 'UTC')) COMMENT 'detected, UTC',
    resolved_at Nullable(DateTime64(6, 'UTC')) COMMENT 'resolved, UTC; NULL is open',
    deployment_id Nullable(String) COMMENT 'deployment held to have caused it, if any',
    attribution LowCardinality(String) COMMENT 'explicit, time_and_service or unattributed',
    confidence Float64 COMMENT 'how sure the attribution is, 0 when unattributed',
    definition_version LowCardinality(String) COMMENT 'version of the value-stream definition it was derived under',
    revision UInt64 COMMENT 'orders knowledge: generation in the upper bits, progress in the source log below',
    known_at DateTime64(6, 'UTC') COMMENT 'greatest received_at folded in, UTC; never the wall clock',
    withdrawn Bool COMMENT 'no longer derived; hidden by the _current view',
    generation UInt32 MATERIALIZED toUInt32(bitShiftRight(revision, 40)) COMMENT 'generation of the derivation: the upper bits of revision'
)
ENGINE = ReplacingMergeTree
ORDER BY (value_stream, incident_id, revision)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'every revision of every incident';

CREATE TABLE IF NOT EXISTS vsm.incidents_latest AS vsm.incidents
ENGINE = ReplacingMergeTree(revision)
ORDER BY (generation, value_stream, incident_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'the newest revision of each row of incidents, of every generation (read with FINAL)';

CREATE MATERIALIZED VIEW IF NOT EXISTS vsm.incidents_to_latest TO vsm.incidents_latest AS SELECT * FROM vsm.incidents;

CREATE VIEW IF NOT EXISTS vsm.incidents_current AS
SELECT
    value_stream, incident_id, service, environment, detected_at, resolved_at, deployment_id, attribution,
    confidence, definition_version, revision, known_at
FROM vsm.incidents_latest FINAL
WHERE generation = (SELECT argMax(generation, activated_at) FROM vsm.active) AND NOT withdrawn
COMMENT 'incidents as known now: the newest revision of the active generation, what was withdrawn left out';

CREATE VIEW IF NOT EXISTS vsm.incidents_as_of AS
SELECT
    value_stream, incident_id, service, environment, detected_at, resolved_at, deployment_id, attribution,
    confidence, definition_version, revision, known_at
FROM
(
    SELECT *
    FROM vsm.incidents
    WHERE generation = (SELECT argMax(generation, activated_at) FROM vsm.active) AND known_at <= {at:DateTime64(6, 'UTC')}
    ORDER BY revision DESC
    LIMIT 1 BY value_stream, incident_id
)
WHERE NOT withdrawn
COMMENT 'incidents as known at a past time: SELECT * FROM incidents_as_of(at = ''2026-01-31 00:00:00'')';
