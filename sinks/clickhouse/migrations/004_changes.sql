CREATE TABLE IF NOT EXISTS vsm.changes
(
    value_stream LowCardinality(String) COMMENT 'value stream the row belongs to',
    change_id String COMMENT 'change''s URI',
    service LowCardinality(String) COMMENT 'service whose production deployment carried it, empty until one does',
    environment LowCardinality(String) COMMENT 'environment it was carried to, empty until it was',
    repository LowCardinality(String) COMMENT 'host/owner/name',
    item_ids Array(String) COMMENT 'work items the change belongs to',
    first_commit_at Nullable(DateTime64(6, 'UTC')) COMMENT 'earliest commit authored, UTC',
    opened_at Nullable(DateTime64(6, 'UTC')) COMMENT 'opened for review, UTC',
    first_reviewed_at Nullable(DateTime64(6, 'UTC')) COMMENT 'first review by a human, UTC',
    merged_at Nullable(DateTime64(6, 'UTC')) COMMENT 'merged, UTC',
    deployed_at Nullable(DateTime64(6, 'UTC')) COMMENT 'finish of the first successful production deployment that carries it, UTC',
    deployment_id Nullable(String) COMMENT 'that deployment''s URI',
    left_censored Bool COMMENT 'carried by the first deployment ever seen of its service: enters no lead time',
    definition_version LowCardinality(String) COMMENT 'version of the value-stream definition it was derived under',
    revision UInt64 COMMENT 'orders knowledge: generation in the upper bits, progress in the source log below',
    known_at DateTime64(6, 'UTC') COMMENT 'greatest received_at folded in, UTC; never the wall clock',
    withdrawn Bool COMMENT 'no longer derived; hidden by the _current view',
    generation UInt32 MATERIALIZED toUInt32(bitShiftRight(revision, 40)) COMMENT 'generation of the derivation: the upper bits of revision'
)
ENGINE = ReplacingMergeTree
ORDER BY (value_stream, change_id, service, revision)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'every revision of every change and its way to production';

CREATE TABLE IF NOT EXISTS vsm.changes_latest AS vsm.changes
ENGINE = ReplacingMergeTree(revision)
ORDER BY (generation, value_stream, change_id, service)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'the newest revision of each row of changes, of every generation (read with FINAL)';

CREATE MATERIALIZED VIEW IF NOT EXISTS vsm.changes_to_latest TO vsm.changes_latest AS SELECT * FROM vsm.changes;

CREATE VIEW IF NOT EXISTS vsm.changes_current AS
SELECT
    value_stream, change_id, service, environment, repository, item_ids, first_commit_at, opened_at,
    first_reviewed_at, merged_at, deployed_at, deployment_id, left_censored, definition_version, revision,
    known_at
FROM vsm.changes_latest FINAL
WHERE generation = (SELECT argMax(generation, activated_at) FROM vsm.active) AND NOT withdrawn
COMMENT 'changes as known now: the newest revision of the active generation, what was withdrawn left out';

CREATE VIEW IF NOT EXISTS vsm.changes_as_of AS
SELECT
    value_stream, change_id, service, environment, repository, item_ids, first_commit_at, opened_at,
    first_reviewed_at, merged_at, deployed_at, deployment_id, left_censored, definition_version, revision,
    known_at
FROM
(
    SELECT *
    FROM vsm.changes
    WHERE generation = (SELECT argMax(generation, activated_at) FROM vsm.active) AND known_at <= {at:DateTime64(6, 'UTC')}
    ORDER BY revision DESC
    LIMIT 1 BY value_stream, change_id, service
)
WHERE NOT withdrawn
COMMENT 'changes as known at a past time: SELECT * FROM changes_as_of(at = ''2026-01-31 00:00:00'')';
