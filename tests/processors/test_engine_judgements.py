"""%C&A is judged by the receiver: which evidence marks which visit, and when it does so no longer."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from schemas.definition import Rule, Step
from schemas.derived import StepVisit
from schemas.event import FlowEvent, LinkKind, Outcome
from schemas.forgetting import forget_fact
from tests.builders import engine_events as say
from tests.builders.engine_rows import Told, one_stream, streamed

DEVELOPED = (say.created("CHK-1", 0), say.committed("c1", 1, say.named("CHK-1")), say.opened(1, 2, say.named("CHK-1")))
MERGED = (*DEVELOPED, say.reviewed(1, 3), say.merged(1, 4, "m1"))
TESTED = one_stream(
    (
        Step(name="Work", queue=Rule(on=("ticket.created",)), finish=Rule(on=("change.merged",))),
        Step(
            name="Test",
            queue=Rule(on=("testsuiterun.started",)),
            finish=Rule(on=("testsuiterun.finished",), where={"outcome": ("success",)}),
            returned=Rule(on=("testsuiterun.finished",), where={"outcome": ("failure",)}),
        ),
        Step(name="Done", finish=Rule(on=("ticket.closed",)), returned=Rule(on=("ticket.updated",))),
    )
)


def judged(told: Told, item: str = say.ticket("CHK-1")) -> list[tuple[str, int, str]]:
    """The marked visits of an item in the order of their finishes: step, number, evidence."""
    visits = [r for r in told.rows if isinstance(r, StepVisit) and r.item_id == item]
    assert all(v.returned is bool(v.evidence) for v in visits)
    return [(v.step, v.visit, v.evidence) for v in sorted(visits, key=lambda v: v.finished_at or 0) if v.evidence]


def failed_build(name: str, queued: float, failed: float, outcome: Outcome = Outcome.FAILURE) -> tuple[FlowEvent, ...]:
    """A build of a commit that fails."""
    return say.run("queued", 1, queued, name), say.run("finished", 1, failed, name, outcome)


def run_of_tests(name: str, stage: str, hours: float, outcome: Outcome | None = None) -> FlowEvent:
    """A test run of a commit."""
    return say.fact(
        f"testsuiterun.{stage}", "run:tests/acme/1/1", hours, say.part_of(say.commit(name)), outcome=outcome
    )


def test_changes_requested_judge_the_step_before() -> None:
    """The review could not use what development passed on."""
    told = streamed(*DEVELOPED, say.reviewed(1, 3, "changes_requested"))
    assert judged(told) == [("Develop", 1, "changes_requested")]


def test_a_failed_test_that_sends_work_back_is_named_as_one() -> None:
    """By the rule `returned`, the step before it is judged, and the evidence is the test."""
    told = streamed(
        *MERGED, run_of_tests("m1", "started", 5), run_of_tests("m1", "finished", 6, Outcome.FAILURE), definition=TESTED
    )
    assert judged(told) == [("Work", 1, "failed_test")]


def test_a_ticket_that_sends_work_back_is_reopened() -> None:
    """By the rule `returned` the step before it is judged; what had been passed on last by then, too."""
    passed = (run_of_tests("m1", "started", 5), run_of_tests("m1", "finished", 6, Outcome.SUCCESS))
    told = streamed(*MERGED, *passed, say.closed("CHK-1", 8), say.moved("CHK-1", "To Do", 9), definition=TESTED)
    assert judged(told) == [("Test", 1, "reopened"), ("Done", 1, "reopened")]


def test_a_failed_build_before_any_hand_over_judges_nobody() -> None:
    """The change is still being developed: nothing has been passed on, and the backlog adds no value."""
    told = streamed(*DEVELOPED[:2], *failed_build("c1", 1.5, 1.8))
    assert judged(told) == []


@pytest.mark.parametrize("outcome", [Outcome.FAILURE, Outcome.ERROR])
def test_a_failed_build_after_the_merge_judges_review(outcome: Outcome) -> None:
    """The review let pass what does not build."""
    told = streamed(*MERGED, *failed_build("m1", 5, 6, outcome))
    assert judged(told) == [("Review", 1, "failed_build")]


@pytest.mark.parametrize("outcome", [Outcome.SUCCESS, Outcome.CANCELLED, None])
def test_a_build_that_did_not_fail_judges_nobody(outcome: Outcome | None) -> None:
    """A cancelled build says nothing of what it was to build."""
    told = streamed(*MERGED, say.run("queued", 1, 5, "m1"), say.run("finished", 1, 6, "m1", outcome))
    assert judged(told) == []


def test_a_failed_run_while_the_change_is_in_review_judges_develop() -> None:
    """Development had passed the work on when the run began, the review has not."""
    told = streamed(*DEVELOPED, *failed_build("c1", 2.5, 3))
    assert judged(told) == [("Develop", 1, "failed_build")]


def test_what_was_passed_on_while_a_build_ran_is_not_judged_by_it() -> None:
    """The build was queued before development had passed anything on."""
    told = streamed(*DEVELOPED, *failed_build("c1", 1.5, 3))
    assert judged(told) == []


def test_a_failed_test_of_no_step_judges_by_its_own_time() -> None:
    """No visit ends with it: judged is what had been passed on when it failed."""
    told = streamed(*MERGED, run_of_tests("m1", "finished", 9, Outcome.FAILURE))
    assert judged(told) == [("Review", 1, "failed_test")]


@pytest.mark.parametrize(("failed", "evidence"), [(2.7, "failed_build"), (4, "changes_requested")])
def test_a_visit_that_is_judged_twice_names_the_earliest_evidence(failed: float, evidence: str) -> None:
    """In whatever order the two arrive."""
    told = streamed(*failed_build("c1", 2.5, failed), say.reviewed(1, 3, "changes_requested"), *DEVELOPED)
    assert judged(told) == [("Develop", 1, evidence)]


def test_a_ticket_that_is_opened_again_judges_what_was_passed_on_last() -> None:
    """It was closed, and is in another status."""
    told = streamed(*MERGED, say.closed("CHK-1", 6), say.moved("CHK-1", "To Do", 8))
    assert judged(told) == [("Review", 1, "reopened")]


def test_a_ticket_that_moves_on_before_it_is_closed_judges_nobody() -> None:
    """Nor does a fact that repeats the closed state."""
    told = streamed(*MERGED, say.moved("CHK-1", "To Do", 5), say.closed("CHK-1", 6), say.moved("CHK-1", "Done", 8))
    assert judged(told) == []


@pytest.mark.parametrize("target", [say.change(1), say.commit("m1"), say.commit("c1")])
def test_a_revert_that_landed_judges_what_was_passed_on_last(target: str) -> None:
    """It names the change, the commit that it was merged as, or one of its commits; it is an item of its own."""
    linked = say.contains("c1")
    taken = (say.opened(1, 2.1, linked), say.opened(2, 20, reverts=target), say.merged(2, 21, "m2"))
    assert judged(streamed(*MERGED, *taken)) == [("Review", 1, "reverted")]


def test_the_work_on_a_revert_is_not_what_it_takes_back() -> None:
    """It names the same ticket and is reviewed like any other: its own review passed nothing wrong on."""
    taken = say.opened(2, 20, say.named("CHK-1"), reverts=say.change(1)), say.reviewed(2, 20.5), say.merged(2, 21, "m2")
    assert judged(streamed(*MERGED, *taken)) == [("Review", 1, "reverted")]


def test_a_review_that_sent_work_back_passed_nothing_on() -> None:
    """A build that fails while the work is corrected speaks against what the review sent back, as the review did."""
    broken = failed_build("c1", 4, 5)
    told = streamed(*DEVELOPED, say.reviewed(1, 3, "changes_requested"), *broken)
    assert judged(told) == [("Develop", 1, "changes_requested")]


def test_a_revert_that_has_not_landed_judges_nobody() -> None:
    """It may never be merged."""
    assert judged(streamed(*MERGED, say.opened(2, 20, reverts=say.change(1)))) == []


def test_what_landed_before_a_change_cannot_take_it_back() -> None:
    """The change came after the revert: it was put in again."""
    told = streamed(say.opened(2, 2, reverts=say.change(1)), say.merged(2, 3, "m2"), *MERGED)
    assert judged(told) == []


LIVE = (*MERGED, say.deployed("d1", 1, "c0"), say.began("d2", 9, "m1"), say.deployed("d2", 10, "m1"))
BACK = say.deployed("d3", 12, "c0")


def test_a_rollback_judges_the_deployment_that_it_undid() -> None:
    """What was there before came again: the stay in Deploy that was this deployment is judged."""
    assert judged(streamed(*LIVE, BACK)) == [("Deploy", 1, "rolled_back")]


def test_a_rollback_elsewhere_than_in_production_judges_nobody() -> None:
    """In staging it troubles nobody."""
    staged = [replace(e, environment="staging") if e.environment else e for e in (*LIVE, BACK)]
    assert judged(streamed(*staged)) == []


def test_a_rollback_that_never_touched_the_map_judges_what_was_passed_on_last() -> None:
    """The stream has no step for deployments: the work that the rollback took back was last in Work."""
    told = streamed(*LIVE, BACK, definition=TESTED)
    assert judged(told) == [("Work", 1, "rolled_back")]


@pytest.mark.parametrize(
    "correction",
    [
        say.deployed("d3", 12.5, "c0", outcome=Outcome.FAILURE),
        say.fact("link.denied", "deployment:cd/d3", 13, say.link(LinkKind.DEPLOYS, say.commit("c0"))),
        forget_fact(BACK, say.at(20)),
        say.deployed("d0", 5, "c9"),
    ],
    ids=["it failed after all", "it brought something else", "it is forgotten", "it went back from another one"],
)
def test_a_rollback_that_is_corrected_away_unmarks_what_it_judged(correction: FlowEvent) -> None:
    """The item hears of it though nothing of its own has changed."""
    found = [judged(streamed(*LIVE, BACK, *further)) for further in ((), (correction,))]
    assert found == [[("Deploy", 1, "rolled_back")], []]


def test_a_revert_that_is_forgotten_unmarks_what_it_judged() -> None:
    """The order names a fact of another item than the one that was judged."""
    landed = say.merged(2, 21, "m2")
    reverted = (*MERGED, say.opened(2, 20, reverts=say.change(1)), landed)
    found = [judged(streamed(*reverted, *further)) for further in ((), (forget_fact(landed, say.at(30)),))]
    assert found == [[("Review", 1, "reverted")], []]
