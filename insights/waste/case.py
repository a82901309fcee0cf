"""What the waste ledger knows of one item, and the parts of time that its visits tell; pure.

Times are microseconds UTC, spans half-open.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import IntEnum
from itertools import pairwise
from typing import Final, NamedTuple

from msgspec import Struct

from schemas.definition import Step
from schemas.derived import BRIDGED, Change, StepVisit, WorkItem


class Charge(IntEnum):
    """What a piece of flow time is charged as: the first of these of which any visit tells, else the last."""

    PROCESS = 0
    BLOCKED = 1
    WAIT = 2
    UNACCOUNTED = 3


class Span(NamedTuple):
    """Half-open, microseconds UTC."""

    begin: int
    until: int


class Part(NamedTuple):
    """What one visit (by its place among the case's) tells of a span; as unaccounted stands its whole stay."""

    charge: Charge
    begin: int
    until: int
    visit: int


class Run(Struct, frozen=True):
    """What a run of a pipeline ran on; '' and () unknown."""

    pipeline: str
    commits: tuple[str, ...]


class Failure(NamedTuple):
    """A failed production deployment that carried a change, from its finish to its recovery (None: not yet)."""

    change_id: str
    begin: int
    until: int | None


class Case(Struct, frozen=True, kw_only=True):
    """One item and what judges its time.

    `visits` are all of the item's. `steps` are the definition's by name; a step it lacks is taken with the file's
    defaults. `changes` are the item's, `failures` the failed production deployments that carried them. `crowded` are by
    step the spans, ascending and apart, in which more was in it than its limit. `elsewhere` are the spans that whoever
    works on the item spent on another one. `runs` are by subject. `released` is by repository the latest time at which
    a change of it reached production.
    """

    item: WorkItem
    visits: Sequence[StepVisit] = ()
    steps: Mapping[str, Step] = {}
    changes: Sequence[Change] = ()
    failures: Sequence[Failure] = ()
    crowded: Mapping[str, Sequence[Span]] = {}
    elsewhere: Sequence[Span] = ()
    runs: Mapping[str, Run] = {}
    released: Mapping[str, int] = {}

    def step(self, name: str) -> Step:
        """Return the definition's step of that name, or one with the defaults of the file."""
        return self.steps.get(name) or Step(name=name)

    def parts(self) -> Iterator[Part]:
        """Yield what the visits tell of time."""
        for number, visit in enumerate(self.visits):
            for charge, span in _told(visit):
                yield Part(charge, span.begin, span.until, number)


def began(visit: StepVisit) -> int | None:
    """Return when a visit was first seen, whichever boundary that is; None for a visit without any."""
    if visit.queued_at is not None:
        return visit.queued_at
    return visit.finished_at if visit.started_at is None else visit.started_at


def gap(visit: StepVisit) -> Span | None:
    """Return the span from the finish before to the queue of a visit, None where there is none."""
    if visit.gap_micros is None or visit.queued_at is None:
        return None
    return Span(visit.queued_at - visit.gap_micros, visit.queued_at)


def whole(visit: StepVisit) -> Span | None:
    """Return all that a finished visit can be charged for: its gap, wait and stay. None while it is open."""
    begin, before = began(visit), gap(visit)
    if visit.finished_at is None or begin is None:
        return None
    return Span(begin if before is None else before.begin, visit.finished_at)


def _told(visit: StepVisit) -> Iterator[tuple[Charge, Span]]:
    """Yield what one visit tells of time, by the same rules as the parts of an item's row.

    But that a block which lasted when the item was over is one to its end, as in the visit's row.
    """
    queued, started, finished = visit.queued_at, visit.started_at, visit.finished_at
    blocked = tuple(paired(visit.blocked_spans))
    before = gap(visit)
    if before is not None:
        yield Charge.WAIT, before
    yield from ((Charge.BLOCKED, span) for span in blocked)
    if queued is not None and started is not None:
        yield from ((Charge.WAIT, span) for span in without(Span(queued, started), blocked))
    if started is not None and finished is not None and visit.outcome != BRIDGED:
        yield from ((Charge.PROCESS, span) for span in without(Span(started, finished), blocked))
    begin = began(visit)
    if finished is not None and begin is not None:
        yield Charge.UNACCOUNTED, Span(begin, finished)


_BOTH: Final = 2


def paired(flat: Sequence[int]) -> Iterable[Span]:
    """Return the spans of a flat list, one without its end left out: when it ended nobody knows."""
    return (Span(*flat[i : i + _BOTH]) for i in range(0, len(flat) - 1, _BOTH))


def without(span: Span, holes: Sequence[Span]) -> Iterator[Span]:
    """Yield what is left of a span outside the holes, which ascend and do not overlap."""
    edges = [span.begin, *(at for hole in holes for at in hole), span.until]
    for number, (begin, until) in enumerate(pairwise(edges)):
        if number % _BOTH == 0 and max(begin, span.begin) < min(until, span.until):
            yield Span(max(begin, span.begin), min(until, span.until))
