"""Deployments in one value stream whose commits or digests only another knows: correlation never crosses streams."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from vsm.store import Store

CROSSING_SQL: Final = """
WITH told AS (
    SELECT value_stream, subject_id, arrayJoin(arrayConcat([subject_id], links.uri)) AS entity,
           startsWith(subject_id, 'deployment:') AS deploys
    FROM vsm.flow_events_current
),
known AS (
    SELECT DISTINCT value_stream, entity FROM told
    WHERE NOT deploys AND value_stream != 'unrouted' AND match(entity, '^(commit|artifact):')
),
brought AS (
    SELECT DISTINCT value_stream, subject_id, entity FROM told
    WHERE deploys AND match(entity, '^(commit|artifact):')
)
SELECT brought.value_stream AS stream, known.value_stream AS knows,
       uniqExact(brought.subject_id) AS deployments, min(brought.subject_id) AS example
FROM brought INNER JOIN known ON known.entity = brought.entity
WHERE (brought.value_stream, brought.entity) NOT IN (SELECT value_stream, entity FROM known)
  AND (known.value_stream, brought.subject_id) NOT IN (SELECT value_stream, subject_id FROM brought)
GROUP BY stream, knows ORDER BY stream, knows
"""


class Crossing(Struct, frozen=True, kw_only=True):
    """How many deployments of `stream` ('unrouted': of none) bring what only the stream `knows` has facts of."""

    stream: str
    knows: str
    deployments: int
    example: str


def crossings(store: Store) -> list[Crossing]:
    """Return them by stream; [] when each deployment stands where what it brings is known. Raises BadQuery."""
    return [
        Crossing(
            stream=str(row["stream"]),
            knows=str(row["knows"]),
            deployments=int(str(row["deployments"])),
            example=str(row["example"]),
        )
        for row in store.query(CROSSING_SQL)
    ]
