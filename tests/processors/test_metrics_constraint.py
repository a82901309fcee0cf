"""The constraint: where work stands longest, by the exact area under the open visits."""

from __future__ import annotations

import pytest

from metrics.constraint import constraint, constraint_score
from metrics.reading import Basis, Reading
from schemas.derived import StepVisit
from tests.builders.measured import DAY, HOUR, NOW, STREAM, fed, visit


def limiting(rows: list[StepVisit], window: str = "30d") -> str | None:
    """The step with the greatest score."""
    said = [m for m in fed(rows).measure_all(NOW, {}) if m.metric == "constraint_score" and m.window == window]
    return constraint([Reading(statistic="ratio", value=m.value, n=m.n, step=m.step) for m in said])


def passing(step: str, hours: int, number: int = 12) -> list[StepVisit]:
    """Visits that came twelve hours apart and stayed so long."""
    ends = [NOW - (i + 1) * 12 * HOUR for i in range(number)]
    return [visit(f"ticket:{i}", step, queued=end - hours * HOUR, finished=end) for i, end in enumerate(ends)]


def test_the_slowest_step_limits() -> None:
    """With the same arrivals, the step with the longest lead is the constraint."""
    assert limiting([*passing("Develop", 5), *passing("Review", 40), *passing("Build", 1)]) == "Review"


def test_a_growing_queue_limits() -> None:
    """A step where work arrives and does not leave is the constraint, though nothing it finished was slow."""
    stuck = [visit(f"stuck:{i}", "Verify", queued=NOW - i * DAY) for i in range(1, 15)]
    assert limiting([*passing("Develop", 30), *passing("Verify", 1), *stuck]) == "Verify"


def test_the_inlet_is_demand() -> None:
    """However much stands in the backlog, it is not the constraint."""
    waiting = [visit(f"idea:{i}", "Backlog", queued=NOW - 60 * DAY) for i in range(50)]
    assert limiting([*waiting, *passing("Review", 2)]) == "Review"


def test_too_little_is_unknown() -> None:
    """Four visits say nothing."""
    assert limiting(passing("Review", 40, number=4)) is None


def test_nothing_at_all_is_unknown() -> None:
    """No steps, no scores, no constraint."""
    assert (constraint_score(Basis(now=NOW)), constraint([])) == ((), None)


@pytest.mark.parametrize(("window", "share"), [("24h", 0.5), ("7d", 0.5)])
def test_only_time_inside_the_window_stands(window: str, share: float) -> None:
    """What stood before the window is not in it: two steps full for all of it share it, whenever they filled."""
    old = [visit(f"a:{i}", "Develop", started=NOW - 80 * DAY) for i in range(5)]
    young = [visit(f"b:{i}", "Review", queued=NOW - 8 * DAY) for i in range(5)]
    everything = fed([*old, *young]).measure_all(NOW, {})
    said = [m for m in everything if (m.metric, m.window) == ("constraint_score", window)]
    assert {m.step: m.value for m in said if m.value} == {"Develop": share, "Review": share}


def test_scores_sum_to_one() -> None:
    """Where every step's share is known they are shares of one whole."""
    rows = [*passing("Develop", 5), *passing("Review", 40), *passing("Build", 1)]
    scores = [
        m.value or 0.0
        for m in fed(rows).measure_all(NOW, {})
        if (m.metric, m.window, m.value_stream) == ("constraint_score", "30d", STREAM)
    ]
    assert sum(scores) == pytest.approx(1)
