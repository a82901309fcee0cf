CREATE TABLE IF NOT EXISTS vsm.step_visits
(
    value_stream LowCardinality(String) COMMENT 'value stream the row belongs to',
    item_id String COMMENT 'work item''s URI',
    step LowCardinality(String) COMMENT 'step of the map',
    visit UInt32 COMMENT 'counts the item''s stays in the step from 1',
    subject_id String COMMENT 'URI of the entity whose facts made the visit',
    counted Bool COMMENT 'true for exactly one item where several share the visit; totals are over counted rows',
    queued_at Nullable(DateTime64(6, 'UTC')) COMMENT 'available to the step, UTC',
    started_at Nullable(DateTime64(6, 'UTC')) COMMENT 'someone or something began to work on it, UTC',
    finished_at Nullable(DateTime64(6, 'UTC')) COMMENT 'passed on, UTC; NULL is still open',
    outcome LowCardinality(Nullable(String)) COMMENT 'how the visit ended, NULL if open or unknown',
    wait_seconds Nullable(Float64) COMMENT 'waiting time of the visit, elapsed seconds; NULL is unknown',
    process_seconds Nullable(Float64) COMMENT 'time in the active state of the visit, elapsed seconds; NULL is unknown',
    blocked_seconds Nullable(Float64) COMMENT 'time flagged blocked of the visit, elapsed seconds; NULL is unknown',
    unaccounted_seconds Nullable(Float64) COMMENT 'time no fact accounts for of the visit, elapsed seconds; NULL is unknown',
    gap_seconds Nullable(Float64) COMMENT 'time from the finish before to an explicit queue, outside wait and lead of the visit, elapsed seconds; NULL is unknown',
    wait_working_seconds Nullable(Float64) COMMENT 'waiting time of the visit, working seconds of the stream''s calendar; NULL is unknown or no calendar',
    process_working_seconds Nullable(Float64) COMMENT 'time in the active state of the visit, working seconds of the stream''s calendar; NULL is unknown or no calendar',
    blocked_working_seconds Nullable(Float64) COMMENT 'time flagged blocked of the visit, working seconds of the stream''s calendar; NULL is unknown or no calendar',
    unaccounted_working_seconds Nullable(Float64) COMMENT 'time no fact accounts for of the visit, working seconds of the stream''s calendar; NULL is unknown or no calendar',
    gap_working_seconds Nullable(Float64) COMMENT 'time from the finish before to an explicit queue, outside wait and lead of the visit, working seconds of the stream''s calendar; NULL is unknown or no calendar',
    returned Bool COMMENT 'sent back or corrected by a receiver: not complete and accurate',
    skewed Bool COMMENT 'a boundary lay before its predecessor and was clamped',
    definition_version LowCardinality(String) COMMENT 'version of the value-stream definition it was derived under',
    revision UInt64 COMMENT 'orders knowledge: generation in the upper bits, progress in the source log below',
    known_at DateTime64(6, 'UTC') COMMENT 'greatest received_at folded in, UTC; never the wall clock',
    withdrawn Bool COMMENT 'no longer derived; hidden by the _current view',
    generation UInt32 MATERIALIZED toUInt32(bitShiftRight(revision, 40)) COMMENT 'generation of the derivation: the upper bits of revision'
)
ENGINE = ReplacingMergeTree
ORDER BY (value_stream, item_id, step, visit, revision)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'every revision of every stay of an item in a step';

CREATE TABLE IF NOT EXISTS vsm.step_visits_latest AS vsm.step_visits
ENGINE = ReplacingMergeTree(revision)
ORDER BY (generation, value_stream, item_id, step, visit)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'the newest revision of each row of step_visits, of every generation (read with FINAL)';

CREATE MATERIALIZED VIEW IF NOT EXISTS vsm.step_visits_to_latest TO vsm.step_visits_latest AS SELECT * FROM vsm.step_visits;

CREATE VIEW IF NOT EXISTS vsm.step_visits_current AS
SELECT
    value_stream, item_id, step, visit, subject_id, counted, queued_at, started_at, finished_at, outcome,
    wait_seconds, process_seconds, blocked_seconds, unaccounted_seconds, gap_seconds, wait_working_seconds,
    process_working_seconds, blocked_working_seconds, unaccounted_working_seconds, gap_working_seconds,
    returned, skewed, definition_version, revision, known_at
FROM vsm.step_visits_latest FINAL
WHERE generation = (SELECT argMax(generation, activated_at) FROM vsm.active) AND NOT withdrawn
COMMENT 'step_visits as known now: the newest revision of the active generation, what was withdrawn left out';

CREATE VIEW IF NOT EXISTS vsm.step_visits_as_of AS
SELECT
    value_stream, item_id, step, visit, subject_id, counted, queued_at, started_at, finished_at, outcome,
    wait_seconds, process_seconds, blocked_seconds, unaccounted_seconds, gap_seconds, wait_working_seconds,
    process_working_seconds, blocked_working_seconds, unaccounted_working_seconds, gap_working_seconds,
    returned, skewed, definition_version, revision, known_at
FROM
(
    SELECT *
    FROM vsm.step_visits
    WHERE generation = (SELECT argMax(generation, activated_at) FROM vsm.active) AND known_at <= {at:DateTime64(6, 'UTC')}
    ORDER BY revision DESC
    LIMIT 1 BY value_stream, item_id, step, visit
)
WHERE NOT withdrawn
COMMENT 'step_visits as known at a past time: SELECT * FROM step_visits_as_of(at = ''2026-01-31 00:00:00'')';
