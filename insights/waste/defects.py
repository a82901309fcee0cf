"""Defects: what is done again, what is mended, and what a failed deployment holds up; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from insights.waste.case import Case, Charge, Span, began, whole
from insights.waste.claims import ANY_CHARGE, Claim, of_visit
from insights.waste.spans import joined
from schemas.derived import SENT_BACK, StepVisit
from schemas.event import Outcome
from schemas.identity import entity_kind

BAD: Final = frozenset({str(Outcome.FAILURE), str(Outcome.ERROR)})


def reworks(case: Case) -> Iterator[Claim]:
    """Yield all time of the visits that do again what an earlier visit of their step had not done well.

    Visits of two changes of one item are not about the same work; of anything else they may be.
    """
    for numbers in by_step(case).values():
        judged: set[str] = set()
        of_no_change = False
        for before, number in pairwise(numbers):
            earlier, visit = case.visits[before], case.visits[number]
            if _was_judged(earlier):
                judged.add(earlier.subject_id)
                of_no_change = of_no_change or entity_kind(earlier.subject_id) != "change"
            others = of_no_change or (judged and entity_kind(visit.subject_id) != "change")
            if _failed(earlier) or others or visit.subject_id in judged:
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
    if end is None:
        return
    ends = (Span(f.begin, end if f.until is None else f.until) for f in case.failures)
    yield from (Claim(span.begin, span.until, ANY_CHARGE) for span in joined(ends))


def by_step(case: Case) -> dict[str, Sequence[int]]:
    """Return by step the places of its visits, in the order of their numbers."""
    found: dict[str, list[int]] = {}
    for number in sorted(range(len(case.visits)), key=lambda n: case.visits[n].visit):
        found.setdefault(case.visits[number].step, []).append(number)
    return dict(found)


def _failed(visit: StepVisit) -> bool:
    return visit.outcome in BAD


def _was_judged(visit: StepVisit) -> bool:
    return visit.returned or visit.outcome == SENT_BACK
