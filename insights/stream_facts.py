"""A stream's facts as they are read for an export, a page at a time; pure.

The pages go by (`occurred_at`, `event_id`), so that one is found where the last ended. What arrives meanwhile is left
out: `known` is the greatest `received_at` that counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct

from schemas.event import FlowEvent, Link

_WINDOW: Final = """value_stream = {stream:String} AND toUnixTimestamp64Micro(received_at) <= {known:Int64}
    AND toUnixTimestamp64Micro(occurred_at) >= {since:Int64} AND toUnixTimestamp64Micro(occurred_at) < {until:Int64}"""

FACTS: Final = f"(SELECT * FROM vsm.flow_events_current WHERE {_WINDOW})"  # noqa: S608 - a constant
"""The facts of a stream in a window, to be read from. Takes stream, known, since, until."""

COUNT_SQL: Final = """
SELECT count() AS facts, toInt64(max(toUnixTimestamp64Micro(received_at))) AS known
FROM vsm.flow_events_current WHERE value_stream = {stream:String}
"""
"""How many facts a stream has, and `known`. Takes stream."""

STREAMS_SQL: Final = "SELECT DISTINCT value_stream FROM vsm.flow_events ORDER BY value_stream"
"""The streams that have facts."""

PAGE_SQL: Final = f"""
SELECT f.* EXCEPT (occurred_at, received_at),
    toUnixTimestamp64Micro(f.occurred_at) AS occurred_at, toUnixTimestamp64Micro(f.received_at) AS received_at,
    m.items AS items
FROM {FACTS} AS f
LEFT JOIN
(
    SELECT arrayJoin(arrayConcat(links, [item_id])) AS member, groupUniqArray(item_id) AS items
    FROM vsm.work_items_current WHERE value_stream = {{stream:String}} AND moved_to IS NULL GROUP BY member
) AS m ON m.member = f.subject_id
WHERE (toUnixTimestamp64Micro(f.occurred_at), f.event_id) > ({{at:Int64}}, {{after:String}})
ORDER BY f.occurred_at, f.event_id LIMIT {{page:UInt32}}
"""  # noqa: S608 - constants
"""A page of facts with the work items they belong to. Takes what FACTS takes, page, and where the last one
ended: at, after."""


class Window(Struct, frozen=True, kw_only=True):
    """What is exported: a stream's facts that occurred from `since` until before `until`, microseconds UTC.

    So many rows a `page`: what is held at once, and how often the tables are gone through.
    """

    stream: str
    since: int
    until: int
    known: int
    page: int = 25_000

    def parameters(self, **more: object) -> dict[str, object]:
        """Return what a query takes."""
        return {**msgspec.structs.asdict(self), **more}


class Kept(Struct, frozen=True):
    """A fact and the work items it belongs to."""

    event: FlowEvent
    items: tuple[str, ...]


def kept(row: Mapping[str, Any]) -> Kept:
    """Return the fact of a row of `PAGE_SQL`."""
    told = {name: row[name] for name in FlowEvent.__struct_fields__}
    told["links"] = [_link(link) for link in row["links"]]
    return Kept(msgspec.convert(told, FlowEvent), tuple(sorted(row["items"])))


def _link(written: Any) -> dict[str, Any]:  # noqa: ANN401 - a tuple, or its members by name
    return written if isinstance(written, dict) else dict(zip(Link.__struct_fields__, written, strict=True))
