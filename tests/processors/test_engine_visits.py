"""How rules make visits, rule by rule, on the standard map and on small ones."""

from __future__ import annotations

import pytest

from schemas.definition import Rule, Step
from schemas.event import ActorClass, FlowEvent, Outcome
from tests.builders import engine_events as say
from tests.builders.engine_rows import derived, hours, one_stream

TICKET = say.ticket("CHK-1")
STATUSES = one_stream(
    (
        Step(name="Doing", status=("In Progress",)),
        Step(name="Review", status=("In Review", "In QA")),
        Step(name="Done", status=("Shipped",)),
    )
)
HOLDING = one_stream(
    (
        Step(
            name="Work",
            queue=Rule(on=("ticket.created",)),
            start=Rule(on=("ticket.updated",), where={"state": ("Doing",)}),
            finish=Rule(on=("ticket.closed",)),
            blocked=Rule(on=("ticket.updated",), where={"state": ("Stuck",)}),
            unblocked=Rule(on=("ticket.updated",), where={"state": ("Freed",)}),
        ),
    )
)


def test_a_ticket_waits_in_the_backlog_until_its_first_commit() -> None:
    """Backlog runs from the ticket's creation to the first commit, and no later commit ends anything."""
    told = derived(
        say.created("CHK-1", 0),
        say.committed("c1", 5, say.named("CHK-1")),
        say.committed("c2", 6, say.named("CHK-1")),
    )
    assert told.stays("Backlog") == [(0, None, 5)]


def test_a_step_without_a_queue_rule_is_queued_when_the_last_step_finished() -> None:
    """Develop has no queue of its own: what the backlog passed on waits for it from then."""
    told = derived(
        say.created("CHK-1", 0),
        say.opened(1, 2, say.named("CHK-1"), state="draft"),
        say.committed("c1", 5, say.named("CHK-1")),
        say.readied(1, 8),
    )
    assert told.stays("Develop") == [(2, 5, 8)]


def test_a_bot_does_not_start_a_review() -> None:
    """Only a human's review starts one."""
    told = derived(say.opened(1, 0), say.reviewed(1, 1, by=ActorClass.BOT), say.reviewed(1, 3), say.merged(1, 4))
    assert told.stays("Review") == [(0, 3, 4)]


def test_a_draft_does_not_queue_a_review() -> None:
    """The review's clock starts when the change is ready."""
    told = derived(say.opened(1, 0, state="draft"), say.readied(1, 7), say.merged(1, 9))
    assert told.stays("Review") == [(7, None, 9)]


def test_repeated_queues_and_starts_change_nothing() -> None:
    """The first queue and the first start stand while the visit is open."""
    told = derived(say.opened(1, 0), say.readied(1, 1), say.reviewed(1, 2), say.reviewed(1, 3), say.merged(1, 4))
    assert told.stays("Review") == [(0, 2, 4)]


def test_changes_requested_send_the_work_back_to_develop() -> None:
    """The review ends sent back, and a second development is at work until the next review."""
    told = derived(
        say.committed("c1", 0, say.part_of(say.change(1))),
        say.opened(1, 2),
        say.reviewed(1, 3, "changes_requested"),
        say.reviewed(1, 6),
        say.merged(1, 7),
    )
    assert (told.stays("Develop"), told.stays("Review")) == ([(0, 0, 2), (3, 3, 6)], [(2, 3, 3), (6, 6, 7)])


def test_the_step_that_passed_the_work_on_too_early_is_returned() -> None:
    """Returned counts against development, not against the review that found it out."""
    told = derived(
        say.committed("c1", 0, say.part_of(say.change(1))),
        say.opened(1, 2),
        say.reviewed(1, 3, "changes_requested"),
        say.merged(1, 7),
    )
    flags = [(v.step, v.visit, v.returned, v.outcome) for v in (*told.visits("Develop"), *told.visits("Review"))]
    assert flags == [
        ("Develop", 1, True, None),
        ("Develop", 2, False, None),
        ("Review", 1, False, "sent_back"),
        ("Review", 2, False, None),
    ]


def test_a_correction_ends_when_the_change_is_merged_without_another_review() -> None:
    """The merge first opens a new review, then ends it: nobody saw it wait or run."""
    told = derived(
        say.committed("c1", 0, say.part_of(say.change(1))),
        say.opened(1, 2),
        say.reviewed(1, 3, "changes_requested"),
        say.merged(1, 7),
    )
    assert told.stays("Review") == [(2, 3, 3), (7, None, 7)]


def test_a_finish_without_a_start_leaves_wait_and_process_unknown() -> None:
    """A review that nobody began has a lead time, all of it unaccounted."""
    told = derived(say.opened(1, 0), say.merged(1, 4))
    review = told.visits("Review")[0]
    parts = (review.wait_micros, review.process_micros, review.blocked_micros, review.unaccounted_micros)
    assert parts == (None, None, 0, 4 * say.HOUR)


def test_a_lost_queue_is_bridged_by_a_visit_with_unknown_wait() -> None:
    """A build whose queueing was lost has a process time alone."""
    told = derived(
        say.run("started", 1, 2, "c1"),
        say.run("finished", 1, 3, "c1", Outcome.SUCCESS),
    )
    build = told.visits("Build")[0]
    assert (build.queued_at, build.wait_micros, build.process_micros) == (None, None, say.HOUR)


def test_a_finish_that_nothing_opened_makes_a_visit_of_its_own() -> None:
    """A build of which only the end arrived is one visit with unknown start."""
    told = derived(say.run("finished", 1, 3, "c1", Outcome.SUCCESS))
    assert told.stays("Build") == [(None, None, 3)]


def test_a_finish_of_a_type_that_begins_the_step_makes_no_visit() -> None:
    """A production deployment does not end a verification that never was, for deployments also begin it."""
    told = derived(
        say.opened(1, 0),
        say.merged(1, 1, "m1"),
        say.deployed("d1", 3, "m1"),
    )
    assert told.visits("Verify") == []


def test_verification_runs_from_the_first_test_environment_to_the_start_of_production() -> None:
    """The first deployment before production queues it, the start of production's ends it."""
    told = derived(
        say.opened(1, 0),
        say.merged(1, 1, "m1"),
        say.deployed("s1", 2, "m1", "staging"),
        say.began("p1", 5, "m1"),
        say.deployed("p1", 6, "m1"),
    )
    assert (told.stays("Verify"), told.stays("Deploy")) == ([(2, None, 5)], [(5, 5, 6)])


def test_a_run_that_finished_before_it_started_is_clamped_and_marked() -> None:
    """The runner's clock was behind: the finish is moved to the start, and the visit says so."""
    told = derived(
        say.run("queued", 1, 1, "c1"),
        say.run("started", 1, 3, "c1"),
        say.run("finished", 1, 2, "c1", Outcome.SUCCESS),
    )
    build = told.visits("Build")[0]
    assert (told.stays("Build"), build.skewed, build.process_micros) == ([(1, 3, 3)], True, 0)


def test_the_time_between_a_finish_and_an_explicit_queue_is_the_receivers_gap() -> None:
    """From the merge to the queueing of the build nobody had the work: it is outside the build's wait and lead."""
    told = derived(
        say.opened(1, 0),
        say.merged(1, 1, "m1"),
        say.run("queued", 1, 4, "m1"),
        say.run("started", 1, 5, "m1"),
        say.run("finished", 1, 6, "m1", Outcome.SUCCESS),
    )
    build = told.visits("Build")[0]
    assert (build.gap_micros, build.wait_micros) == (3 * say.HOUR, say.HOUR)


def test_statuses_mean_being_in_a_step() -> None:
    """A ticket is at work in a step from entering one of its statuses to entering any other."""
    told = derived(
        say.created("CHK-1", 0),
        say.moved("CHK-1", "In Progress", 1),
        say.moved("CHK-1", "In Review", 3),
        say.moved("CHK-1", "In QA", 4),
        say.moved("CHK-1", "In Progress", 6),
        say.closed("CHK-1", 9),
        definition=STATUSES,
    )
    assert (told.stays("Doing"), told.stays("Review")) == ([(1, 1, 3), (6, 6, 9)], [(3, 3, 6)])


def test_a_lost_status_change_is_bridged_by_the_next_one() -> None:
    """Entering another status ends the step whatever the change says it came from."""
    told = derived(
        say.moved("CHK-1", "In Progress", 1),
        say.moved("CHK-1", "Shipped", 5),
        definition=STATUSES,
    )
    assert (told.stays("Doing"), told.stays("Review"), told.stays("Done")) == ([(1, 1, 5)], [], [(5, 5, None)])


def test_a_status_that_was_left_without_a_word_is_unaccounted() -> None:
    """Where the change that ends a step says that it came from another status, what the step lasted is unknown."""
    told = derived(
        say.moved("CHK-1", "In Progress", 1),
        say.fact("ticket.updated", say.ticket("CHK-1"), 5, state="Shipped", from_state="In Review"),
        definition=STATUSES,
    )
    visit = told.visits("Doing")[0]
    assert (visit.outcome, visit.process_micros, visit.unaccounted_micros) == ("bridged", None, 4 * say.HOUR)


def test_blocked_time_is_neither_wait_nor_process() -> None:
    """What is flagged blocked is taken out of the wait or the process time it fell into."""
    told = derived(
        say.created("CHK-1", 0),
        say.moved("CHK-1", "Stuck", 1),
        say.moved("CHK-1", "Freed", 3),
        say.moved("CHK-1", "Doing", 4),
        say.moved("CHK-1", "Stuck", 6),
        say.closed("CHK-1", 9),
        definition=HOLDING,
    )
    visit = told.visits("Work")[0]
    parts = (visit.wait_micros, visit.process_micros, visit.blocked_micros, visit.unaccounted_micros)
    assert parts == (2 * say.HOUR, 2 * say.HOUR, 5 * say.HOUR, 0)


ENDED = Rule(on=("build.finished",))
FREED_AT_ONCE = say.fact("ticket.updated", TICKET, 6, state="Freed", order=1)


@pytest.mark.parametrize(
    ("later", "spans"),
    [((), [1, 3, 6]), ((say.closed("CHK-1", 9),), [1, 3, 6, 9]), ((FREED_AT_ONCE,), [1, 3])],
)
def test_a_visit_says_when_it_was_blocked(later: tuple[FlowEvent, ...], spans: list[float]) -> None:
    """Spans are flat; the last has no end while it lasts, and one of no length is none."""
    moves = [say.moved("CHK-1", state, at) for state, at in (("Stuck", 1), ("Freed", 3), ("Doing", 4), ("Stuck", 6))]
    told = derived(say.created("CHK-1", 0), *moves, *later, definition=HOLDING)
    assert [hours(at) for at in told.visits("Work")[0].blocked_spans] == spans


def test_a_reopened_ticket_counts_against_the_step_before_and_makes_a_new_visit() -> None:
    """A rule `returned` on a finished step sends the work back to the step before it."""
    steps = (
        Step(name="Build", start=Rule(on=("ticket.created",)), finish=Rule(on=("ticket.closed",))),
        Step(
            name="Accept",
            queue=Rule(on=("ticket.closed",)),
            finish=Rule(on=("ticket.updated",), where={"state": ("Accepted",)}),
            returned=Rule(on=("ticket.updated",), where={"state": ("Reopened",)}),
        ),
    )
    told = derived(
        say.created("CHK-1", 0),
        say.closed("CHK-1", 2),
        say.moved("CHK-1", "Accepted", 3),
        say.moved("CHK-1", "Reopened", 5),
        say.closed("CHK-1", 7),
        definition=one_stream(steps),
    )
    first, second = told.visits("Build")
    assert (first.returned, hours(second.started_at), hours(second.finished_at)) == (True, 5, 7)


@pytest.mark.parametrize("wanted", [("human",), ("human", "agent")])
def test_rules_choose_by_attribute_and_actor(wanted: tuple[str, ...]) -> None:
    """`where` reads attributes, `by` the class of the actor."""
    steps = (Step(name="Check", start=Rule(on=("change.reviewed",), where={"decision": ("approved",)}, by=wanted)),)
    told = derived(
        say.reviewed(1, 1, "commented"),
        say.reviewed(1, 2, "approved", ActorClass.BOT),
        say.reviewed(1, 3, "approved"),
        definition=one_stream(steps),
    )
    assert told.stays("Check") == [(None, 3, None)]


def test_parallel_steps_may_overlap_but_an_items_time_is_charged_once() -> None:
    """An hour of review and build is one hour of process; from the merge to production nothing is known."""
    told = derived(
        say.opened(1, 0, say.contains("c1")),
        say.reviewed(1, 1),
        say.run("queued", 1, 1, "c1"),
        say.run("started", 1, 2, "c1"),
        say.run("finished", 1, 3, "c1", Outcome.SUCCESS),
        say.merged(1, 4, "m1"),
        say.began("p1", 6, "m1"),
        say.deployed("p1", 7, "m1"),
    )
    item = told.item(say.change(1))
    parts = (item.process_micros, item.wait_micros, item.blocked_micros, item.unaccounted_micros)
    assert parts == (4 * say.HOUR, say.HOUR, 0, 2 * say.HOUR)


def test_what_is_still_open_of_a_done_item_ended_by_then() -> None:
    """A ticket that is dropped leaves the backlog; when it was given up is not known, so its time is unaccounted."""
    told = derived(say.created("CHK-1", 0), say.closed("CHK-1", 5, "Won't Do"))
    visit = told.visits("Backlog")[0]
    assert (hours(visit.finished_at), visit.outcome, visit.process_micros, visit.unaccounted_micros) == (
        5,
        "bridged",
        None,
        5 * say.HOUR,
    )


def test_a_step_whose_finish_was_lost_is_bridged_when_the_item_is_done() -> None:
    """Nobody said that development ended, but the work is live: the process time is unknown, not endless."""
    told = derived(
        say.committed("c1", 0, branch="main"),
        say.deployed("d1", 3, "c1"),
    )
    visit = told.visits("Develop")[0]
    assert (hours(visit.started_at), hours(visit.finished_at), visit.process_micros) == (0, 3, None)


def test_what_an_open_item_has_open_stays_open() -> None:
    """Only a done item's steps are over."""
    told = derived(say.created("CHK-1", 0), say.committed("c1", 1, say.named("CHK-1")))
    assert told.visits("Develop")[0].finished_at is None


def test_work_sent_back_to_whoever_still_has_it_counts_against_that_visit() -> None:
    """Changes are requested of a draft: development goes on, and was not complete and accurate."""
    told = derived(
        say.committed("c1", 0, say.part_of(say.change(1))),
        say.opened(1, 1, state="draft"),
        say.reviewed(1, 2, "changes_requested"),
        say.readied(1, 4),
    )
    assert [(v.returned, hours(v.finished_at)) for v in told.visits("Develop")] == [(True, 4)]


def test_a_clamped_finish_comes_after_its_start_whatever_the_tool_numbers_it() -> None:
    """The clocks of two machines differ, and the finish has the smaller sequence number."""
    run = "run:ci/acme/1/1"
    told = derived(
        say.fact("pipelinerun.queued", run, 0, say.part_of(say.commit("c1")), order=1),
        say.fact("pipelinerun.started", run, 3, say.part_of(say.commit("c1")), order=5),
        say.fact("pipelinerun.finished", run, 2, say.part_of(say.commit("c1")), order=2),
    )
    assert told.stays("Build") == [(0, 3, 3)]


def test_what_was_started_after_the_item_was_done_is_not_over_before_it_was_started() -> None:
    """Its queue is the last finish, which is the item's too: it was left at its start at the earliest."""
    steps = one_stream((Step(name="Check", start=Rule(on=("build.started",))), Step(name="Ship", finish=ENDED)))
    done = say.fact("build.finished", "run:ci/acme/1/1", 2, say.part_of(TICKET))
    late = say.fact("build.started", "run:ci/acme/2/1", 5, say.part_of(TICKET))
    told = derived(say.created("CHK-1", 0), done, late, definition=steps)
    assert (told.stays("Check"), told.visits("Check")[0].unaccounted_micros) == ([(2, 5, 5)], 0)
