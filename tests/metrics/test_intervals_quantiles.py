"""The bounds of quantiles: ranks of the tables, exact chances, and what a sketch's bins allow."""

from __future__ import annotations

from itertools import accumulate
from math import ceil, comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.quantile_bounds import EXACT_UP_TO, Ranked, rank_bounds
from metrics.sketch import Sketch, bin_of, edges_of, quantile_rank

QUANTILES = st.sampled_from([0.5, 0.85, 0.95])
MINUTE = 60_000_000


def misses(rank: int, n: int, q: float) -> float:
    """The chance that fewer than `rank` of n values lie at or below the quantile: that this rank lies above it."""
    return sum(comb(n, i) * q**i * (1 - q) ** (n - i) for i in range(rank))


def ranked(*values: int) -> Ranked:
    """Some values, as a sketch's bins hold them."""
    counts = Sketch.of(values).counts
    bins = sorted(counts)
    return Ranked(bins, list(accumulate(counts[number] for number in bins)))


@pytest.mark.parametrize(
    ("n", "q", "low", "high"),
    [
        pytest.param(5, 0.5, 1, 5, id="of five the smallest and the greatest: 93.75 %"),
        pytest.param(6, 0.5, 1.36, 5.64, id="six"),
        pytest.param(10, 0.5, 2.66, 8.34, id="ten: the tables' ranks 2 and 9 cover 97.9 %"),
        pytest.param(100, 0.5, 40.76, 60.24, id="a hundred: the tables' ranks 40 and 61 cover 96.5 %"),
        pytest.param(5, 0.95, 4.13, None, id="of five the 95th percentile has no upper bound"),
        pytest.param(62, 0.95, 56.44, None, id="nor of 62"),
        pytest.param(63, 0.95, 55.88, 63, id="of 63 it is the greatest value"),
    ],
)
def test_ranks_are_between_those_of_the_tables(n: int, q: float, low: float, high: float | None) -> None:
    """Tables of distribution-free intervals print whole ranks, which cover more than 95 %; ours lie inside them."""
    assert rank_bounds(n, q) == pytest.approx((low, high), abs=0.01)


@given(st.integers(min_value=73, max_value=300), QUANTILES)
@settings(max_examples=60, deadline=None)
def test_each_bound_lies_between_the_ranks_on_both_sides_of_one_miss_in_forty(n: int, q: float) -> None:
    """The whole rank below the lower bound misses with at most 2.5 %, the next one with more; so too the upper."""
    low, high = rank_bounds(n, q)
    assert low is not None
    assert high is not None
    below, above = int(low), n + 1 - int(n + 1 - high)
    sides = (
        misses(below, n, q) <= 0.025 <= misses(below + 1, n, q),
        1 - misses(above, n, q) <= 0.025 <= 1 - misses(above - 1, n, q),
    )
    assert sides == (True, True)


@given(st.integers(min_value=5, max_value=72), QUANTILES)
@settings(max_examples=60, deadline=None)
def test_both_bounds_together_miss_about_one_time_in_twenty_whatever_n(n: int, q: float) -> None:
    """The ranks outside of both bounds miss with at most 7 %, those inside with 5 % at least."""
    low, high = rank_bounds(n, q)
    outside = (misses(int(low), n, q) if low else 0) + (1 - misses(ceil(high), n, q) if high else 0)
    inside = (misses(ceil(low), n, q) if low else 0) + (1 - misses(int(high), n, q) if high else 0)
    assert outside <= 0.07
    assert inside >= 0.05


@given(st.integers(min_value=EXACT_UP_TO - 40, max_value=EXACT_UP_TO), QUANTILES)
@settings(max_examples=30, deadline=None)
def test_the_expansion_goes_on_where_the_exact_law_ends(n: int, q: float) -> None:
    """From just below to just above the exact range the bounds move on by the quantile's share of the values."""
    exact, expanded = rank_bounds(n, q), rank_bounds(n + 41, q)
    assert exact[0] is not None
    assert exact[1] is not None
    assert expanded[0] is not None
    assert expanded[1] is not None
    moved = (expanded[0] - exact[0], expanded[1] - exact[1])
    assert moved == pytest.approx((41 * q, 41 * q), abs=1.5)


@given(st.integers(min_value=5, max_value=200_000), QUANTILES)
@settings(max_examples=200, deadline=None)
def test_the_quantiles_own_rank_lies_inside(n: int, q: float) -> None:
    """Bounds are ranks, and around the value's."""
    low, high = rank_bounds(n, q)
    rank = quantile_rank(n, q)
    assert (low is None or 1 <= low <= rank, high is None or rank <= high <= n) == (True, True)


@given(st.integers(min_value=5, max_value=5_000))
@settings(max_examples=60, deadline=None)
def test_the_medians_ranks_are_symmetric(n: int) -> None:
    """As far from the smallest value as from the greatest."""
    low, high = rank_bounds(n, 0.5)
    assert low is not None
    assert high is not None
    assert low - 1 == pytest.approx(n - high)


def test_a_rank_between_two_values_is_between_them_in_proportion() -> None:
    """A quarter of the way from ten to twenty minutes."""
    at = ranked(10 * MINUTE, 20 * MINUTE).at(1.25, -1)
    assert at == pytest.approx(12.5 * MINUTE, rel=0.01)


def test_values_that_fill_neighbouring_bins_are_spread_over_their_bin() -> None:
    """Ten thousand values a second apart: rank 5,000 is five thousand seconds, much nearer than a bin's 1 %."""
    at = ranked(*(second * 1_000_000 for second in range(1, 10_001))).at(5_000, -1)
    assert at == pytest.approx(5_000 * 1_000_000, rel=0.0005)


def test_a_value_that_all_share_lies_between_the_edges_of_its_bin() -> None:
    """A gate that takes half an hour each time: bounds at the edges of the bin, since nobody knows where in it."""
    half_hours = ranked(*([30 * MINUTE] * 100))
    bounds = half_hours.at(40.5, -1), half_hours.at(60.5, 1)
    assert bounds == edges_of(bin_of(30 * MINUTE))


def test_small_amounts_are_exact() -> None:
    """Batches of up to fifty are no bins at all."""
    assert ranked(1, 2, 3, 3, 3, 7).at(4.5, -1) == 3
