CREATE TABLE IF NOT EXISTS vsm.work_items
(
    value_stream LowCardinality(String) COMMENT 'value stream the row belongs to',
    item_id String COMMENT 'work item''s URI',
    kind LowCardinality(Nullable(String)) COMMENT 'feature, defect, risk or debt; NULL is unknown',
    created_at Nullable(DateTime64(6, 'UTC')) COMMENT 'first seen by its tool, UTC',
    started_at Nullable(DateTime64(6, 'UTC')) COMMENT 'first active or waiting, UTC',
    finished_at Nullable(DateTime64(6, 'UTC')) COMMENT 'done, UTC; NULL is not finished',
    state LowCardinality(Nullable(String)) COMMENT 'the tool''s own status',
    links Array(String) COMMENT 'URIs of the member entities, sorted',
    moved_to Nullable(String) COMMENT 'item that took this one''s facts, if any',
    process_seconds Nullable(Float64) COMMENT 'time in the active state of the item''s flow time, cut once, elapsed seconds; NULL is unknown',
    wait_seconds Nullable(Float64) COMMENT 'waiting time of the item''s flow time, cut once, elapsed seconds; NULL is unknown',
    blocked_seconds Nullable(Float64) COMMENT 'time flagged blocked of the item''s flow time, cut once, elapsed seconds; NULL is unknown',
    unaccounted_seconds Nullable(Float64) COMMENT 'time no fact accounts for of the item''s flow time, cut once, elapsed seconds; NULL is unknown',
    definition_version LowCardinality(String) COMMENT 'version of the value-stream definition it was derived under',
    revision UInt64 COMMENT 'orders knowledge: generation in the upper bits, progress in the source log below',
    known_at DateTime64(6, 'UTC') COMMENT 'greatest received_at folded in, UTC; never the wall clock',
    withdrawn Bool COMMENT 'no longer derived; hidden by the _current view',
    generation UInt32 MATERIALIZED toUInt32(bitShiftRight(revision, 40)) COMMENT 'generation of the derivation: the upper bits of revision'
)
ENGINE = ReplacingMergeTree
ORDER BY (value_stream, item_id, revision)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'every revision of every work item';

CREATE TABLE IF NOT EXISTS vsm.work_items_latest AS vsm.work_items
ENGINE = ReplacingMergeTree(revision)
ORDER BY (generation, value_stream, item_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'the newest revision of each row of work_items, of every generation (read with FINAL)';

CREATE MATERIALIZED VIEW IF NOT EXISTS vsm.work_items_to_latest TO vsm.work_items_latest AS SELECT * FROM vsm.work_items;

CREATE VIEW IF NOT EXISTS vsm.work_items_current AS
SELECT
    value_stream, item_id, kind, created_at, started_at, finished_at, state, links, moved_to, process_seconds,
    wait_seconds, blocked_seconds, unaccounted_seconds, definition_version, revision, known_at
FROM vsm.work_items_latest FINAL
WHERE generation = (SELECT argMax(generation, activated_at) FROM vsm.active) AND NOT withdrawn
COMMENT 'work_items as known now: the newest revision of the active generation, what was withdrawn left out';

CREATE VIEW IF NOT EXISTS vsm.work_items_as_of AS
SELECT
    value_stream, item_id, kind, created_at, started_at, finished_at, state, links, moved_to, process_seconds,
    wait_seconds, blocked_seconds, unaccounted_seconds, definition_version, revision, known_at
FROM
(
    SELECT *
    FROM vsm.work_items
    WHERE generation = (SELECT argMax(generation, activated_at) FROM vsm.active) AND known_at <= {at:DateTime64(6, 'UTC')}
    ORDER BY revision DESC
    LIMIT 1 BY value_stream, item_id
)
WHERE NOT withdrawn
COMMENT 'work_items as known at a past time: SELECT * FROM work_items_as_of(at = ''2026-01-31 00:00:00'')';
