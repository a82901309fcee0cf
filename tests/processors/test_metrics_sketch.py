"""The sketch: exact on counts, at most 1 % off on quantiles."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.sketch import BINS, RELATIVE_ERROR, Sketch, bin_of, quantile_rank, value_of

DURATIONS = st.one_of(
    st.integers(min_value=0, max_value=1_000),
    st.integers(min_value=0, max_value=10**9),
    st.integers(min_value=0, max_value=10**15),
)
SAMPLES = st.lists(DURATIONS, max_size=60)


@given(DURATIONS)
@settings(max_examples=300, deadline=None)
def test_a_value_read_from_its_bin_is_at_most_one_percent_off(micros: int) -> None:
    """The stated relative error holds for every duration, and zero is zero."""
    assert abs(value_of(bin_of(micros)) - micros) <= RELATIVE_ERROR * micros * (1 + 1e-9)


@pytest.mark.parametrize("number", [1, 2, 49, 50, 51, 52, 700, 1_500, BINS - 1])
def test_both_ends_of_a_bin_are_within_the_error(number: int) -> None:
    """The smallest and the largest value of a bin are at most 1 % from what the bin stands for."""
    low = next(v for v in (int(value_of(number) * f) for f in (0.98, 0.985, 0.99, 0.995, 1)) if bin_of(v) >= number)
    assert abs(value_of(number) - low) <= RELATIVE_ERROR * low * (1 + 1e-9)


@given(SAMPLES.filter(bool), st.sampled_from([0.001, 0.5, 0.85, 0.95, 1.0]))
@settings(max_examples=100, deadline=None)
def test_a_quantile_is_the_samples_own_order_statistic(values: list[int], q: float) -> None:
    """The quantile is within 1 % of the value at rank ceil(q n) of the sorted sample."""
    exact = sorted(values)[quantile_rank(len(values), q) - 1]
    assert Sketch.of(values).quantile(q) == pytest.approx(exact, rel=RELATIVE_ERROR * (1 + 1e-9))


@given(SAMPLES, SAMPLES)
@settings(max_examples=60, deadline=None)
def test_taking_back_leaves_no_trace(kept: list[int], taken: list[int]) -> None:
    """Adding values and taking them back gives the sketch that never saw them."""
    sketch = Sketch.of([*kept, *taken])
    for value in taken:
        sketch.add(value, -1)
    assert sketch == Sketch.of(kept)


@given(SAMPLES, SAMPLES, SAMPLES)
@settings(max_examples=60, deadline=None)
def test_merging_is_associative_and_equals_the_whole(a: list[int], b: list[int], c: list[int]) -> None:
    """However parts are merged, it is the sketch of all values."""
    one, two, three = Sketch.of(a), Sketch.of(b), Sketch.of(c)
    assert one.merged(two).merged(three) == one.merged(two.merged(three)) == Sketch.of([*c, *b, *a])


@given(SAMPLES.filter(bool))
@settings(max_examples=60, deadline=None)
def test_the_mean_is_exact(values: list[int]) -> None:
    """Sums are whole numbers, so the mean has no error of the sketch."""
    assert Sketch.of(values).mean() == sum(values) / len(values)


def test_the_empty_sketch_knows_nothing() -> None:
    """No value: no quantile and no mean."""
    assert (Sketch().quantile(0.5), Sketch().mean()) == (None, None)


def test_a_negative_duration_never_enters() -> None:
    """A negative duration is refused."""
    with pytest.raises(ValueError, match="never negative"):
        Sketch().add(-1)


def test_a_rank_outside_the_sample_is_refused() -> None:
    """There is no second of one."""
    with pytest.raises(IndexError):
        Sketch.of([5]).at_rank(2)


@given(DURATIONS, DURATIONS)
@settings(max_examples=100, deadline=None)
def test_bins_keep_the_order_of_values(one: int, other: int) -> None:
    """A longer duration is never in an earlier bin."""
    assert (one <= other) is (bin_of(one) <= bin_of(other)) or bin_of(one) == bin_of(other)


@pytest.mark.parametrize(("n", "q", "rank"), [(1, 0.5, 1), (2, 0.5, 1), (3, 0.5, 2), (100, 0.95, 95), (20, 0.85, 17)])
def test_ranks_are_not_moved_by_rounding(n: int, q: float, rank: int) -> None:
    """The rank of a quantile is ceil(q n), whatever q looks like in binary."""
    assert quantile_rank(n, q) == rank
