"""Which visits their receivers could not use as they came, and by which evidence; pure.

- `changes_requested` (`failed_test` where a test run says so, `failed_build` a build, `reopened` a ticket): a step's
  `returned` rule sent the work back: the latest visit of the step before it is judged (see `steps`).
- `failed_build`, `failed_test`: a run failed: judged is what had been passed on when the visit that its fact closes
  began (without one: when it failed), never a visit of the step closed.
- `reopened`: the ticket, closed, was given another state: what had been passed on by then.
- `reverted`: a change was taken back by one that landed later: what had been passed on when that one landed, the work
  on the later one itself left out.
- `rolled_back`: a production deployment of a change was rolled back: its own visit, else what had been passed on then.

What had been passed on by some time is, of the visits to value-adding steps that had finished by then and did not send
the work back, the one that finished last. Where there is none, no hand-over has taken place, and nobody is judged. Only
`returned` rules open new visits.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Container, Iterable, Sequence
from operator import itemgetter
from typing import Final

from msgspec import Struct

from processors.steps import Plan, Visit, Walk
from schemas.derived import SENT_BACK


class Verdict(Struct, frozen=True, gc=False):
    """What happened to passed-on work afterwards: the evidence, when, and the entity ('' for none) it happened to.

    `by` are the entities that it was done by: work on them was not yet what turned out to be wrong.
    """

    evidence: str
    at: int
    subject: str = ""
    by: frozenset[str] = frozenset()


def judge(plan: Plan, walked: Walk, later: Iterable[Verdict]) -> None:
    """Mark the visits that what failed on the way, and what happened later, speak against."""
    handed_over = _HandedOver(plan, walked.visits)
    for failure in walked.failures:
        by = min((v.began for v in failure.closed), default=failure.at)
        _mark(handed_over.last(by, steps={v.step for v in failure.closed}), failure.evidence, failure.at)
    own: dict[str, Visit] = {}
    for visit in sorted(walked.visits, key=lambda v: (plan.order[v.step], v.number)):
        own[visit.subject] = visit
    for verdict in later:
        judged = own.get(verdict.subject) if verdict.subject else None
        _mark(judged or handed_over.last(verdict.at, subjects=verdict.by), verdict.evidence, verdict.at)


class _HandedOver:
    """The visits to value-adding steps that finished and did not send the work back, by step in the order of finishes.

    So a judgement costs what the map has steps, however many visits an item has.
    """

    def __init__(self, plan: Plan, stays: Iterable[Visit]) -> None:
        self._plan = plan
        found: dict[str, list[tuple[int, int, Visit]]] = {}
        for visit in stays:
            if visit.finished is not None and visit.outcome != SENT_BACK and plan.by_name[visit.step].value_adding:
                found.setdefault(visit.step, []).append((visit.finished, visit.number, visit))
        self._by_step = {step: sorted(ended, key=_FINISH) for step, ended in found.items()}

    def last(self, by: int, steps: Container[str] = (), subjects: Container[str] = ()) -> Visit | None:
        """Return whose work was in hand at a time: the visit that had finished last by then.

        Of several the one later in the map's order. Visits of these steps, and of these subjects, are passed over; None
        where nothing was passed on yet.
        """
        found = (_last(ended, by, subjects) for step, ended in self._by_step.items() if step not in steps)
        order = self._plan.order
        known = (v for v in found if v is not None)
        return max(known, key=lambda v: (v.finished or 0, order[v.step], v.number), default=None)


_FINISH: Final = itemgetter(0, 1)


def _last(ended: Sequence[tuple[int, int, Visit]], by: int, subjects: Container[str]) -> Visit | None:
    place = bisect_right(ended, by, key=itemgetter(0))
    while place and ended[place - 1][2].subject in subjects:
        place -= 1
    return ended[place - 1][2] if place else None


def _mark(visit: Visit | None, evidence: str, at: int) -> None:
    if visit is not None:
        visit.judge(evidence, at)
