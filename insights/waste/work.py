"""Waiting, hand-offs, inventory, switching, work by hand, work without value and work that adds some; pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from itertools import pairwise
from operator import itemgetter
from typing import Final

from insights.waste.case import Case, Charge, Span, began, gap, whole
from insights.waste.claims import ACTIVE, ANY_CHARGE, Claim, of_item, of_visit
from insights.waste.defects import by_step
from insights.waste.spans import joined, within
from schemas.derived import StepVisit
from schemas.event import ActorClass
from schemas.identity import entity_kind

WAIT: Final = frozenset({Charge.WAIT})
_MACHINES: Final = frozenset({ActorClass.BOT, ActorClass.AGENT})
_OF_MACHINES: Final = frozenset({"run", "deployment", "artifact"})


def reruns(case: Case) -> Iterator[Claim]:
    """Yield all time of the visits that ran again what the visit before had run."""
    for numbers in by_step(case).values():
        for before, after in pairwise(numbers):
            if _runs_again(case, case.visits[before].subject_id, case.visits[after].subject_id):
                yield from of_visit(whole(case.visits[after]), after, ANY_CHARGE)


def elsewhere(case: Case) -> Iterator[Claim]:
    """Yield the time of visits in which their worker was on another item; a machine's visits are never interrupted."""
    away = joined(case.elsewhere)
    for number, visit in enumerate(case.visits):
        own = whole(visit)
        if own is None or of_machine(visit):
            continue
        yield from (Claim(*span, ACTIVE, number) for span in within(own, away))


def manual(case: Case) -> Iterator[Claim]:
    """Yield the active time of visits that a human started although their step could be automated."""
    for number, visit in enumerate(case.visits):
        if visit.started_by is ActorClass.HUMAN and case.step(visit.step).automatable:
            yield from of_visit(whole(visit), number, ACTIVE)


def crowded(case: Case) -> Iterator[Claim]:
    """Yield the wait of visits, their gap left out, while their step held more than its limit."""
    for number, visit in enumerate(case.visits):
        if visit.queued_at is None or visit.started_at is None:
            continue
        full = case.crowded.get(visit.step, ())
        yield from (Claim(*s, WAIT, number) for s in within(Span(visit.queued_at, visit.started_at), full))


def handed_over(case: Case) -> Iterator[Claim]:
    """Yield the gap and wait of visits to a step of another owner than that of the visit they came from."""
    senders = _senders(case)
    for number, visit in enumerate(case.visits):
        sender = senders(visit)
        owners = None if sender is None else (case.step(sender.step).owner, case.step(visit.step).owner)
        if owners is not None and None not in owners and owners[0] != owners[1]:
            yield from of_visit(whole(visit), number, WAIT)


def blocked(case: Case) -> Iterator[Claim]:
    """Yield all blocked time."""
    yield from of_item(case, frozenset({Charge.BLOCKED}))


def between_steps(case: Case) -> Iterator[Claim]:
    """Yield the gaps of the visits."""
    for number, visit in enumerate(case.visits):
        yield from of_visit(gap(visit), number, WAIT)


def queued(case: Case) -> Iterator[Claim]:
    """Yield all wait."""
    yield from of_item(case, WAIT)


def without_value(case: Case) -> Iterator[Claim]:
    """Yield the active time of visits to steps that add no value."""
    return _active(case, adds_value=False)


def adding_value(case: Case) -> Iterator[Claim]:
    """Yield the active time of visits to steps that add value."""
    return _active(case, adds_value=True)


def of_machine(visit: StepVisit) -> bool:
    """Return whether a machine does the work of a visit."""
    return visit.started_by in _MACHINES or entity_kind(visit.subject_id) in _OF_MACHINES


def _active(case: Case, *, adds_value: bool) -> Iterator[Claim]:
    for number, visit in enumerate(case.visits):
        if case.step(visit.step).value_adding is adds_value:
            yield from of_visit(whole(visit), number, ACTIVE)


def _senders(case: Case) -> Callable[[StepVisit], StepVisit | None]:
    """Return what tells who passed the work on to a visit: of those that had finished when it began, the latest."""
    ended = sorted(
        ((v.finished_at, began(v) or 0, -n) for n, v in enumerate(case.visits) if v.finished_at is not None),
    )

    def sender(visit: StepVisit) -> StepVisit | None:
        begin, between = began(visit), gap(visit)
        if begin is None:
            return None
        place = bisect_right(ended, begin if between is None else between.begin, key=itemgetter(0))
        found = (case.visits[-ended[n][2]] for n in range(place - 1, -1, -1))
        return next((v for v in found if v is not visit), None)

    return sender


def _runs_again(case: Case, before: str, after: str) -> bool:
    """Return whether a run is another attempt of the one before, or the same pipeline's on the same commits."""
    if entity_kind(before) != "run" or entity_kind(after) != "run":
        return False
    if before.rpartition("/")[0] == after.rpartition("/")[0]:
        return True
    first, second = case.runs.get(before), case.runs.get(after)
    return first is not None and first == second and bool(first.pipeline and first.commits)
