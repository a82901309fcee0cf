"""A work item's row: when it began, whether and when it is done, and the parts that its flow time is made of; pure.

An item begins with its first visit (first active or waiting). It is done at the finish of the latest visit to the last
step of the map, or else when its ticket is closed; either holds only while no visit that began after it is open and the
ticket has not been opened again after it. An item of changes alone that are all abandoned is over at the last
abandonment, in the state `abandoned`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from metrics.calendar import working_micros
from processors.facts import Fact
from processors.handoffs import handoffs
from processors.links import level
from processors.paths import effort, path_process
from processors.steps import Plan, Visit
from schemas.definition import ValueStream
from schemas.derived import BRIDGED, SENT_BACK, WorkItem
from schemas.event import WorkKind

ABANDONED: Final = "abandoned"
"""The state of an item whose changes were all closed unmerged."""

_TICKET: Final = level("ticket:")
_CHANGE_STATES: Final = {"change.merged": "merged", "change.abandoned": ABANDONED}


class Member(Struct, frozen=True, gc=False):
    """One entity of an item with its plausible facts in order, never empty."""

    uri: str
    facts: Sequence[Fact]


class Turns(Struct, frozen=True, gc=False):
    """How an item's ticket went: if it has one, when it was closed (None: open now), and each time it was reopened.

    Times are microseconds UTC, in order.
    """

    of_ticket: bool
    closed_at: int | None
    reopened: list[int]


def item_row(
    item: str,
    members: Sequence[Member],
    visits: Sequence[Visit],
    *,
    turns: Turns,
    plan: Plan,
    stream: ValueStream,
    version: str,
) -> WorkItem:
    """Return the item's row, its known_at left to the caller; `members` has at least one, in the order of uris.

    The visits are as facts told them: none is bridged because the item is done.
    """
    started_at = min((v.began for v in visits), default=None)
    finished_at = finish(turns, members, visits, plan.steps[-1].name if plan.steps else "")
    parts: tuple[int | None, int | None, int | None, int | None] = (None, None, None, None)
    working = on_path = worked = None
    if started_at is not None and finished_at is not None:
        finished_at = max(started_at, finished_at)
        parts = flow_parts(visits, started_at, finished_at)
        on_path, worked = path_process(plan, visits, finished_at), effort(visits)
        if stream.calendar is not None:
            working = working_micros(stream.calendar, started_at, finished_at)
    return WorkItem(
        value_stream=stream.name,
        item_id=item,
        kind=_kind(item, members),
        created_at=min(m.facts[0].occurred_at for m in members),
        started_at=started_at,
        finished_at=finished_at,
        state=_state(item, members),
        links=tuple(m.uri for m in members if m.uri != item),
        process_micros=parts[0],
        blocked_micros=parts[1],
        wait_micros=parts[2],
        unaccounted_micros=parts[3],
        flow_working_micros=working,
        path_process_micros=on_path,
        effort_micros=worked,
        handoffs=handoffs(plan, visits),
        definition_version=version,
    )


def finish(turns: Turns, members: Sequence[Member], visits: Sequence[Visit], last_step: str) -> int | None:
    """Return when the item was done (see the module), None while it is not."""
    reopened_at = turns.reopened[-1] if turns.reopened else None
    newest_open = max((v.began for v in visits if v.finished is None), default=None)
    done = [v.finished for v in visits if v.step == last_step and v.finished is not None and v.outcome != SENT_BACK]
    for at in (max(done, default=None), turns.closed_at, None if turns.of_ticket else _abandoned(members)):
        if at is None or (newest_open is not None and newest_open > at):
            continue
        if reopened_at is None or at >= reopened_at:
            return at
    return None


def turns_of(item: str, members: Iterable[Member]) -> Turns:
    """Return when an item's ticket was closed and opened again.

    A closed ticket is opened again by an update that gives it another state.
    """
    facts = next((m.facts for m in members if m.uri == item), ()) if level(item) == _TICKET else ()
    closed: Fact | None = None
    reopened: list[int] = []
    for fact in facts:
        if fact.type == "ticket.closed":
            closed = closed or fact
        elif closed is not None and fact.state is not None and fact.state != closed.state:
            closed = None
            reopened.append(fact.occurred_at)
    return Turns(bool(facts), None if closed is None else closed.occurred_at, reopened)


def _abandoned(members: Sequence[Member]) -> int | None:
    """Return when the last of the item's changes was closed unmerged; None if one is not, or there is none."""
    ends = [_change_end(m) for m in members if m.uri.startswith("change:")]
    if not ends or any(end is None or end.type != "change.abandoned" for end in ends):
        return None
    return max(end.occurred_at for end in ends if end is not None)


def _change_end(member: Member) -> Fact | None:
    """Return the fact that a change stands at: merged, abandoned, or opened (again); None without any."""
    turning = [f for f in member.facts if f.type in {"change.merged", "change.abandoned", "change.readied"}]
    return turning[-1] if turning else None


def _kind(item: str, members: Sequence[Member]) -> WorkKind | None:
    """Return the latest kind told of the item's own entity, else of any member."""
    own = [f.work_kind for m in members if m.uri == item for f in m.facts if f.work_kind is not None]
    told = own or [
        f.work_kind for f in sorted((f for m in members for f in m.facts), key=Fact.place) if f.work_kind is not None
    ]
    return told[-1] if told else None


def _state(item: str, members: Sequence[Member]) -> str | None:
    """Return the latest state told of the item's own entity; a change is at last merged or abandoned."""
    states = [
        _CHANGE_STATES.get(f.type, f.state)
        for m in members
        if m.uri == item
        for f in m.facts
        if f.state is not None or f.type in _CHANGE_STATES
    ]
    return states[-1] if states else None


def flow_parts(visits: Iterable[Visit], start: int, end: int) -> tuple[int, int, int, int]:
    """Return (process, blocked, wait, unaccounted) microseconds of [start, end), cut at every boundary.

    Each piece is charged once: process if a visit is active in it, else blocked, else wait (gaps too), else
    unaccounted. They sum to `end - start`. What an open visit does after its last known boundary is unknown.
    """
    edges: list[tuple[int, int, int]] = []
    for charge, begin, until in (span for visit in visits for span in _spans(visit)):
        a, b = max(begin, start), min(until, end)
        if a < b:
            edges += ((a, charge, 1), (b, charge, -1))
    edges.sort()
    charged, running, at = [0, 0, 0, 0], [0, 0, 0, 1], start
    for moment, charge, step in edges:
        charged[_first(running)] += moment - at
        running[charge] += step
        at = moment
    charged[_first(running)] += end - at
    return charged[0], charged[1], charged[2], charged[3]


_PROCESS, _BLOCKED, _WAIT = 0, 1, 2


def _first(running: Sequence[int]) -> int:
    return next(charge for charge, count in enumerate(running) if count)


def _spans(visit: Visit) -> Iterable[tuple[int, int, int]]:
    """Yield what a visit says of time: (charge, from, to)."""
    if visit.explicit and visit.queued is not None and visit.before is not None:
        yield _WAIT, visit.before, visit.queued
    blocks = [(a, b if b is not None else visit.finished) for a, b in visit.blocks]
    known = [(a, b) for a, b in blocks if b is not None]
    for a, b in known:
        yield _BLOCKED, a, b
    if visit.queued is not None and visit.started is not None:
        yield from ((_WAIT, a, b) for a, b in _without(visit.queued, visit.started, known))
    if visit.started is not None and visit.finished is not None and visit.outcome != BRIDGED:
        yield from ((_PROCESS, a, b) for a, b in _without(visit.started, visit.finished, known))


def _without(start: int, end: int, holes: Sequence[tuple[int, int]]) -> Iterable[tuple[int, int]]:
    """Yield what is left of [start, end) outside the holes, which ascend and do not overlap."""
    at = start
    for a, b in holes:
        if at < min(a, end):
            yield at, min(a, end)
        at = max(at, b)
    if at < end:
        yield at, end
