"""Slices: what happened in each part of a window, however it came into the buckets."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.batch_means import chance_above_zero, variance_of_mean
from metrics.codes import ARRIVED, COMPLETED, COUNTED, STANDING, STANDING_MOMENT
from metrics.slices import IN_A_SLICE, Slice, areas, edges, slices
from metrics.windows import BUCKETS, LENGTHS, Amounts
from processors.windows import Windows
from tests.builders.measured import DAY, HOUR, MINUTE, NOW

PLACES = range(len(LENGTHS))


def begin(at: int) -> Amounts:
    """What a visit adds where it begins."""
    return COUNTED, (ARRIVED, 1), (STANDING, 1), (STANDING_MOMENT, at)


def end(at: int) -> Amounts:
    """What a visit adds where it ends."""
    return COUNTED, (COMPLETED, 1), (STANDING, -1), (STANDING_MOMENT, -at)


@given(st.lists(st.tuples(st.integers(0, 95 * DAY), st.integers(0, 20 * DAY))), st.integers(0, 5 * DAY))
@settings(max_examples=60, deadline=None)
def test_slices_of_rolling_windows_are_those_of_plain_lists(visits: list[tuple[int, int]], on: int) -> None:
    """Buckets that have moved from window to window say what the instants themselves say."""
    clock, now = NOW - 5 * DAY, NOW - 5 * DAY + on
    points = [(at, Slice(1, 0, 1, at)) for ago, _ in visits if (at := clock - ago) <= now]
    points += [(at, Slice(0, 1, -1, -at)) for ago, stay in visits if (at := clock - ago + stay) <= clock]
    windows = Windows()
    windows.advance(clock - 3 * DAY)
    early = [each for each in points if each[0] <= clock - 3 * DAY]
    for at, each in early:
        windows.add(at, begin(at) if each.arrived else end(at), 1)
    windows.advance(clock)
    for at, each in points:
        if at > clock - 3 * DAY:
            windows.add(at, begin(at) if each.arrived else end(at), 1)
    windows.advance(now)
    assert [windows.slices(w, now) for w in PLACES] == [slices(w, now, points) for w in PLACES]


@pytest.mark.parametrize("window", PLACES)
def test_a_window_has_two_dozen_slices_of_whole_buckets(window: int) -> None:
    """The last is not over yet; none is empty."""
    bounds = edges(window, NOW + 7 * HOUR + 13 * MINUTE)
    widths = {b - a for a, b in pairwise(bounds[:-1])}
    assert (widths, 24 <= len(bounds) - 1 <= 32, bounds[-1] > bounds[-2]) == (
        {BUCKETS[window] * IN_A_SLICE[window]}, True, True,
    )  # fmt: skip


def test_areas_are_exact() -> None:
    """Two open before, one comes in the middle of the first hour, one leaves in the middle of the second."""
    bounds = (NOW, NOW + HOUR, NOW + 2 * HOUR)
    first, second = NOW + 30 * MINUTE, NOW + 90 * MINUTE
    parts = (Slice(1, 0, 1, first), Slice(0, 1, -1, -second))
    assert areas(parts, bounds, open_now=2) == [150 * MINUTE, 150 * MINUTE]


def test_a_trend_is_no_noise() -> None:
    """A straight line has no variance around itself; fewer than four batches say nothing."""
    (line, _), (few, degrees) = variance_of_mean([1.0, 2.0, 3.0, 4.0, 5.0]), variance_of_mean([1.0, 2.0, 3.0])
    assert (line, few, degrees) == (0.0, float("inf"), 0)


def test_dependent_values_are_less_sure() -> None:
    """Waves have a wider variance than the same values in any order."""
    waves = [0.0] * 6 + [1.0] * 6 + [0.0] * 6 + [1.0] * 6
    mixed = waves.copy()
    Random(7).shuffle(mixed)
    assert variance_of_mean(waves)[0] > 2 * variance_of_mean(mixed)[0]


@pytest.mark.parametrize(("t", "degrees", "chance"), [(2.0, 10, 0.9633), (1.0, 5, 0.8184), (-1.5, 20, 0.0746)])
def test_chances_are_students(t: float, degrees: int, chance: float) -> None:
    """The table's values to two thousandths."""
    assert chance_above_zero(t, 1.0, degrees) == pytest.approx(chance, abs=2e-3)


def test_chances_of_what_does_not_vary_are_certain() -> None:
    """A mean without variance is above 0 or is not; one of infinite variance may be anything."""
    assert [chance_above_zero(1, 0, 5), chance_above_zero(0, 0, 5), chance_above_zero(1, float("inf"), 0)] == [1, 0, 0]
