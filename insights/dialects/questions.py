"""What the tables are asked for a history: rows of one stream that a window needs; pure.

Every question takes `stream`, `since` (the beginning of the window's first date) and `until`, microseconds UTC.
Accounts are compared inside the query and do not leave it.
"""

from __future__ import annotations

from typing import Final

_SINCE: Final = "fromUnixTimestamp64Micro({since:Int64})"
_UNTIL: Final = "fromUnixTimestamp64Micro({until:Int64})"
_STREAM: Final = "value_stream = {stream:String}"


def _micros(*names: str) -> str:
    return ", ".join(f"toUnixTimestamp64Micro(told.{name}) AS {name}" for name in names)


def _told(source: str, where: str) -> str:
    """Rows of a view, its own columns hidden from the names they are told under."""
    return f"(SELECT * FROM vsm.{source} WHERE {_STREAM} AND {where}) AS told"  # noqa: S608 - constants


_OF_WINDOW: Final = f"""(deployed_at BETWEEN {_SINCE} AND {_UNTIL} OR merged_at BETWEEN {_SINCE} AND {_UNTIL}
    OR change_id IN (SELECT arrayJoin(change_ids) FROM vsm.deployments_current
        WHERE {_STREAM} AND finished_at BETWEEN {_SINCE} AND {_UNTIL}))"""  # noqa: S608 - constants
_CHANGES: Final = f"(SELECT change_id FROM vsm.changes_current WHERE {_STREAM} AND {_OF_WINDOW})"  # noqa: S608 - constants

CHANGES_SQL: Final = f"""
SELECT change_id, service, environment, deployment_id, left_censored,
    {_micros("first_commit_at", "opened_at", "first_reviewed_at", "merged_at", "deployed_at")}
FROM {_told("changes_current", _OF_WINDOW)}
ORDER BY change_id, service
"""  # noqa: S608 - constants
"""Changes that were merged or deployed in the window, or carried by what was."""

COMMITS_SQL: Final = f"""
SELECT change_id, sha, toUnixTimestamp64Micro(min(at)) AS authored_at
FROM
(
    SELECT subject_id AS sha, occurred_at AS at,
        arrayJoin(arrayDistinct(arrayPushBack(arrayMap(link -> link.1, arrayFilter(link -> link.2 = 'part_of', links)),
            subject_id))) AS above
    FROM vsm.flow_events WHERE {_STREAM} AND type = 'commit.created'
) AS authored
INNER JOIN
(
    SELECT subject_id AS change_id, arrayJoin(arrayPushBack(arrayMap(link -> link.1,
        arrayFilter(link -> link.2 = 'contains' AND startsWith(link.1, 'commit:'), links)), subject_id)) AS above
    FROM vsm.flow_events WHERE {_STREAM} AND subject_id IN {_CHANGES}
    GROUP BY change_id, above
) AS heads USING (above)
GROUP BY change_id, sha
ORDER BY change_id, authored_at, sha
"""  # noqa: S608 - constants
"""The commits of those changes: linked to the change, or to a head commit that the change contains, or such a head."""

ANSWERED_SQL: Final = f"""
SELECT change_id, approved_at,
    arrayReduce('minOrNull', arrayMap(told -> told.2,
        arrayFilter(told -> author = '' OR (told.1 != '' AND told.1 != author), answers))) AS answered_at
FROM
(
    SELECT subject_id AS change_id, argMinIf(ifNull(actor, ''), occurred_at, type = 'change.created') AS author,
        groupArrayIf((ifNull(actor, ''), toUnixTimestamp64Micro(occurred_at)), type = 'change.reviewed'
            OR (type = 'change.updated' AND attributes['action'] = 'commented')) AS answers,
        minOrNullIf(toUnixTimestamp64Micro(occurred_at), type = 'change.reviewed' AND actor_class = 'human'
            AND attributes['decision'] = 'approved') AS approved_at
    FROM vsm.flow_events
    WHERE {_STREAM} AND type IN ('change.created', 'change.reviewed', 'change.updated') AND subject_id IN {_CHANGES}
    GROUP BY subject_id
)
"""  # noqa: S608 - constants
"""When those changes were first reviewed or commented by another account than the author's, and first approved."""

DEPLOYMENTS_SQL: Final = f"""
SELECT deployment_id, service, environment, artifact, commit, outcome, is_rework, caused_incident, left_censored,
    attribution, confidence, if(told.finished_at >= {_SINCE}, told.change_ids, []) AS change_ids,
    {_micros("started_at", "finished_at", "recovered_at")}
FROM {_told("deployments_current", f"finished_at <= {_UNTIL}")}
ORDER BY finished_at, deployment_id
"""  # noqa: S608 - constants
"""Every deployment up to the window's end: some dialects look back without a limit. Old ones without their changes."""

INCIDENTS_SQL: Final = f"""
SELECT incident_id, service, environment,
    {_micros("detected_at", "resolved_at")}
FROM {_told("incidents_current", f"detected_at <= {_UNTIL} AND (resolved_at IS NULL OR resolved_at >= {_SINCE})")}
ORDER BY detected_at, incident_id
"""  # noqa: S608 - constants
"""Incidents that were open in the window."""

CAUSES_SQL: Final = f"""
SELECT subject_id AS incident_id, arraySort(groupUniqArrayArray(arrayMap(link -> link.1,
    arrayFilter(link -> link.2 = 'caused_by' AND startsWith(link.1, 'commit:'), links)))) AS causes
FROM vsm.flow_events
WHERE {_STREAM} AND startsWith(subject_id, 'incident:') AND occurred_at <= {_UNTIL}
GROUP BY subject_id HAVING notEmpty(causes)
"""  # noqa: S608 - constants
"""The commits that incidents name as their cause."""

_UNDER_WAY: Final = f"""moved_to IS NULL AND (
    started_at <= {_UNTIL} AND (finished_at IS NULL OR finished_at >= {_SINCE})
    OR started_at IS NULL AND finished_at BETWEEN {_SINCE} AND {_UNTIL}
    OR item_id IN (SELECT subject_id FROM vsm.flow_events
        WHERE {_STREAM} AND type = 'ticket.closed' AND occurred_at BETWEEN {_SINCE} AND {_UNTIL}))"""  # noqa: S608 - constants

ITEMS_SQL: Final = f"""
SELECT item_id, kind,
    {_micros("created_at", "started_at", "finished_at")},
    toInt64(round(process_seconds * 1000000)) AS process_micros, toInt64(round(wait_seconds * 1000000)) AS wait_micros,
    toInt64(round(blocked_seconds * 1000000)) AS blocked_micros
FROM {_told("work_items_current", _UNDER_WAY)}
ORDER BY item_id
"""  # noqa: S608 - constants
"""Items that were under way in the window, were done in it though nobody knows since when, or were closed in it."""

CLOSINGS_SQL: Final = f"""
SELECT subject_id AS item_id, arraySort(groupUniqArray(toUnixTimestamp64Micro(occurred_at))) AS closings
FROM vsm.flow_events WHERE {_STREAM} AND type = 'ticket.closed' AND occurred_at <= {_UNTIL}
GROUP BY subject_id
"""  # noqa: S608 - constants
"""Every time that each ticket was closed."""

FIRST_SEEN_SQL: Final = f"""
SELECT toUnixTimestamp64Micro(min(occurred_at)) AS first_seen_at,
    toUnixTimestamp64Micro(max(occurred_at)) AS last_seen_at, count() AS facts
FROM vsm.flow_events WHERE {_STREAM}
"""  # noqa: S608 - constants
"""When the stream's first and its newest fact happened. Takes stream."""

CLOCK_SQL: Final = f"""
SELECT toUnixTimestamp(max(measured_at)) * 1000000 AS clock, count() AS measurements
FROM vsm.measurements_current WHERE {_STREAM}
"""  # noqa: S608 - constants
"""When the stream was last measured. Takes stream."""

STREAMS_SQL: Final = "SELECT DISTINCT value_stream FROM vsm.flow_events ORDER BY value_stream"
"""The streams that have facts."""
