CREATE OR REPLACE VIEW vsm.step_visits_as_of AS
SELECT
    value_stream, item_id, step, visit, subject_id, counted, queued_at, started_at, finished_at, outcome,
    wait_seconds, process_seconds, blocked_seconds, unaccounted_seconds, gap_seconds, wait_working_seconds,
    process_working_seconds, blocked_working_seconds, unaccounted_working_seconds, gap_working_seconds,
    returned, skewed, definition_version, revision, known_at
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

CREATE OR REPLACE VIEW vsm.work_items_as_of AS
SELECT
    value_stream, item_id, kind, created_at, started_at, finished_at, state, links, moved_to, process_seconds,
    wait_seconds, blocked_seconds, unaccounted_seconds, definition_version, revision, known_at
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

CREATE OR REPLACE VIEW vsm.changes_as_of AS
SELECT
    value_stream, change_id, service, environment, repository, item_ids, first_commit_at, opened_at,
    first_reviewed_at, merged_at, deployed_at, deployment_id, left_censored, definition_version, revision,
    known_at
FROM
(
    SELECT *
    FROM vsm.changes
    WHERE known_at <= {at:DateTime64(6, 'UTC')}
        AND generation = (SELECT argMax(generation, activated_at) FROM vsm.activations WHERE activated_at <= {at:DateTime64(6, 'UTC')})
    ORDER BY revision DESC
    LIMIT 1 BY value_stream, change_id, service
)
WHERE NOT withdrawn
COMMENT 'changes as shown at a past time, by the generation that was active then: SELECT * FROM changes_as_of(at = ''2026-01-31 00:00:00'')';

CREATE OR REPLACE VIEW vsm.deployments_as_of AS
SELECT
    value_stream, deployment_id, service, environment, artifact, `commit`, started_at, finished_at, outcome,
    is_rework, caused_incident, left_censored, change_ids, attribution, confidence, recovered_at,
    definition_version, revision, known_at
FROM
(
    SELECT *
    FROM vsm.deployments
    WHERE known_at <= {at:DateTime64(6, 'UTC')}
        AND generation = (SELECT argMax(generation, activated_at) FROM vsm.activations WHERE activated_at <= {at:DateTime64(6, 'UTC')})
    ORDER BY revision DESC
    LIMIT 1 BY value_stream, deployment_id
)
WHERE NOT withdrawn
COMMENT 'deployments as shown at a past time, by the generation that was active then: SELECT * FROM deployments_as_of(at = ''2026-01-31 00:00:00'')';

CREATE OR REPLACE VIEW vsm.incidents_as_of AS
SELECT
    value_stream, incident_id, service, environment, detected_at, resolved_at, deployment_id, attribution,
    confidence, definition_version, revision, known_at
FROM
(
    SELECT *
    FROM vsm.incidents
    WHERE known_at <= {at:DateTime64(6, 'UTC')}
        AND generation = (SELECT argMax(generation, activated_at) FROM vsm.activations WHERE activated_at <= {at:DateTime64(6, 'UTC')})
    ORDER BY revision DESC
    LIMIT 1 BY value_stream, incident_id
)
WHERE NOT withdrawn
COMMENT 'incidents as shown at a past time, by the generation that was active then: SELECT * FROM incidents_as_of(at = ''2026-01-31 00:00:00'')';
