from __future__ import annotations

import msgspec
import pytest

from lab.coverage import Coverage, coverage, is_pooled, overall, together
from lab.gathering import Gathered, Place
from lab.long_run import FILE, SEEDS, LongRun, drawn, long_run
from lab.organisation import STREAMS
from lab.score_measurements import Comparison, errors, metric_errors
from lab.true_numbers import TrueNumber, family, true_numbers

FLOW = Place("checkout", "flow_time_seconds")
RATIO = Place("checkout", "step_complete_accurate_ratio", "Review")


def compared(
    seen: float | None, true: float | None, lower: float | None = None, upper: float | None = None
) -> Comparison:
    """A measured median of flow time beside its true value."""
    return Comparison(number=(FLOW, "p50"), true=TrueNumber(true, 9), seen=seen, lower=lower, upper=upper)


def test_the_long_run_is_of_the_process_that_the_lab_draws_now() -> None:
    """Where a draw of the lab changes, `python -m lab.long_run` has to be run again."""
    kept = msgspec.json.decode(FILE.read_bytes(), type=LongRun)

    assert kept.first == drawn()


def test_the_long_run_knows_every_stream() -> None:
    """Times, shares and counts of each."""
    kept = long_run()

    assert ({place.value_stream for place, _ in kept}, SEEDS) == ({stream.name for stream in STREAMS}, 200)


def test_an_interval_that_holds_the_long_run_is_counted_as_held() -> None:
    """One around it, one beside it; one without bounds is none."""
    found = coverage([compared(5, 5, 4, 6), compared(5, 5, 7, 8), compared(5, 5)], {(FLOW, "p50"): 5.0})

    assert {kind: (one.held, one.of) for kind, one in found.items()} == {("quantiles p50", "flow_time_seconds"): (1, 2)}


def test_coverage_of_several_runs_is_added_up() -> None:
    """By family, and in all."""
    one = {("means", "a"): Coverage(held=1, of=2), ("shares", "b"): Coverage(held=3, of=3)}

    found = together([one, one], by=0)

    assert (found["means"].of, overall(found)) == (4, 8 / 10)


def test_of_no_intervals_no_coverage_is_known() -> None:
    """The empty case: unknown, not 0."""
    assert (overall({}), Coverage().ratio) == (None, None)


def test_what_holds_now_has_no_long_run() -> None:
    """It is no sample."""
    assert not is_pooled((Place("checkout", "flow_load"), "now"))


def test_runs_put_together_pool_samples_and_average_counts() -> None:
    """Two runs of five values each are ten values; their counts are a run's."""
    one, other = Gathered(), Gathered()
    for run, values in ((one, (1, 2, 3, 4, 5)), (other, (6, 7, 8, 9, 10))):
        for value in values:
            run.sample(FLOW, value)
            run.count(Place("checkout", "flow_velocity"))
    one.add(other)

    found = true_numbers(one)

    assert (found[FLOW, "p50"].value, found[Place("checkout", "flow_velocity"), "count"].value) == (5, 5)


def test_few_things_say_nothing() -> None:
    """Quantiles and ratios of fewer than five are unknown, as is a product with one."""
    found = Gathered()
    for _ in range(4):
        found.sample(FLOW, 1)
        found.part(RATIO, 1)

    numbers = true_numbers(found)

    rolled = Place("checkout", "rolled_complete_accurate_ratio")
    assert {numbers[at].value for at in ((FLOW, "p50"), (RATIO, "ratio"), (rolled, "ratio"))} == {None}


@pytest.mark.parametrize(
    ("seen", "true", "met"),
    [(100.9, 100.0, True), (101.5, 100.0, False), (None, 100.0, False), (100.0, None, False), (None, None, True)],
)
def test_a_quantile_is_as_it_must_be_within_the_sketch(seen: float | None, true: float | None, met: bool) -> None:  # noqa: FBT001 - a case
    """Within one in a hundred; unknown where it truly is, and only there."""
    assert compared(seen, true).met is met


def test_the_error_of_a_metric_is_over_all_its_series() -> None:
    """Half of one in a hundred off, and one that is unknown to one side alone."""
    found = metric_errors([errors([compared(100.5, 100.0), compared(None, 100.0)]), errors([compared(100.0, 100.0)])])
    one = found["flow_time_seconds"]

    told = [one.compared, one.unlike, round((one.median or 0) * 10_000), round((one.max or 0) * 10_000)]
    assert told == [2, 1, 25, 50]


@pytest.mark.parametrize(
    ("number", "name"),
    [
        ((FLOW, "p85"), "quantiles p85"),
        ((FLOW, "mean"), "means"),
        ((RATIO, "ratio"), "shares"),
        ((Place("checkout", "rolled_complete_accurate_ratio"), "ratio"), "products of shares"),
        ((Place("checkout", "takt_seconds"), "mean"), "rates"),
        ((Place("checkout", "flow_velocity"), "count"), "counts"),
        ((Place("checkout", "flow_time_met_ratio"), "p85"), "shares"),
    ],
)
def test_every_interval_is_of_a_family(number: tuple[Place, str], name: str) -> None:
    """By its statistic, and by what is behind a ratio."""
    assert family(number) == name
