"""The bounds of means and of ratios of sums: what always holds."""

from __future__ import annotations

from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.mean_bounds import Moments, mean_bounds, moments
from metrics.ratio_bounds import Sums, ratio_bounds
from metrics.sketch import Sketch

SAMPLES = st.lists(st.integers(min_value=0, max_value=10**13), min_size=5, max_size=60)
THINGS = st.lists(st.tuples(st.integers(0, 10**13), st.integers(0, 10**13)).filter(any), min_size=5, max_size=40)


def of(values: list[int]) -> Moments:
    """The moments of some durations, from their bins."""
    sketch = Sketch.of(values)
    bins = sorted(sketch.counts)
    return moments(bins, list(accumulate(sketch.counts[number] for number in bins)), sketch.total / sketch.n)


def sums(things: list[tuple[int, int]]) -> Sums:
    """The sums over things, each (active, waiting): active of both."""
    pairs = [(active, active + waiting) for active, waiting in things]
    return Sums(
        part=sum(a for a, _ in pairs),
        whole=sum(w for _, w in pairs),
        part_squared=sum(a * a for a, _ in pairs),
        product=sum(a * w for a, w in pairs),
        whole_squared=sum(w * w for _, w in pairs),
    )


def test_moments_are_those_of_the_values() -> None:
    """Small amounts are exact in their bins: 1, 2, 3, 4, 10 has a variance of 12.5 and a skewness of 1.6971."""
    assert of([1, 2, 3, 4, 10]) == pytest.approx((5, 4, 12.5, 1.6971), rel=1e-4)


@given(SAMPLES)
@settings(max_examples=100, deadline=None)
def test_bounds_of_a_mean_hold_it_and_are_not_negative(values: list[int]) -> None:
    """Durations are never negative, nor is their mean."""
    lower, upper = mean_bounds(of(values))
    assert 0 <= lower <= sum(values) / len(values) <= upper


@given(SAMPLES)
@settings(max_examples=60, deadline=None)
def test_the_same_values_four_times_over_bound_the_mean_more_closely(values: list[int]) -> None:
    """More of the same makes surer."""
    (low, high), (low4, high4) = mean_bounds(of(values)), mean_bounds(of(values * 4))
    assert high4 - low4 <= high - low


@given(st.floats(0.01, 3), st.floats(-3, 6), st.integers(5, 5_000), st.floats(0.001, 1_000))
@settings(max_examples=100, deadline=None)
def test_bounds_of_a_mean_go_with_the_unit(variation: float, skewness: float, n: int, unit: float) -> None:
    """Minutes instead of seconds: sixty times less, bounds and all."""
    scaled = mean_bounds(Moments(n, unit, (variation * unit) ** 2, skewness))
    assert scaled == pytest.approx([unit * at for at in mean_bounds(Moments(n, 1.0, variation**2, skewness))])


def test_without_skewness_and_with_many_the_bounds_are_students() -> None:
    """A million values, symmetric about 100 with a standard deviation of 1: 1.96 thousandths on both sides."""
    assert mean_bounds(Moments(1_000_000, 100.0, 1.0, 0.0)) == pytest.approx((99.99804, 100.00196), abs=1e-5)


def test_a_mean_of_amounts_that_are_all_the_same_is_that_amount() -> None:
    """Ten batches of one item each."""
    assert mean_bounds(of([1] * 10)) == (1, 1)


def test_durations_that_are_all_in_one_bin_are_known_to_the_bin() -> None:
    """Half an hour each time: the bounds of the mean allow for where in the bin they lie."""
    lower, upper = mean_bounds(of([1_800_000_000] * 10))
    assert 0.99 < lower / 1_800_000_000 < 1 < upper / 1_800_000_000 < 1.01


@given(THINGS)
@settings(max_examples=150, deadline=None)
def test_bounds_of_a_ratio_hold_it(things: list[tuple[int, int]]) -> None:
    """Both are shares, and the ratio of the sums lies between them."""
    given_sums = sums(things)
    lower, upper = ratio_bounds(given_sums)
    assert lower is not None
    assert upper is not None
    assert 0 <= lower <= given_sums.part / given_sums.whole <= upper <= 1


@given(THINGS, st.integers(2, 1_000))
@settings(max_examples=60, deadline=None)
def test_bounds_of_a_ratio_do_not_depend_on_the_unit(things: list[tuple[int, int]], unit: int) -> None:
    """The same times in a finer unit."""
    finer = [(active * unit, waiting * unit) for active, waiting in things]
    assert ratio_bounds(sums(finer)) == pytest.approx(ratio_bounds(sums(things)))


@given(THINGS)
@settings(max_examples=60, deadline=None)
def test_bounds_of_a_ratio_are_symmetric(things: list[tuple[int, int]]) -> None:
    """The waiting share's bounds are the active one's seen from 1."""
    lower, upper = ratio_bounds(sums(things))
    assert lower is not None
    assert upper is not None
    swapped = ratio_bounds(sums([(waiting, active) for active, waiting in things]))
    assert swapped == pytest.approx((1 - upper, 1 - lower), abs=1e-6)


def test_one_thing_that_outweighs_all_others_makes_nothing_sure() -> None:
    """A month's item active for 30 % of it, and four of an hour: the ratio is the one item's, whatever the four did."""
    lower, upper = ratio_bounds(sums([(216, 504), *[(1, 0)] * 4]))
    assert ((lower or 0) < 0.06, (upper or 0) > 0.8) == (True, True)


@given(THINGS)
@settings(max_examples=60, deadline=None)
def test_the_same_things_four_times_over_bound_the_ratio_more_closely(things: list[tuple[int, int]]) -> None:
    """More of the same makes surer."""
    low, high = ratio_bounds(sums(things))
    low4, high4 = ratio_bounds(sums(things * 4))
    assert None not in {low, high, low4, high4}
    assert (high4 or 0) - (low4 or 0) <= (high or 0) - (low or 0) + 1e-9


@pytest.mark.parametrize(
    "given_sums", [Sums(0, 0, 0, 0, 0), Sums(2, 1, 4, 2, 1)], ids=["nothing", "more than the whole"]
)
def test_what_is_no_share_of_a_whole_has_no_bounds(given_sums: Sums) -> None:
    """Unknown, rather than something."""
    assert ratio_bounds(given_sums) == (None, None)


def test_where_nobody_ever_worked_the_ratio_is_bounded_as_a_share_of_so_many_things() -> None:
    """Ten items of one length, none of them active: as Wilson bounds 0 of 10."""
    assert ratio_bounds(sums([(0, 60)] * 10)) == pytest.approx((0.0, 0.2775), abs=1e-4)
