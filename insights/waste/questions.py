"""What the tables are asked for the waste ledger, a page of items at a time; pure.

A page is the items of a stream that were over in a window, in the order of their ids, behind `after` up to `last`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from insights.waste.case import Failure, Run, Span
from schemas.derived import Change, StepVisit, WorkItem
from schemas.event import ActorClass, WorkKind

Row = Mapping[str, Any]
"""One row, columns by name."""

Line = Sequence[Any]
"""One row in the order of its question's columns, of which there are many."""

_MICROS: Final = 1_000_000
_OVER: Final = """value_stream = {stream:String} AND moved_to IS NULL
    AND finished_at >= fromUnixTimestamp64Micro({since:Int64}) AND finished_at < fromUnixTimestamp64Micro({until:Int64})
    AND ({item:String} = '' OR item_id = {item:String})"""
PAGE: Final = f"""(SELECT item_id, links FROM vsm.work_items_current
    WHERE {_OVER} AND item_id > {{after:String}} AND item_id <= {{last:String}})"""  # noqa: S608 - constants
"""The page's items, to be read from."""

_PAGE_VISITS: Final = f"""value_stream = {{stream:String}} AND item_id > {{after:String}} AND item_id <= {{last:String}}
    AND item_id IN (SELECT item_id FROM {PAGE})"""  # noqa: S608 - constants
_MEMBERS: Final = f"(SELECT arrayJoin(arrayPushBack(links, item_id)) FROM {PAGE})"  # noqa: S608 - constants


def _micros(*names: str) -> str:
    return ", ".join(f"toUnixTimestamp64Micro({name}) AS {name}_micros" for name in names)


ITEMS_SQL: Final = f"""
SELECT item_id, kind, state, links, {_micros("started_at", "finished_at")}
FROM vsm.work_items_current
WHERE {_OVER} AND item_id > {{after:String}}
ORDER BY item_id LIMIT {{page:UInt32}}
"""  # noqa: S608 - constants
"""The next page of items. Takes stream, since, until, item ('' for all), after, page."""

ITEM_STREAMS_SQL: Final = "SELECT DISTINCT value_stream FROM vsm.work_items_current ORDER BY value_stream"
"""The streams that have items."""

VISITS_SQL: Final = f"""
SELECT item_id, step, visit, subject_id, outcome, returned, started_by, gap_seconds,
    {_micros("queued_at", "started_at", "finished_at")},
    arrayMap(at -> toUnixTimestamp64Micro(at), blocked_spans) AS spans
FROM vsm.step_visits_current WHERE {_PAGE_VISITS} ORDER BY item_id, visit, step
"""  # noqa: S608 - constants
"""The page's visits, what rules ask of them."""

CHANGES_SQL: Final = f"""
SELECT change_id, service, repository, {_micros("merged_at", "deployed_at")}
FROM vsm.changes_current WHERE value_stream = {{stream:String}} AND change_id IN {_MEMBERS}
"""  # noqa: S608 - constants
"""The page's changes, once for each service."""

RELEASED_SQL: Final = """
SELECT repository, toUnixTimestamp64Micro(max(deployed_at)) AS released
FROM vsm.changes_current WHERE value_stream = {stream:String} AND deployed_at IS NOT NULL GROUP BY repository
"""
"""When a change of each repository last reached production. Takes stream."""

FAILURES_SQL: Final = f"""
SELECT change AS change_id, {_micros("finished_at", "recovered_at")}
FROM vsm.deployments_current
ARRAY JOIN change_ids AS change
WHERE value_stream = {{stream:String}} AND environment = {{production:String}} AND change IN {_MEMBERS}
    AND finished_at < fromUnixTimestamp64Micro({{until:Int64}})
    AND (recovered_at IS NULL OR recovered_at > fromUnixTimestamp64Micro({{earliest:Int64}}))
    AND (outcome IN ('failure', 'error') OR (caused_incident AND confidence >= {{certain:Float64}}))
"""  # noqa: S608 - constants
"""The failed production deployments of the page's changes, once for each. Takes production, earliest, certain too."""

RUNS_SQL: Final = f"""
SELECT subject_id, max(attributes['pipeline']) AS pipeline,
    arraySort(groupUniqArrayArray(arrayFilter(uri -> startsWith(uri, 'commit:'), links.uri))) AS commits
FROM vsm.flow_events
WHERE value_stream = {{stream:String}} AND subject_id IN
(
    SELECT subject_id FROM vsm.step_visits_current
    WHERE {_PAGE_VISITS} AND startsWith(subject_id, 'run:') AND (item_id, step) IN
        (SELECT item_id, step FROM vsm.step_visits_current WHERE {_PAGE_VISITS} AND visit > 1)
)
GROUP BY subject_id
"""  # noqa: S608 - constants
"""The pipeline and commits of the runs of steps that an item was in more than once."""

CROWDED_SQL: Final = """
SELECT step, at, is_crowded
FROM
(
    SELECT step, at, standing > most AS is_crowded,
        lagInFrame(standing > most, 1, 0) OVER (PARTITION BY step ORDER BY at ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
            AS was_crowded
    FROM
    (
        SELECT step, at, transform(step, {steps:Array(String)}, {limits:Array(Int64)}, toInt64(0)) AS most,
            sum(sum(delta)) OVER (PARTITION BY step ORDER BY at) AS standing
        FROM
        (
            SELECT step, edge.1 AS at, edge.2 AS delta
            FROM vsm.step_visits_current
            ARRAY JOIN
            [
                (toUnixTimestamp64Micro(assumeNotNull(coalesce(queued_at, started_at))), toInt64(1)),
                (coalesce(toUnixTimestamp64Micro(finished_at), {until:Int64}), toInt64(-1))
            ] AS edge
            WHERE value_stream = {stream:String} AND counted AND step IN {steps:Array(String)}
                AND coalesce(queued_at, started_at) < fromUnixTimestamp64Micro({until:Int64})
                AND (finished_at IS NULL OR finished_at > fromUnixTimestamp64Micro({earliest:Int64}))
        )
        GROUP BY step, at
    )
)
WHERE is_crowded != was_crowded
ORDER BY step, at
"""
"""When each step with a limit began to hold more than it, and when it ceased to.

Takes stream, steps, limits, earliest, until.
"""

EXTENT_SQL: Final = f"""
SELECT coalesce(toUnixTimestamp64Micro(min(started_at)), {{until:Int64}}) AS earliest, count() AS items
FROM vsm.work_items_current WHERE {_OVER}
"""  # noqa: S608 - constants
"""When the first of the window's items began, and how many they are. Takes stream, since, until, item."""


class Asked(Struct, frozen=True, kw_only=True):
    """Whose ledgers are asked for: the items of a stream over from `since` until before `until`, or one `item` of them.

    Times are microseconds UTC. So many items a `page`.
    """

    stream: str
    since: int
    until: int
    item: str = ""
    page: int = 5_000

    def parameters(self, **more: object) -> dict[str, object]:
        """Return what a query takes."""
        return {**msgspec.structs.asdict(self), **more}


_KINDS: Final = {kind.value: kind for kind in WorkKind}
_CLASSES: Final = {each.value: each for each in ActorClass}


def item(line: Line, stream: str) -> WorkItem:
    """Return the item of a line of `ITEMS_SQL`."""
    item_id, kind, state, links, started, finished = line
    return WorkItem(
        value_stream=stream, item_id=item_id, kind=_KINDS.get(kind), state=state, links=tuple(links),
        started_at=started, finished_at=finished,
    )  # fmt: skip


def visit(line: Line, stream: str) -> StepVisit:
    """Return the visit of a line of `VISITS_SQL`."""
    item_id, step, number, subject, outcome, returned, by, gap, queued, started, finished, spans = line
    return StepVisit(
        value_stream=stream, item_id=item_id, step=step, visit=number, subject_id=subject, outcome=outcome,
        returned=returned, started_by=_CLASSES.get(by), gap_micros=None if gap is None else round(gap * _MICROS),
        queued_at=queued, started_at=started, finished_at=finished, blocked_spans=tuple(spans),
    )  # fmt: skip


def change(line: Line, stream: str) -> Change:
    """Return the change of a line of `CHANGES_SQL`."""
    change_id, service, repository, merged, deployed = line
    return Change(
        value_stream=stream, change_id=change_id, service=service, repository=repository, merged_at=merged,
        deployed_at=deployed,
    )  # fmt: skip


def failure(row: Row) -> Failure:
    """Return the failure of a row of `FAILURES_SQL`."""
    return Failure(row["change_id"], row["finished_at_micros"], row["recovered_at_micros"])


def run(row: Row) -> Run:
    """Return the run of a row of `RUNS_SQL`."""
    return Run(row["pipeline"], tuple(row["commits"]))


def crowded(rows: Iterable[Row], until: int) -> dict[str, list[Span]]:
    """Return by step the spans in which it held more than its limit, of the rows of `CROWDED_SQL`; to `until` at most.

    A row tells what holds from its instant to the next row of its step.
    """
    return {step: spans for step, changes in _by_step(rows).items() if (spans := list(_spans(changes, until)))}


def _by_step(rows: Iterable[Row]) -> dict[str, list[tuple[int, bool]]]:
    found: dict[str, list[tuple[int, bool]]] = {}
    for row in rows:
        found.setdefault(row["step"], []).append((row["at"], bool(row["is_crowded"])))
    return found


def _spans(changes: Iterable[tuple[int, bool]], until: int) -> Iterator[Span]:
    begin: int | None = None
    for at, is_crowded in changes:
        if is_crowded and begin is None:
            begin = at
        elif not is_crowded and begin is not None:
            yield Span(begin, at)
            begin = None
    if begin is not None and begin < until:
        yield Span(begin, until)
