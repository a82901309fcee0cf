"""Judgements as their definition says, of items of any size: who is judged, and at what cost."""

from __future__ import annotations

from collections.abc import Container, Sequence

from hypothesis import given
from hypothesis import strategies as st

from processors.judgements import Verdict, judge
from processors.steps import Failure, Plan, Visit, Walk
from schemas.definition import Step
from schemas.derived import SENT_BACK
from tests.builders.work_done import instructions

STEPS = tuple(Step(name=name, value_adding=name != "Backlog") for name in ("Backlog", "Develop", "Review", "Build"))
PLAN = Plan(STEPS)
HOURS = st.integers(0, 12)
SUBJECTS = st.sampled_from(["change:a/1", "change:a/2", "run:ci/1", "deployment:cd/1"])


def stay(step: str, number: int, subject: str, finished: int | None, outcome: str | None = None) -> Visit:
    """A visit that was started when it finished, or never finished."""
    at = 0 if finished is None else finished
    return Visit(step=step, number=number, subject=subject, before=None, started=at, finished=finished, outcome=outcome)


@st.composite
def walks(draw: st.DrawFn) -> Walk:
    """An item's visits and what failed on the way."""
    drawn = st.tuples(st.sampled_from(STEPS), SUBJECTS, st.none() | HOURS, st.sampled_from([None, SENT_BACK]))
    visits = [
        stay(step.name, number, subject, finished, outcome)
        for number, (step, subject, finished, outcome) in enumerate(draw(st.lists(drawn, max_size=8)), start=1)
    ]
    closed = st.lists(st.sampled_from(visits), max_size=2) if visits else st.just([])
    failures = [Failure("failed_build", draw(HOURS), tuple(draw(closed))) for _ in range(draw(st.integers(0, 3)))]
    return Walk(visits, failures)


VERDICTS = st.lists(
    st.builds(Verdict, st.just("reverted"), HOURS, by=st.frozensets(SUBJECTS, max_size=2))
    | st.builds(Verdict, st.just("rolled_back"), HOURS, SUBJECTS),
    max_size=3,
)


def passed_on(stays: Sequence[Visit], by: int, aside: Container[str] = ()) -> Visit | None:
    """Whose work was in hand, by looking at every visit."""
    found = [
        v for v in stays
        if v.finished is not None and v.finished <= by and v.outcome != SENT_BACK
        and PLAN.by_name[v.step].value_adding and v.step not in aside
    ]  # fmt: skip
    return max(found, key=lambda v: (v.finished or 0, PLAN.order[v.step], v.number), default=None)


def judged_plainly(walked: Walk, later: Sequence[Verdict]) -> list[tuple[str, int, str]]:
    """Each judgement as (subject and step of who is judged, when, evidence), in order."""
    found = []
    for failure in walked.failures:
        by = min((v.began for v in failure.closed), default=failure.at)
        found.append((passed_on(walked.visits, by, {v.step for v in failure.closed}), failure.at, failure.evidence))
    for verdict in later:
        own = [v for v in walked.visits if verdict.subject and v.subject == verdict.subject]
        last = max(own, key=lambda v: (PLAN.order[v.step], v.number), default=None)
        others = [v for v in walked.visits if v.subject not in verdict.by]
        found.append((last or passed_on(others, verdict.at), verdict.at, verdict.evidence))
    return sorted((f"{v.step} {v.number}", at, evidence) for v, at, evidence in found if v is not None)


@given(walks(), VERDICTS)
def test_whoever_is_judged_is_whom_looking_at_every_visit_finds(walked: Walk, later: list[Verdict]) -> None:
    """The earliest judgement of each visit stands."""
    expected: dict[str, tuple[int, str]] = {}
    for visit, at, evidence in judged_plainly(walked, later):
        expected.setdefault(visit, (at, evidence))
    judge(PLAN, walked, later)
    found = {f"{v.step} {v.number}": (v.verdict[0], v.evidence) for v in walked.visits if v.verdict is not None}
    assert found == expected


def _failing(builds: int) -> Walk:
    """A change that was merged, and so many builds of it that failed, each judging what came before them all."""
    visits = [stay("Review", 1, "change:a/1", 1)]
    visits += [stay("Build", n, f"run:ci/{n}", 2 + n) for n in range(1, builds + 1)]
    return Walk(visits, [Failure("failed_build", v.finished or 0, (v,)) for v in visits[1:]])


def _reverted(changes: int) -> tuple[Walk, list[Verdict]]:
    """So many changes, each taken back by the one that landed after it."""
    visits = [stay("Review", n, f"change:a/{n}", 2 * n) for n in range(changes)]
    return Walk(visits, []), [
        Verdict("reverted", 2 * n + 2, by=frozenset({f"change:a/{n + 1}"})) for n in range(changes)
    ]


def test_judging_a_failure_costs_the_same_in_an_item_of_any_size() -> None:
    """Eight times as many failed builds are some eight times the work, not sixty-four times."""
    few, many = _failing(50), _failing(400)
    assert instructions(lambda: judge(PLAN, many, ())) < 12 * instructions(lambda: judge(PLAN, few, ()))


def test_judging_a_revert_costs_the_same_in_an_item_of_any_size() -> None:
    """Eight times as many reverts are some eight times the work, not sixty-four times."""
    (few, little), (many, much) = _reverted(50), _reverted(400)
    assert instructions(lambda: judge(PLAN, many, much)) < 12 * instructions(lambda: judge(PLAN, few, little))
