"""The constraint: where work stands longest, how sure that is, and since when."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.constraint import ANNOUNCED, constraint, constraint_age_seconds, constraint_ratio, constraint_score
from metrics.reading import Basis, Reading, StepTally
from metrics.slices import Slice, edges
from schemas.derived import StepVisit
from schemas.measurement import Measurement
from tests.builders.measured import DAY, HOUR, MINUTE, NOW, STREAM, fed, visit
from tests.builders.queues import STEPS, balanced, simulate


def said(rows: list[StepVisit], metric: str, window: str, now: int = NOW) -> dict[str, Measurement]:
    """What is said of each step."""
    everything = fed(rows, now).measure_all(now, {})
    return {m.step: m for m in everything if (m.metric, m.window, m.value_stream) == (metric, window, STREAM)}


def limiting(rows: list[StepVisit], window: str = "30d") -> str | None:
    """The step that is announced."""
    return constraint(
        [
            Reading(statistic="ratio", value=m.value, n=m.n, step=m.step)
            for m in said(rows, "constraint_ratio", window).values()
        ]
    )


def passing(step: str, hours: int, number: int = 60, before: int = NOW) -> list[StepVisit]:
    """Visits that ended twelve hours apart and stayed so long."""
    ends = [before - (i + 1) * 12 * HOUR for i in range(number)]
    return [visit(f"{end}", step, queued=end - hours * HOUR, finished=end) for end in ends]


def test_the_slowest_step_limits() -> None:
    """With the same arrivals, the step with by far the longest lead is the constraint."""
    assert limiting([*passing("Develop", 5), *passing("Review", 40), *passing("Build", 1)]) == "Review"


def test_a_growing_queue_limits() -> None:
    """A step where work arrives and does not leave is the constraint, though nothing it finished was slow."""
    stuck = [visit(f"stuck:{i}", "Verify", queued=NOW - i * 12 * HOUR) for i in range(1, 60)]
    assert limiting([*passing("Develop", 30), *passing("Verify", 1), *stuck]) == "Verify"


def test_that_none_limits_is_an_answer() -> None:
    """Steps that hold about the same announce none; what they hold is known all the same."""
    rows = [*passing("Develop", 20), *passing("Review", 25), *passing("Verify", 20)]
    assert {m.value for m in said(rows, "constraint_ratio", "30d").values()} == {0.0}


def test_the_inlet_is_demand() -> None:
    """However much stands in the backlog, it is not the constraint."""
    waiting = [visit(f"idea:{i}", "Backlog", queued=NOW - 60 * DAY) for i in range(50)]
    assert limiting([*waiting, *passing("Review", 2)]) == "Review"


def test_the_constraint_of_now_limits() -> None:
    """Where it has moved, the step that limits now is told, over a window in which the other held as much, too."""
    moved = [*passing("Review", 60, 70, NOW - 35 * DAY), *passing("Verify", 60, 70), *passing("Develop", 6, 140)]
    assert (limiting(moved, "90d"), limiting(moved, "30d")) == ("Verify", "Verify")


def test_too_little_is_unknown() -> None:
    """Nineteen visits do not say which step limits; five say where work stands."""
    rows = passing("Review", 40, number=19)
    ratio, score = (said(rows, f"constraint_{name}", "30d")["Review"].value for name in ("ratio", "score"))
    assert (ratio, score, limiting(rows)) == (None, 1.0, None)


def test_nothing_at_all_is_unknown() -> None:
    """No steps, no scores, no constraint."""
    basis = Basis(now=NOW)
    answers = constraint_score(basis), constraint_ratio(basis), constraint_age_seconds(basis), constraint([])
    assert answers == ((), (), (), None)


def test_a_map_of_nothing_but_an_inlet_has_no_constraint() -> None:
    """Demand alone limits nothing, and asking does no harm."""
    now, start = NOW, NOW - 90 * DAY
    inlet = StepTally(step="Ideas", counts={}, is_inlet=True)
    basis = Basis(now=now, window_start=start, seconds=90 * 86_400, steps=(inlet,), edges=edges(4, now))
    assert [metric(basis) for metric in (constraint_score, constraint_ratio, constraint_age_seconds)] == [(), (), ()]


def test_only_the_announced_step_has_an_age() -> None:
    """The others have been the constraint for no time; nobody's age is known where nobody can tell which limits."""
    clear = said([*passing("Develop", 5), *passing("Review", 40)], "constraint_age_seconds", "7d")
    longer = said([*passing("Develop", 5), *passing("Review", 40)], "constraint_age_seconds", "30d")
    unknown = {m.value for m in clear.values()}
    assert (longer["Develop"].value, (longer["Review"].value or 0) > 25 * 86_400, unknown) == (0.0, True, {None})


@pytest.mark.parametrize("days", [20, 30, 45])
def test_the_age_is_the_time_since_it_moved(days: int) -> None:
    """To two slices of the window: six of ninety days."""
    old, new = passing("Review", 60, 60, NOW - days * DAY), passing("Verify", 60, days * 2)
    age = said([*old, *new, *passing("Develop", 6, 150)], "constraint_age_seconds", "90d")["Verify"].value
    assert age == pytest.approx(days * 86_400, abs=6 * 86_400)


def test_the_age_does_not_depend_on_when_it_was_measured() -> None:
    """Measures that have been asked all along say what fresh ones say."""
    rows = [row for row in simulate(balanced(), 3) if isinstance(row, StepVisit)] + passing("Review", 90, 120)
    asked = fed(rows, NOW - 9 * DAY)
    for hours in range(0, 9 * 24, 13):
        asked.measure(NOW - 9 * DAY + hours * HOUR, {})
    metrics = {"constraint_age_seconds", "constraint_ratio", "constraint_score"}
    both = ([m for m in each.measure_all(NOW, {}) if m.metric in metrics] for each in (asked, fed(rows)))
    assert next(both) == next(both)


def test_a_lull_does_not_end_it() -> None:
    """A week in which another step held more is outweighed by the weeks since."""
    lull = [visit(f"lull:{i}", "Develop", queued=NOW - 40 * DAY, finished=NOW - 36 * DAY) for i in range(12)]
    age = said([*passing("Review", 60, 150), *lull], "constraint_age_seconds", "90d")["Review"].value
    assert age is not None
    assert age > 70 * 86_400


@pytest.mark.parametrize(("window", "share"), [("24h", 0.5), ("7d", 0.5)])
def test_only_time_inside_the_window_stands(window: str, share: float) -> None:
    """What stood before the window is not in it: two steps full for all of it share it, whenever they filled."""
    old = [visit(f"a:{i}", "Develop", started=NOW - 80 * DAY) for i in range(5)]
    young = [visit(f"b:{i}", "Review", queued=NOW - 8 * DAY) for i in range(5)]
    scores = {step: m.value for step, m in said([*old, *young], "constraint_score", window).items() if m.value}
    assert scores == {"Develop": share, "Review": share}


def test_scores_sum_to_one_and_lie_in_their_bounds() -> None:
    """Where every step's share is known they are shares of one whole."""
    scores = said([*passing("Develop", 5), *passing("Review", 40), *passing("Build", 1)], "constraint_score", "30d")
    known = [m for m in scores.values() if m.value is not None]
    inside = [(m.lower or 0) <= (m.value or 0) <= (m.upper or 0) for m in known]
    assert (round(sum(m.value or 0 for m in known), 9), inside) == (1.0, [True] * 3)


_COUNTS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=4, max_size=30)


@given(st.lists(_COUNTS, min_size=1, max_size=5), st.integers(0, 50))
@settings(max_examples=60, deadline=None)
def test_confidences_are_a_lower_bound_of_chances(steps: list[list[tuple[int, int]]], standing: int) -> None:
    """Each lies in [0, 1], at most one step has any, and ages lie inside the window."""
    number = min(len(each) for each in steps)
    basis = Basis(
        now=NOW,
        window_start=NOW - number * HOUR,
        edges=tuple(NOW - (number - i) * HOUR for i in range(number + 1)),
        steps=tuple(tally(f"s{i}", each[:number], standing) for i, each in enumerate(steps)),
    )
    confidences = [r.value for r in constraint_ratio(basis) if r.value is not None]
    ages = [r.value for r in constraint_age_seconds(basis) if r.value is not None]
    sound = all(0 <= c <= 1 for c in confidences) and sum(c > 0 for c in confidences) <= 1
    assert (sound, all(0 <= age <= number * 3_600 for age in ages)) == (True, True)


def tally(step: str, counts: list[tuple[int, int]], standing: int) -> StepTally:
    """A step in which so many arrived and left in the middle of each hour, with never less than none open."""
    parts, now = [], standing
    for i, (arrived, left) in enumerate(counts):
        gone = min(left, now + arrived)
        change, at = arrived - gone, NOW - (len(counts) - i) * HOUR + 30 * MINUTE
        parts.append(Slice(arrived, gone, change, change * at))
        now += change
    return StepTally(step=step, counts={}, open=now, slices=tuple(parts))


def test_what_is_announced_is_at_least_so_sure() -> None:
    """The rule is closed: 95 %."""
    readings = [Reading(statistic="ratio", value=value, n=9, step=str(value)) for value in (0.2, 0.949, None)]
    assert (constraint(readings), ANNOUNCED) == (None, 0.95)


def test_simulated_steps_pass_work_on() -> None:
    """The simulator's rows are visits in series: each is queued where the one before has finished."""
    rows = [row for row in simulate(balanced(), 1) if isinstance(row, StepVisit) and row.item_id == "ticket:7"]
    assert ([row.step for row in rows], [a.finished_at == b.queued_at for a, b in pairwise(rows)]) == (
        list(STEPS), [True] * 4,
    )  # fmt: skip
