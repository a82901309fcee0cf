ALTER TABLE vsm.step_visits
    ADD COLUMN IF NOT EXISTS kind LowCardinality(Nullable(String)) COMMENT 'the item''s kind: feature, defect, risk or debt; NULL is unknown' AFTER skewed,
    ADD COLUMN IF NOT EXISTS started_by LowCardinality(Nullable(String)) COMMENT 'who started it: human, bot, agent or unknown; NULL where nobody is known to have' AFTER kind,
    ADD COLUMN IF NOT EXISTS evidence LowCardinality(String) COMMENT 'why it counts as returned: changes_requested, failed_build, failed_test, reopened, reverted or rolled_back; '''' where it does not' AFTER started_by,
    ADD COLUMN IF NOT EXISTS blocked_spans Array(DateTime64(6, 'UTC')) COMMENT 'spans flagged blocked, flat: from, to, from, to, the last without its end while it lasts, UTC' AFTER evidence;

ALTER TABLE vsm.step_visits_latest
    ADD COLUMN IF NOT EXISTS kind LowCardinality(Nullable(String)) COMMENT 'the item''s kind: feature, defect, risk or debt; NULL is unknown' AFTER skewed,
    ADD COLUMN IF NOT EXISTS started_by LowCardinality(Nullable(String)) COMMENT 'who started it: human, bot, agent or unknown; NULL where nobody is known to have' AFTER kind,
    ADD COLUMN IF NOT EXISTS evidence LowCardinality(String) COMMENT 'why it counts as returned: changes_requested, failed_build, failed_test, reopened, reverted or rolled_back; '''' where it does not' AFTER started_by,
    ADD COLUMN IF NOT EXISTS blocked_spans Array(DateTime64(6, 'UTC')) COMMENT 'spans flagged blocked, flat: from, to, from, to, the last without its end while it lasts, UTC' AFTER evidence;

ALTER TABLE vsm.step_visits_to_latest MODIFY QUERY SELECT * FROM vsm.step_visits;

CREATE OR REPLACE VIEW vsm.step_visits_current AS
SELECT
    value_stream, item_id, step, visit, subject_id, counted, queued_at, started_at, finished_at, outcome,
    wait_seconds, process_seconds, blocked_seconds, unaccounted_seconds, gap_seconds, wait_working_seconds,
    process_working_seconds, blocked_working_seconds, unaccounted_working_seconds, gap_working_seconds,
    returned, skewed, kind, started_by, evidence, blocked_spans, definition_version, revision, known_at
FROM vsm.step_visits_latest FINAL
WHERE generation = (SELECT argMax(generation, activated_at) FROM vsm.active) AND NOT withdrawn
COMMENT 'step_visits as known now: the newest revision of the active generation, what was withdrawn left out';

CREATE OR REPLACE VIEW vsm.step_visits_as_of AS
SELECT
    value_stream, item_id, step, visit, subject_id, counted, queued_at, started_at, finished_at, outcome,
    wait_seconds, process_seconds, blocked_seconds, unaccounted_seconds, gap_seconds, wait_working_seconds,
    process_working_seconds, blocked_working_seconds, unaccounted_working_seconds, gap_working_seconds,
    returned, skewed, kind, started_by, evidence, blocked_spans, definition_version, revision, known_at
FROM
(
    SELECT *
    FROM vsm.step_visits
    WHERE known_at <= {at:DateTime64(6, 'UTC')}
        AND generation = (SELECT argMax(generation, activated_at) FROM vsm.activations WHERE activated_at <= {at:DateTime64(6, 'UTC')})
    ORDER BY revision DESC
    LIMIT 1 BY value_stream, item_id, step, visit
)
WHERE NOT withdrawn
COMMENT 'step_visits as shown at a past time, by the generation that was active then: SELECT * FROM step_visits_as_of(at = ''2026-01-31 00:00:00'')';

ALTER TABLE vsm.work_items
    ADD COLUMN IF NOT EXISTS flow_working_seconds Nullable(Float64) COMMENT 'flow time, working seconds of the stream''s calendar; NULL is unfinished or no calendar' AFTER unaccounted_seconds,
    ADD COLUMN IF NOT EXISTS path_process_seconds Nullable(Float64) COMMENT 'process time on the critical path, elapsed seconds; NULL is unfinished' AFTER flow_working_seconds,
    ADD COLUMN IF NOT EXISTS effort_seconds Nullable(Float64) COMMENT 'process time of all visits together, elapsed seconds; NULL is unfinished' AFTER path_process_seconds,
    ADD COLUMN IF NOT EXISTS handoffs Nullable(UInt32) COMMENT 'how often the work passed to another account or step owner; NULL is unknown' AFTER effort_seconds;

ALTER TABLE vsm.work_items_latest
    ADD COLUMN IF NOT EXISTS flow_working_seconds Nullable(Float64) COMMENT 'flow time, working seconds of the stream''s calendar; NULL is unfinished or no calendar' AFTER unaccounted_seconds,
    ADD COLUMN IF NOT EXISTS path_process_seconds Nullable(Float64) COMMENT 'process time on the critical path, elapsed seconds; NULL is unfinished' AFTER flow_working_seconds,
    ADD COLUMN IF NOT EXISTS effort_seconds Nullable(Float64) COMMENT 'process time of all visits together, elapsed seconds; NULL is unfinished' AFTER path_process_seconds,
    ADD COLUMN IF NOT EXISTS handoffs Nullable(UInt32) COMMENT 'how often the work passed to another account or step owner; NULL is unknown' AFTER effort_seconds;

ALTER TABLE vsm.work_items_to_latest MODIFY QUERY SELECT * FROM vsm.work_items;

CREATE OR REPLACE VIEW vsm.work_items_current AS
SELECT
    value_stream, item_id, kind, created_at, started_at, finished_at, state, links, moved_to, process_seconds,
    wait_seconds, blocked_seconds, unaccounted_seconds, flow_working_seconds, path_process_seconds, effort_seconds,
    handoffs, definition_version, revision, known_at
FROM vsm.work_items_latest FINAL
WHERE generation = (SELECT argMax(generation, activated_at) FROM vsm.active) AND NOT withdrawn
COMMENT 'work_items as known now: the newest revision of the active generation, what was withdrawn left out';

CREATE OR REPLACE VIEW vsm.work_items_as_of AS
SELECT
    value_stream, item_id, kind, created_at, started_at, finished_at, state, links, moved_to, process_seconds,
    wait_seconds, blocked_seconds, unaccounted_seconds, flow_working_seconds, path_process_seconds, effort_seconds,
    handoffs, definition_version, revision, known_at
FROM
(
    SELECT *
    FROM vsm.work_items
    WHERE known_at <= {at:DateTime64(6, 'UTC')}
        AND generation = (SELECT argMax(generation, activated_at) FROM vsm.activations WHERE activated_at <= {at:DateTime64(6, 'UTC')})
    ORDER BY revision DESC
    LIMIT 1 BY value_stream, item_id
)
WHERE NOT withdrawn
COMMENT 'work_items as shown at a past time, by the generation that was active then: SELECT * FROM work_items_as_of(at = ''2026-01-31 00:00:00'')';
