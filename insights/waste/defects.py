"""Defects: what is done again, what is mended, and what a failed deployment holds up; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from insights.waste.case import Case, Charge, Span, began, whole
from insights.waste.claims import ANY_CHARGE, Claim, of_visit
from schemas.derived import SENT_BACK, StepVisit
from schemas.event import Outcome
from schemas.identity import entity_kind

_BAD: Final = frozenset({str(Outcome.FAILURE), str(Outcome.ERROR)})


def reworks(case: Case) -> Iterator[Claim]:
    """Yield all time of the visits that do again what an earlier visit of their step had not done well."""
    for numbers in by_step(case).values():
        for place, number in enumerate(numbers[1:], start=1):
            visit = case.visits[number]
            earlier = [case.visits[n] for n in numbers[:place]]
            if _failed(earlier[-1]) or any(_was_judged(e) and _is_of_one_change(e, visit) for e in earlier):
                yield from of_visit(whole(visit), number, ANY_CHARGE)


def repairs(case: Case) -> Iterator[Claim]:
    """Yield the time from a failed run to the next one of its step."""
    for numbers in by_step(case).values():
        for before, after in pairwise(numbers):
            failed, begin = case.visits[before].finished_at, began(case.visits[after])
            if _failed(case.visits[before]) and failed is not None and begin is not None:
                yield Claim(failed, begin, frozenset({Charge.UNACCOUNTED}))


def failed_deployments(case: Case) -> Iterator[Claim]:
    """Yield the time from a failed production deployment to its recovery, to the item's end where there is none."""
    end = case.item.finished_at
    for failure in case.failures:
        until = failure.until if failure.until is not None else end
        if until is not None:
            yield Claim(failure.begin, until, ANY_CHARGE)


def by_step(case: Case) -> dict[str, Sequence[int]]:
    """Return by step the places of its visits, in the order of their numbers."""
    found: dict[str, list[int]] = {}
    for number in sorted(range(len(case.visits)), key=lambda n: case.visits[n].visit):
        found.setdefault(case.visits[number].step, []).append(number)
    return dict(found)


def _failed(visit: StepVisit) -> bool:
    return visit.outcome in _BAD


def _was_judged(visit: StepVisit) -> bool:
    return visit.returned or visit.outcome == SENT_BACK


def _is_of_one_change(earlier: StepVisit, later: StepVisit) -> bool:
    """Return whether two visits may be about the same work: visits of two changes of one item are not."""
    kinds = {entity_kind(earlier.subject_id), entity_kind(later.subject_id)}
    return earlier.subject_id == later.subject_id or kinds != {"change"}


def overlap(one: Span, other: Span) -> Span | None:
    """Return what two spans share, None for nothing."""
    begin, until = max(one.begin, other.begin), min(one.until, other.until)
    return Span(begin, until) if begin < until else None
