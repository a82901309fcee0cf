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

from collections.abc import Container, Iterable, Sequence

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
    stays = walked.visits
    for failure in walked.failures:
        by = min((v.began for v in failure.closed), default=failure.at)
        _mark(sender(plan, stays, by, {v.step for v in failure.closed}), failure.evidence, failure.at)
    for verdict in later:
        own = [v for v in stays if verdict.subject and v.subject == verdict.subject]
        judged = max(own, key=lambda v: (plan.order[v.step], v.number), default=None)
        others = [v for v in stays if v.subject not in verdict.by]
        _mark(judged or sender(plan, others, verdict.at), verdict.evidence, verdict.at)


def sender(plan: Plan, stays: Sequence[Visit], by: int, aside: Container[str] = ()) -> Visit | None:
    """Return whose work was in hand at a time: the visit to a value-adding step that had finished last by then.

    Of several the one later in the map's order; steps aside are passed over; None where nothing was passed on yet.
    """
    passed_on = [
        (v.finished, plan.order[v.step], v.number, v)
        for v in stays
        if v.finished is not None and v.finished <= by and v.outcome != SENT_BACK
        if plan.by_name[v.step].value_adding and v.step not in aside
    ]
    return max(passed_on, key=lambda x: x[:3])[3] if passed_on else None


def _mark(visit: Visit | None, evidence: str, at: int) -> None:
    if visit is not None:
        visit.judge(evidence, at)
