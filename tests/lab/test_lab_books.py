"""The lab's own judgements, working time and long ways, by small cases that can be checked by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.flow import flow
from lab.judging import Setback, judge
from lab.ledger import Ledger, Verdict
from lab.organisation import Hours
from lab.work import Item
from lab.working import working

BERLIN = Hours(zone="Europe/Berlin", holidays=("2025-12-25",))
HOUR = 3_600


def deployed() -> Ledger:
    """An item that went all the way: committed at 20, offered at 30, merged at 60, live at 100."""
    ledger = Ledger()
    ledger.ticket_created(10)
    ledger.committed(20)
    ledger.offered(30)
    ledger.reviewed(50)
    ledger.review_over(60)
    ledger.in_test(70)
    ledger.going_live(90)
    ledger.live(100)
    return ledger


def verdicts(ledger: Ledger, *setbacks: Setback, end: int = 1_000) -> dict[str, tuple[str, int]]:
    """By step, what showed its stay to be wrong and when."""
    judge(ledger.visits, setbacks, end)
    return {v.step: (v.verdict.evidence, v.verdict.at) for v in ledger.visits if v.verdict is not None}


def test_a_failed_build_speaks_against_what_was_passed_on_before_its_stay_began() -> None:
    """Development was done at 30, the build began at 40 and failed at 45."""
    ledger = Ledger()
    ledger.committed(20)
    ledger.offered(30)
    ledger.run_queued(40)
    ledger.run_started(41)
    ledger.run_failed(45)

    assert verdicts(ledger) == {"Develop": ("failed_build", 45)}


def test_a_build_that_fails_before_anything_was_passed_on_speaks_against_nobody() -> None:
    """Work in progress is nobody's hand-over, and the backlog passes on nothing that could be wrong."""
    ledger = Ledger()
    ledger.ticket_created(10)
    ledger.committed(20)
    ledger.run_queued(22)
    ledger.run_failed(25)

    assert verdicts(ledger) == {}


def test_a_reopened_ticket_speaks_against_who_was_done_last() -> None:
    """The deployment at 100 was the last to be done."""
    assert verdicts(deployed(), Setback(at=200, evidence="reopened")) == {"Deploy": ("reopened", 200)}


def test_a_revert_speaks_against_who_was_done_last_when_it_landed() -> None:
    """At 80 the review was done, the deployment was not."""
    assert verdicts(deployed(), Setback(at=80, evidence="reverted")) == {"Review": ("reverted", 80)}


def test_the_work_on_a_revert_is_not_what_it_reverts() -> None:
    """The review of the revert was done when it landed; what it takes back was the deployment's."""
    ledger = deployed()
    ledger.of = "change:revert"
    ledger.offered(150)
    ledger.reviewed(160)
    ledger.review_over(170)

    found = verdicts(ledger, Setback(at=170, evidence="reverted", by="change:revert"))

    assert found == {"Deploy": ("reverted", 170)}


def test_a_review_that_sends_work_back_passes_nothing_on() -> None:
    """A build that fails afterwards speaks against development."""
    ledger = Ledger()
    ledger.committed(20)
    ledger.offered(30)
    ledger.sent_back(40)
    ledger.run_queued(45)
    ledger.run_failed(50)
    for visit in ledger.visits:
        visit.verdict = None

    assert verdicts(ledger) == {"Develop": ("failed_build", 50)}


def test_a_rollback_speaks_against_the_deployment_that_it_undid() -> None:
    """Whatever was done meanwhile."""
    ledger = deployed()
    ledger.run_queued(120)
    ledger.run_finished(130)

    found = verdicts(ledger, Setback(at=150, evidence="rolled_back", deployed=100))

    assert found == {"Deploy": ("rolled_back", 150)}


def test_the_earliest_judgement_stands() -> None:
    """A rollback after a reopening changes nothing."""
    found = verdicts(
        deployed(), Setback(at=300, evidence="rolled_back", deployed=100), Setback(at=200, evidence="reopened")
    )

    assert found == {"Deploy": ("reopened", 200)}


def test_what_happens_after_the_end_is_not_known() -> None:
    """The run ends at 150."""
    assert verdicts(deployed(), Setback(at=200, evidence="reopened"), end=150) == {}


def test_of_two_judgements_at_one_time_the_first_in_order_stands() -> None:
    """A review's word counts before a rollback's."""
    ledger = deployed()
    ledger.visits[0].find_wrong(Verdict(5, "rolled_back"))
    ledger.visits[0].find_wrong(Verdict(5, "changes_requested"))

    assert ledger.visits[0].verdict == Verdict(5, "changes_requested")


def test_stays_beside_one_another_are_effort_but_only_the_longest_is_on_the_way() -> None:
    """A build of 3 within a review of 10 that ended last: effort has both, the way the review."""
    item = Item(uri="change:1", kind=None)
    ledger = Ledger()
    ledger.committed(20)
    ledger.offered(30)
    ledger.reviewed(50)
    ledger.run_queued(50)
    ledger.run_started(52)
    ledger.run_finished(55)
    ledger.review_over(60)
    ledger.going_live(90)
    ledger.live(100)

    found = flow(item, ledger.visits, 1_000)

    assert (found.effort, found.path_process) == (10 + 10 + 3 + 10, 10 + 10 + 10)


def at(text: str, zone: str = "Europe/Berlin") -> int:
    """The second of a wall clock's time."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp())


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2025-10-24 08:00", "2025-10-24 18:00", 8.0),
        ("2025-10-24 16:00", "2025-10-27 10:00", 2.0),
        ("2025-12-24 16:00", "2025-12-26 10:00", 2.0),
        ("2025-10-25 00:00", "2025-10-27 00:00", 0.0),
        ("2025-10-27 12:00", "2025-10-27 11:00", 0.0),
    ],
)
def test_working_time_is_what_the_clock_on_the_wall_shows(start: str, end: str, hours: float) -> None:
    """From nine to five; over the change of the clocks, a holiday, a weekend; backwards it is none."""
    assert working(BERLIN, at(start), at(end)) == hours * HOUR


@given(st.integers(1_760_000_000, 1_770_000_000), st.integers(0, 40 * 24 * HOUR))
@settings(max_examples=30, deadline=None)
def test_working_time_is_that_of_its_minutes(start: int, length: int) -> None:
    """Every twentieth minute asked by itself gives the same, give or take one at each boundary."""
    step = 20 * 60
    zone = ZoneInfo(BERLIN.zone)
    inside = 0
    for second in range(start, start + length, step):
        wall = datetime.fromtimestamp(second, UTC).astimezone(zone)
        free = wall.weekday() > 4 or wall.date().isoformat() in BERLIN.holidays
        inside += 9 <= wall.hour < 17 and not free

    found = working(BERLIN, start, start + length) or 0

    assert abs(found - inside * step) <= step * (2 + length // (24 * HOUR))


def test_without_hours_or_an_end_working_time_is_unknown() -> None:
    """Unknown, not 0."""
    assert (working(None, 0, 10), working(BERLIN, None, 10), working(BERLIN, 0, None)) == (None, None, None)
