"""The intervals of shares, products and counts: published values and what always holds."""

from __future__ import annotations

from math import prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.intervals import events, product_of_shares, wilson
from metrics.student import student

SHARES = st.integers(min_value=1, max_value=10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(
    ("hits", "n", "lower", "upper"),
    [(8, 10, 0.4902, 0.9433), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (50, 100, 0.4038, 0.5962)],
)
def test_wilson_gives_the_published_values(hits: int, n: int, lower: float, upper: float) -> None:
    """Values that tables of Wilson's interval print."""
    assert wilson(hits, n) == pytest.approx((lower, upper), abs=1e-4)


@given(SHARES)
@settings(max_examples=60, deadline=None)
def test_wilson_holds_the_ratio(drawn: tuple[int, int]) -> None:
    """The interval lies in [0, 1] and contains the ratio."""
    hits, n = drawn
    lower, upper = wilson(hits, n)
    assert 0 <= lower <= hits / n <= upper <= 1


@given(SHARES)
@settings(max_examples=60, deadline=None)
def test_wilson_is_symmetric(drawn: tuple[int, int]) -> None:
    """The misses' interval is the hits' one seen from 1."""
    hits, n = drawn
    lower, upper = wilson(hits, n)
    assert wilson(n - hits, n) == pytest.approx((1 - upper, 1 - lower), abs=1e-9)


def test_a_share_of_nothing_has_no_interval() -> None:
    """Nothing counted is a broken promise of the caller."""
    with pytest.raises(ValueError, match="no interval"):
        wilson(0, 0)


def test_a_product_of_nothing_has_no_interval() -> None:
    """No share at all is one, too."""
    with pytest.raises(ValueError, match="no interval"):
        product_of_shares([])


@pytest.mark.parametrize(
    ("hits", "n", "lower", "upper"),
    [(50, 100, 0.4032, 0.5968), (90, 100, 0.8303, 0.9468)],
    ids=["a half", "nine tenths"],
)
def test_a_product_of_one_share_is_bounded_as_by_jeffreys(hits: int, n: int, lower: float, upper: float) -> None:
    """The published Jeffreys interval of one share: points of the beta law of hits + 1/2 and misses + 1/2."""
    assert product_of_shares([(hits, n)]) == pytest.approx((lower, upper), abs=3e-3)


@given(st.lists(SHARES, min_size=1, max_size=8))
@settings(max_examples=100, deadline=None)
def test_a_product_lies_inside_its_bounds(shares: list[tuple[int, int]]) -> None:
    """Bounds are shares, and hold the product."""
    lower, upper = product_of_shares(shares)
    assert 0 <= lower <= prod(hits / n for hits, n in shares) <= upper <= 1


@given(st.lists(SHARES, min_size=2, max_size=8))
@settings(max_examples=60, deadline=None)
def test_the_order_of_the_shares_does_not_matter(shares: list[tuple[int, int]]) -> None:
    """A product commutes, and so do its bounds."""
    assert product_of_shares(shares[::-1]) == pytest.approx(product_of_shares(shares), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    ("n", "lower", "upper"), [(1, 0.108, 4.674), (10, 5.141, 17.739), (100, 81.829, 121.06)], ids=["1", "10", "100"]
)
def test_counts_have_the_points_of_the_gamma_law(n: int, lower: float, upper: float) -> None:
    """Jeffreys' interval: half the 2.5 % and 97.5 % points of chi-square with 2 n + 1 degrees of freedom."""
    assert events(n) == pytest.approx((lower, upper), abs=0.03)


@given(st.integers(min_value=1, max_value=1_000_000))
@settings(max_examples=60, deadline=None)
def test_counts_lie_inside_their_bounds(n: int) -> None:
    """The expected number may be the counted one."""
    lower, upper = events(n)
    assert 0 <= lower < n < upper


@given(st.integers(min_value=1, max_value=1_000_000))
@settings(max_examples=60, deadline=None)
def test_bounds_of_a_rate_shrink_with_the_count(n: int) -> None:
    """Twice as many are relatively surer."""
    (low, high), (low2, high2) = events(n), events(2 * n)
    assert (high2 - low2) / (2 * n) < (high - low) / n


@pytest.mark.parametrize(
    ("degrees", "t"), [(4, 2.7764), (9, 2.2622), (30, 2.0423), (1_000, 1.9623)], ids=["4", "9", "30", "1000"]
)
def test_students_quantiles_are_those_of_the_tables(degrees: int, t: float) -> None:
    """The 97.5 % points that tables print."""
    assert student(degrees) == pytest.approx(t, rel=1e-3)
