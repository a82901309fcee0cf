from __future__ import annotations

import pytest

from lab.flow import done
from lab.ledger import Ledger, Visit
from lab.work import Item


def spans(ledger: Ledger, step: str) -> list[tuple[int | None, int | None, int | None]]:
    """The stays in a step: queued, started, finished."""
    return [(visit.queued, visit.started, visit.finished) for visit in ledger.visits if visit.step == step]


def offered() -> Ledger:
    """An item whose pull request is open and ready."""
    ledger = Ledger()
    ledger.ticket_created(10)
    ledger.committed(20)
    ledger.offered(30)
    return ledger


def test_an_item_goes_from_backlog_to_review() -> None:
    """The first commit ends the backlog and begins development; the pull request ends that and queues the review."""
    ledger = offered()

    found = [spans(ledger, step) for step in ("Backlog", "Develop", "Review")]

    assert found == [[(10, None, 20)], [(20, 20, 30)], [(30, None, None)]]


def test_only_the_first_commit_picks_an_item_up() -> None:
    """Later commits are work on what is begun already."""
    ledger = offered()
    ledger.committed(40)

    assert spans(ledger, "Develop") == [(20, 20, 30)]


def test_a_draft_ends_no_development() -> None:
    """A draft is not offered to anybody; it is when it becomes ready."""
    ledger = Ledger()
    ledger.committed(20)
    ledger.opened_draft(30)
    ledger.offered(50)

    assert (spans(ledger, "Develop"), spans(ledger, "Review")) == ([(20, 20, 50)], [(50, None, None)])


def test_a_review_that_asks_for_changes_sends_the_item_back() -> None:
    """The review ends as sent back, development is returned to, and the next look at it opens a new review."""
    ledger = offered()
    ledger.sent_back(40)
    ledger.reviewed(60)
    ledger.review_over(70)

    found = (spans(ledger, "Develop"), spans(ledger, "Review"))

    assert found == ([(20, 20, 30), (40, 40, 60)], [(30, 40, 40), (60, 60, 70)])


def test_the_visit_that_was_sent_back_is_marked_in_the_step_before() -> None:
    """%C&A counts what the receiver sent back against the step that passed it on."""
    ledger = offered()
    ledger.sent_back(40)

    marked = [(visit.step, visit.number) for visit in ledger.visits if visit.returned]

    assert marked == [("Develop", 1)]


def test_a_merge_without_a_second_look_ends_the_correction() -> None:
    """Merged as it was corrected: a second review of no length, never started."""
    ledger = offered()
    ledger.sent_back(40)
    ledger.review_over(55)

    assert spans(ledger, "Review")[1] == (55, None, 55)


def test_a_second_run_during_a_first_is_part_of_one_visit() -> None:
    """Runs overlap: the first finish ends the visit, the second makes one of unknown begin."""
    ledger = Ledger()
    ledger.run_queued(10)
    ledger.run_started(11)
    ledger.run_queued(12)
    ledger.run_finished(20)
    ledger.run_finished(25)

    assert spans(ledger, "Build") == [(10, 11, 20), (None, None, 25)]


def test_going_live_ends_verification_and_begins_deployment() -> None:
    """Verify ends where the production deployment starts; Deploy waits for nothing."""
    ledger = Ledger()
    ledger.in_test(10)
    ledger.going_live(30)
    ledger.live(35)

    assert (spans(ledger, "Verify"), spans(ledger, "Deploy")) == ([(10, None, 30)], [(30, 30, 35)])


def test_a_tool_that_tells_only_the_end_leaves_the_start_unknown() -> None:
    """Without a start, Deploy has no process time; it is queued by the end of verification."""
    ledger = Ledger()
    ledger.in_test(10)
    ledger.live(35)

    assert spans(ledger, "Deploy") == [(35, None, 35)]


@pytest.mark.parametrize(
    ("visit", "expected"),
    [
        (Visit(step="Review", number=1, queued=10, started=15, finished=40), (5, 25, 30, 0)),
        (Visit(step="Review", number=1, queued=10, finished=40), (None, None, 30, 30)),
        (Visit(step="Review", number=1, started=15, finished=40), (None, 25, None, None)),
        (Visit(step="Review", number=1, queued=10), (None, None, None, None)),
    ],
)
def test_unknown_is_none_and_never_zero(visit: Visit, expected: tuple[int | None, ...]) -> None:
    """What a missing boundary bounds is unknown; what nobody accounts for is said."""
    parts = (visit.wait, visit.process, visit.lead, visit.unaccounted)

    assert parts == expected


def test_a_reopened_item_is_not_done_until_it_is_live_again() -> None:
    """Closing, reopening: the earlier arrival in production no longer finishes the item."""
    item = Item(uri="ticket:jira/CHK-1", kind=None)
    item.moved(50, "Done")
    item.moved(60, "Reopened")
    visits = [Visit(step="Deploy", number=1, queued=40, started=40, finished=45)]

    assert done(item, visits, 100) is None
