"""The windows against a plain list of instants."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.windows import BUCKETS, INSTANTS, LENGTHS, Cell, put, window_starts
from processors.windows import Windows
from tests.builders.measured import DAY, HOUR, NOW

CODE = 7
INSTANT = st.integers(min_value=NOW - 100 * DAY, max_value=NOW)
FRESH = st.integers(min_value=NOW - 2 * HOUR, max_value=NOW)
INSTANTS_SEEN = st.lists(st.one_of(INSTANT, FRESH), max_size=30)
STEPS = st.lists(st.integers(min_value=0, max_value=30 * DAY), max_size=4)


def windows_of(instants: list[int], now: int) -> Windows:
    """Windows at a clock that hold these instants."""
    windows = Windows()
    windows.advance(now)
    for instant in instants:
        windows.add(instant, ((INSTANTS, 1), (CODE, 3)), 1)
    return windows


def plain(instants: list[int], now: int) -> list[Cell]:
    """What each window holds, straight from the definition."""
    found = []
    for start in window_starts(now):
        n = sum(instant >= start for instant in instants)
        found.append({INSTANTS: n, CODE: 3 * n} if n else {})
    return found


@given(INSTANTS_SEEN, STEPS)
@settings(max_examples=80, deadline=None)
def test_windows_hold_what_the_definition_says(instants: list[int], steps: list[int]) -> None:
    """However the clock got there, each window holds the instants from its first bucket on."""
    windows, now = windows_of(instants, NOW), NOW
    for step in steps:
        now += step
        windows.advance(now)
    assert windows.cells() == plain(instants, now)


@given(INSTANTS_SEEN, INSTANTS_SEEN, STEPS)
@settings(max_examples=60, deadline=None)
def test_whoever_asks_in_between_changes_nothing(before: list[int], after: list[int], steps: list[int]) -> None:
    """What comes and leaves after the windows were asked for counts as if they had not been."""
    windows, now = windows_of(before, NOW), NOW
    windows.cells()
    for instant in after:
        windows.add(instant, ((INSTANTS, 1), (CODE, 3)), 1)
    for step in steps:
        now += step
        windows.advance(now)
    assert windows.cells() == plain([*before, *after], now)


@given(INSTANTS_SEEN, INSTANTS_SEEN, STEPS)
@settings(max_examples=60, deadline=None)
def test_taking_back_leaves_no_trace(kept: list[int], taken: list[int], steps: list[int]) -> None:
    """Instants taken back, even after they moved into older buckets, leave what never saw them."""
    windows, now = windows_of([*kept, *taken], NOW), NOW
    for step in steps:
        now += step
        windows.advance(now)
    for instant in taken:
        windows.add(instant, ((INSTANTS, 1), (CODE, 3)), -1)
    other = windows_of(kept, now)
    assert (windows.cells(), windows.older, windows.first()) == (other.cells(), other.older, other.first())


@given(INSTANTS_SEEN)
@settings(max_examples=40, deadline=None)
def test_a_late_clock_is_the_same_clock(instants: list[int]) -> None:
    """Adding before the clock is known and after gives the same."""
    early = Windows()
    for instant in instants:
        early.add(instant, ((INSTANTS, 1), (CODE, 3)), 1)
    early.advance(NOW)
    other = windows_of(instants, NOW)
    assert (early.cells(), early.older, early.first()) == (other.cells(), other.older, other.first())


@given(INSTANTS_SEEN, st.integers(min_value=0, max_value=DAY))
@settings(max_examples=60, deadline=None)
def test_nothing_changes_before_the_next_edge(instants: list[int], offset: int) -> None:
    """Up to the next edge every window holds the same, and at the edge one holds less."""
    windows = windows_of(instants, NOW + offset)
    edge, before = windows.next_edge(), windows.cells()
    if edge is None:
        assert not any(before)
        return
    windows.advance(edge - 1)
    still = windows.cells()
    windows.advance(edge)
    assert (still == before, windows.cells() == before) == (True, False)


def test_old_instants_cost_no_memory() -> None:
    """Ten thousand instants of years ago are a number, not buckets."""
    windows = windows_of([NOW - 5_000 * DAY + i * HOUR for i in range(10_000)], NOW)
    assert (windows.is_empty(), windows.older) == (True, 10_000)


def test_buckets_are_bounded() -> None:
    """An instant every minute for a hundred days fills no more than the windows' own buckets."""
    windows = windows_of([NOW - i * 60_000_000 for i in range(100 * 1_440)], NOW)
    most = sum(length // bucket + 2 for length, bucket in zip(LENGTHS, BUCKETS, strict=True))
    assert sum(len(buckets) for buckets in windows._buckets) <= most


def test_a_bucket_is_at_most_a_sixtieth_of_its_window() -> None:
    """The grain promised, and each bucket length divides the next."""
    grain = all(length >= 60 * bucket for length, bucket in zip(LENGTHS, BUCKETS, strict=True))
    nested = all(b % a == 0 for a, b in pairwise(BUCKETS))
    assert (grain, nested) == (True, True)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(-3, 3)), max_size=20))
@settings(max_examples=40, deadline=None)
def test_equal_contents_are_equal_cells(amounts: list[tuple[int, int]]) -> None:
    """A cell holds no zeros, in whatever way it came to its contents."""
    cell: Cell = {}
    put(cell, amounts, 1)
    sums: Counter[int] = Counter()
    for code, amount in amounts:
        sums[code] += amount
    assert cell == {code: total for code, total in sums.items() if total}
