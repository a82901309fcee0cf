"""A visit's times as the row that goes out: wait, process, blocked, unaccounted, gap; pure, whole microseconds."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from metrics.calendar import working_micros
from processors.steps import Visit
from schemas.definition import Calendar
from schemas.derived import BRIDGED, StepVisit
from schemas.event import WorkKind

Clock = Callable[[int, int], int]
"""How long a span [start, end) lasts."""


class Times(Struct, frozen=True, gc=False):
    """The parts of one visit by one clock, None where unknown; the first four sum to its lead where that is known."""

    wait: int | None = None
    process: int | None = None
    blocked: int | None = None
    unaccounted: int | None = None
    gap: int | None = None


_NO_TIMES = Times()


def elapsed(start: int, end: int) -> int:
    """Return the microseconds of a span."""
    return end - start


def times(visit: Visit, clock: Clock) -> Times:
    """Return the parts of a visit.

    Wait runs from queue to start and process from start to finish, both less what was blocked; what lies between queue
    and finish of a finished visit and is none of these is unaccounted. A boundary that is missing leaves unknown what
    it bounds; so does one that was bridged.
    """
    queued, started, finished = visit.queued, visit.started, visit.finished
    gap = None
    if visit.explicit and queued is not None and visit.before is not None:
        gap = clock(visit.before, queued)
    wait = unaccounted = None
    if queued is not None and started is not None:
        wait = clock(queued, started) - blocked_within(visit, queued, started, clock)
    process = process_time(visit, clock)
    if finished is None:
        return Times(wait, process, None, None, gap)
    begin = queued if queued is not None else started
    if begin is None:
        return Times(wait, process, None, None, gap)
    blocked = blocked_within(visit, begin, finished, clock)
    if queued is not None:
        unaccounted = clock(queued, finished) - blocked - (wait or 0) - (process or 0)
    return Times(wait, process, blocked, unaccounted, gap)


def process_time(visit: Visit, clock: Clock) -> int | None:
    """Return how long it was worked on, less what was blocked; None where its start or its end is not known."""
    started, finished = visit.started, visit.finished
    if started is None or finished is None or visit.outcome == BRIDGED:
        return None
    return clock(started, finished) - blocked_within(visit, started, finished, clock)


def blocked_spans(visit: Visit) -> tuple[int, ...]:
    """Return the spans in which a visit was flagged blocked, flat (from, to, ...), those of no length left out.

    The last one is without its end while it lasts; none goes beyond the end of the visit.
    """
    end = visit.finished
    found: list[int] = []
    for a, b in visit.blocks:
        until = end if b is None else b if end is None else min(b, end)
        if until is None:
            found.append(a)
        elif a < until:
            found += (a, until)
    return tuple(found)


def blocked_within(visit: Visit, start: int, end: int, clock: Clock) -> int:
    """Return how long a visit was flagged blocked inside a span."""
    if not visit.blocks:
        return 0
    spans = ((max(a, start), min(end if b is None else b, end)) for a, b in visit.blocks)
    return sum(clock(a, b) for a, b in spans if a < b)


def visit_row(
    visit: Visit,
    *,
    stream: str,
    item: str,
    kind: WorkKind | None,
    counted: bool,
    calendar: Calendar | None,
    version: str,
) -> StepVisit:
    """Return the row of a visit; `kind` is its item's."""
    plain = times(visit, elapsed)
    working = _NO_TIMES if calendar is None else times(visit, lambda start, end: working_micros(calendar, start, end))
    return StepVisit(
        value_stream=stream,
        item_id=item,
        step=visit.step,
        visit=visit.number,
        subject_id=visit.subject,
        counted=counted,
        queued_at=visit.queued,
        started_at=visit.started,
        finished_at=visit.finished,
        outcome=visit.outcome,
        wait_micros=plain.wait,
        process_micros=plain.process,
        blocked_micros=plain.blocked,
        unaccounted_micros=plain.unaccounted,
        gap_micros=plain.gap,
        wait_working_micros=working.wait,
        process_working_micros=working.process,
        blocked_working_micros=working.blocked,
        unaccounted_working_micros=working.unaccounted,
        gap_working_micros=working.gap,
        returned=visit.verdict is not None,
        skewed=visit.skewed,
        kind=kind,
        started_by=visit.started_by,
        evidence=visit.evidence if visit.verdict else "",
        blocked_spans=blocked_spans(visit) if visit.blocks else (),
        definition_version=version,
    )
