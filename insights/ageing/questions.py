"""What the tables are asked about open work and what was finished lately; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from insights.ageing.expectations import Finished
from insights.ageing.open_work import Doing, OpenItem, OpenVisit, Past
from schemas.derived import BRIDGED

Row = Mapping[str, Any]
"""One row, columns by name."""

MOST: Final = 20_000
"""So many finished items, and visits of each step, are looked at: of more, the newest."""

OPEN_ITEMS_SQL: Final = """
SELECT item_id, kind, state, toUnixTimestamp64Micro(started_at) AS started_micros
FROM vsm.work_items_current
WHERE value_stream = {stream:String} AND moved_to IS NULL AND finished_at IS NULL AND started_at IS NOT NULL
ORDER BY started_at, item_id
"""
"""The stream's open items. Takes stream."""

OPEN_VISITS_SQL: Final = """
SELECT item_id, step, visit, toUnixTimestamp64Micro(coalesce(queued_at, started_at)) AS began_micros,
    started_at IS NOT NULL AS is_started, length(blocked_spans) % 2 = 1 AS is_blocked
FROM vsm.step_visits_current
WHERE value_stream = {stream:String} AND finished_at IS NULL AND coalesce(queued_at, started_at) IS NOT NULL
ORDER BY item_id, began_micros, step
"""
"""The stream's open visits. Takes stream."""

FINISHED_ITEMS_SQL: Final = """
SELECT groupArray(greatest(micros, 0)) AS durations
FROM
(
    SELECT toUnixTimestamp64Micro(assumeNotNull(finished_at))
        - toUnixTimestamp64Micro(assumeNotNull(started_at)) AS micros
    FROM vsm.work_items_current
    WHERE value_stream = {stream:String} AND moved_to IS NULL AND started_at IS NOT NULL
        AND finished_at >= fromUnixTimestamp64Micro({since:Int64})
        AND finished_at < fromUnixTimestamp64Micro({at:Int64})
    ORDER BY finished_at DESC, item_id LIMIT {most:UInt32}
)
"""
"""The flow times of the items that were over from `since` until before `at`, microseconds. Takes most too."""

FINISHED_VISITS_SQL: Final = """
SELECT step, groupArray(greatest(micros, 0)) AS durations, groupArray(wait) AS waits
FROM
(
    SELECT step, toInt64(round(wait_seconds * 1000000)) AS wait, toUnixTimestamp64Micro(assumeNotNull(finished_at))
        - toUnixTimestamp64Micro(assumeNotNull(coalesce(queued_at, started_at))) AS micros
    FROM vsm.step_visits_current
    WHERE value_stream = {stream:String} AND counted AND coalesce(queued_at, started_at) IS NOT NULL
        AND coalesce(outcome, '') != {bridged:String}
        AND finished_at >= fromUnixTimestamp64Micro({since:Int64})
        AND finished_at < fromUnixTimestamp64Micro({at:Int64})
    ORDER BY finished_at DESC, item_id, visit LIMIT {most:UInt32} BY step
)
GROUP BY step
"""
"""By step how long its visits lasted that finished from `since` until before `at`, and how long they waited where that
is known, microseconds. Takes most too.
"""


def parameters(stream: str, since: int, at: int) -> dict[str, object]:
    """Return what the questions take."""
    return {"stream": stream, "since": since, "at": at, "most": MOST, "bridged": BRIDGED}


def opened(items: Iterable[Row], visits: Iterable[Row]) -> list[OpenItem]:
    """Return the open items of the rows, each with its open visits."""
    found: dict[str, list[OpenVisit]] = {}
    for row in visits:
        found.setdefault(row["item_id"], []).append(
            OpenVisit(step=row["step"], visit=row["visit"], began_at=row["began_micros"], doing=_doing(row))
        )
    return [
        OpenItem(
            item_id=row["item_id"],
            kind=row["kind"],
            state=row["state"],
            started_at=row["started_micros"],
            visits=found.get(row["item_id"], ()),
        )
        for row in items
    ]


def past(items: Iterable[Row], visits: Iterable[Row]) -> Past:
    """Return what was finished, of the rows."""
    flow = [micros for row in items for micros in row["durations"]]
    steps = {row["step"]: (Finished(row["durations"]), Finished(row["waits"])) for row in visits}
    return Past(
        items=Finished(flow),
        visits={step: lasted for step, (lasted, _) in steps.items()},
        waits={step: waited for step, (_, waited) in steps.items()},
    )


def _doing(row: Row) -> Doing:
    if row["is_blocked"]:
        return Doing.BLOCKED
    return Doing.ACTIVE if row["is_started"] else Doing.WAITING
