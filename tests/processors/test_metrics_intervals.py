"""The intervals: known values, and the coverage that is stated."""

from __future__ import annotations

from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.intervals import EXACT_UP_TO, _approximate, _exact, rank_bounds, wilson

QUANTILES = st.sampled_from([0.5, 0.85, 0.95])


@pytest.mark.parametrize(
    ("hits", "n", "lower", "upper"),
    [(8, 10, 0.4902, 0.9433), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (50, 100, 0.4038, 0.5962)],
)
def test_wilson_gives_the_published_values(hits: int, n: int, lower: float, upper: float) -> None:
    """Values that tables of Wilson's interval print."""
    assert wilson(hits, n) == pytest.approx((lower, upper), abs=1e-4)


@given(st.integers(min_value=1, max_value=10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
@settings(max_examples=60, deadline=None)
def test_wilson_holds_the_ratio(drawn: tuple[int, int]) -> None:
    """The interval lies in [0, 1] and contains the ratio."""
    hits, n = drawn
    lower, upper = wilson(hits, n)
    assert 0 <= lower <= hits / n <= upper <= 1


def test_a_share_of_nothing_has_no_interval() -> None:
    """Nothing counted is a broken promise of the caller."""
    with pytest.raises(ValueError, match="no interval"):
        wilson(0, 0)


@pytest.mark.parametrize(
    ("n", "q", "ranks"),
    [
        pytest.param(5, 0.5, (None, None), id="five are too few for the median"),
        pytest.param(6, 0.5, (1, 6), id="six just do"),
        pytest.param(10, 0.5, (2, 9), id="ten"),
        pytest.param(100, 0.5, (40, 61), id="a hundred"),
        pytest.param(50, 0.95, (44, None), id="no rank bounds a high quantile of fifty from above"),
    ],
)
def test_ranks_are_those_of_the_tables(n: int, q: float, ranks: tuple[int | None, int | None]) -> None:
    """Ranks that tables of distribution-free intervals print."""
    assert rank_bounds(n, q) == ranks


def tail_below(rank: int, n: int, q: float) -> float:
    """The chance that fewer than `rank` of n values lie at or below the quantile."""
    return sum(comb(n, i) * q**i * (1 - q) ** (n - i) for i in range(rank))


@given(st.integers(min_value=5, max_value=120), QUANTILES)
@settings(max_examples=60, deadline=None)
def test_each_bound_fails_at_most_one_time_in_forty(n: int, q: float) -> None:
    """The true quantile lies outside each bound with at most 2.5 %, and no closer rank does."""
    low, high = _exact(n, q)
    kept = tail_below(low, n, q) <= 0.025 + 1e-9 and 1 - tail_below(high, n, q) <= 0.025 + 1e-9
    closest = tail_below(low + 1, n, q) > 0.025 - 1e-9 and 1 - tail_below(high - 1, n, q) > 0.025 - 1e-9
    assert (kept, closest) == (True, True)


@given(st.integers(min_value=EXACT_UP_TO + 1, max_value=900), QUANTILES)
@settings(max_examples=30, deadline=None)
def test_the_approximation_is_at_most_two_ranks_wide_of_exact(n: int, q: float) -> None:
    """Above the exact range the ranks differ from the exact ones by two at most."""
    exact, approximate = _exact(n, q), _approximate(n, q)
    assert max(abs(a - b) for a, b in zip(exact, approximate, strict=True)) <= 2
