"""Answers carry their interval: around the value, in its unit, and unknown with it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics import codes
from metrics.answers import amounts, count, durations, product, quotient, rate, share
from metrics.ratio_bounds import Sums
from metrics.reading import MINIMUM_N, Reading
from metrics.windows import put

VALUES = st.lists(st.integers(min_value=0, max_value=10**13), min_size=MINIMUM_N, max_size=120)
MANY_OF_FEW = st.lists(st.sampled_from([0, 7, 1_800_000_000, 3_600_000_000]), min_size=MINIMUM_N, max_size=120)


def held(values: list[int]) -> codes.Held:
    """A window's cell that holds some waits."""
    cell: dict[int, int] = {}
    for value in values:
        put(cell, codes.duration(codes.WAIT, value), 1)
    return codes.Held(cell)


def is_around(reading: Reading) -> bool:
    """Whether the bounds that there are hold the value."""
    assert reading.value is not None
    return (reading.lower is None or reading.lower <= reading.value) and (
        reading.upper is None or reading.value <= reading.upper
    )


@given(VALUES | MANY_OF_FEW)
@settings(max_examples=150, deadline=None)
def test_bounds_of_durations_hold_the_value(values: list[int]) -> None:
    """Of each quantile and the mean, also where many durations are one and the same."""
    assert all(is_around(reading) for reading in durations(held(values), codes.WAIT, len(values)))


@given(MANY_OF_FEW)
@settings(max_examples=60, deadline=None)
def test_bounds_of_quantiles_lie_within_what_happened(values: list[int]) -> None:
    """No bound is farther out than the shortest or the longest, but for a bin's breadth of 2 %."""
    quantiles = durations(held(values), codes.WAIT, len(values))[:-1]
    bounds = [at for reading in quantiles for at in (reading.lower, reading.upper) if at is not None]
    assert all(min(values) / 1e6 * 0.98 <= at <= max(values) / 1e6 * 1.02 for at in bounds)


@given(st.lists(st.integers(min_value=10**6, max_value=10**10), min_size=MINIMUM_N, max_size=60, unique=True))
@settings(max_examples=60, deadline=None)
def test_bounds_of_durations_go_with_the_unit(values: list[int]) -> None:
    """A thousand times as long: bounds a thousand times as far, but for the bins."""
    once, scaled = (durations(held([v * by for v in values]), codes.WAIT, len(values)) for by in (1, 1_000))
    expected = [1_000 * at for reading in once for at in (reading.lower, reading.upper) if at]
    found = [at for reading in scaled for at in (reading.lower, reading.upper) if at]
    assert found == pytest.approx(expected, rel=0.15)


def test_of_fewer_than_five_neither_value_nor_bounds_are_known() -> None:
    """Four durations, four things of a share, a product and a ratio of sums."""
    few = MINIMUM_N - 1
    answers = [
        *durations(held([60_000_000] * few), codes.WAIT, few),
        share(1, few),
        product([(9, 10), (few, few)]),
        quotient(Sums(1, 2, 1, 2, 4), few),
        *count(0),
        rate(0, 7.0),
    ]
    assert {(answer.value, answer.lower, answer.upper) for answer in answers} == {(None, None, None)}


def test_a_rate_is_bounded_in_its_own_unit() -> None:
    """Fourteen deployments in seven days are two a day, and so are the bounds of fourteen divided by seven."""
    (whole,) = count(14)
    daily = rate(14, 7.0)
    assert whole.lower is not None
    assert whole.upper is not None
    assert (daily.value, daily.lower, daily.upper) == (2.0, whole.lower / 7, whole.upper / 7)


def test_sizes_of_batches_are_in_their_own_unit() -> None:
    """Five batches of 1, 2, 2, 3 and 12: two in the middle, four on average, and the median between 1 and 12."""
    median, *_, mean = amounts(held([1, 2, 2, 3, 12]), codes.WAIT, 5)
    assert (median.value, median.lower, median.upper, mean.value) == (2, 1, 12, 4)


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(5, 50)).map(lambda p: (min(p), p[1])), min_size=1, max_size=9)
)
@settings(max_examples=60, deadline=None)
def test_bounds_of_a_product_hold_it(shares: list[tuple[int, int]]) -> None:
    """Rolled %C&A lies inside its bounds."""
    assert is_around(product(shares))
