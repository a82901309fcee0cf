"""Rolling windows over additive counts: buckets in event time, exact to add and take back.

The clock only decides which buckets are in. Each instant is kept once, in the finest bucket that a window still needs:
minutes for the hour, days for the ninety days. Bucket lengths divide one another, so what leaves a window moves into
the next one's bucket whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from metrics.slices import Slice, edges, slice_of, slices
from metrics.windows import BUCKETS, INSTANTS, LENGTHS, Amounts, Cell, put, window_starts

EVERY_WINDOW: Final = (1 << len(LENGTHS)) - 1
_BEFORE_TIME: Final = -(1 << 62)


class Windows:
    """All windows of one series of instants.

    Before the first `advance` every instant is kept by the minute; afterwards what no window can reach any more is
    only counted (`older`). The clock never goes back.
    """

    __slots__ = ("_buckets", "_cut", "_sliced", "_starts", "_sums", "dirty", "older")

    def __init__(self) -> None:
        self._starts: tuple[int, ...] = (_BEFORE_TIME,) * len(LENGTHS)
        self._buckets: tuple[dict[int, Cell], ...] = tuple({} for _ in LENGTHS)
        self._sums: list[Cell | None] = [None] * len(LENGTHS)
        self._sliced: list[list[tuple[int, Slice]] | None] = [None] * len(LENGTHS)
        self._cut: list[tuple[int, int, tuple[Slice, ...]] | None] = [None] * len(LENGTHS)
        self.older = 0
        self.dirty = 0
        """A bit a window that changed since it was last cleared."""

    def add(self, at: int, amounts: Amounts, sign: int) -> None:
        """Add what happened at an instant (microseconds, not after the clock), or take it back with `sign` -1."""
        for level, start in enumerate(self._starts):
            if at >= start:
                self._put(level, at // BUCKETS[level], amounts, sign)
                self.dirty |= EVERY_WINDOW >> level << level
                return
        self.older += sign

    def advance(self, now: int) -> None:
        """Move the clock to `now`: whole buckets leave the windows they are too old for."""
        starts = window_starts(now)
        if starts == self._starts:
            return
        for level, start in enumerate(starts):
            if start > self._starts[level]:
                self._expire(level, start)
        self._starts = starts

    def cells(self) -> list[Mapping[int, int]]:
        """Return each window's contents, the shortest window first: the merge of its buckets."""
        merged: Cell = {}
        found: list[Mapping[int, int]] = []
        for level in range(len(LENGTHS)):
            if cell := self._sum(level):
                merged = dict(merged)
                put(merged, cell.items(), 1)
            found.append(merged)
        return found

    def slices(self, window: int, now: int) -> tuple[Slice, ...]:
        """Return what happened in each slice of a window, at the clock's `now`; remembered until one changes."""
        bounds = edges(window, now)
        kept = self._cut[window]
        if kept is None or kept[:2] != (bounds[0], len(bounds)):
            cut = slices(window, now, (each for level in range(window + 1) for each in self._of_level(level)))
            kept = self._cut[window] = bounds[0], len(bounds), cut
        return kept[2]

    def next_edge(self) -> int | None:
        """Return the earliest clock at which some bucket leaves some window; None when nothing can."""
        edges = (
            (min(buckets) + 1) * BUCKETS[level] + LENGTHS[level]
            for level, buckets in enumerate(self._buckets)
            if buckets
        )
        return min(edges, default=None)

    def first(self) -> tuple[int, int] | None:
        """Return (level, start in microseconds) of the earliest bucket held, None when nothing is."""
        for level in reversed(range(len(LENGTHS))):
            if self._buckets[level]:
                return level, min(self._buckets[level]) * BUCKETS[level]
        return None

    def is_empty(self) -> bool:
        """Tell whether no window holds anything."""
        return not any(self._buckets)

    def _of_level(self, level: int) -> list[tuple[int, Slice]]:
        """Return what each bucket says for a slice, with its begin; remembered until the level changes."""
        found = self._sliced[level]
        if found is None:
            length = BUCKETS[level]
            found = [(number * length, slice_of(cell)) for number, cell in self._buckets[level].items()]
            self._sliced[level] = found
        return found

    def _sum(self, level: int) -> Cell:
        """Return what a level's buckets hold together; kept up to date once it was asked for."""
        found = self._sums[level]
        if found is None:
            found = self._sums[level] = {}
            for cell in self._buckets[level].values():
                put(found, cell.items(), 1)
        return found

    def _changed(self, level: int) -> None:
        """Forget what was remembered of a level, and of the windows that hold it."""
        if self._sliced[level] is None:
            return
        self._sliced[level] = None
        for window in range(level, len(LENGTHS)):
            self._cut[window] = None

    def _put(self, level: int, number: int, amounts: Iterable[tuple[int, int]], sign: int) -> None:
        self._changed(level)
        buckets = self._buckets[level]
        cell = buckets.get(number)
        if cell is None:
            cell = buckets[number] = {}
        put(cell, amounts, sign)
        if (whole := self._sums[level]) is not None:
            put(whole, amounts, sign)
        if not cell:
            del buckets[number]

    def _expire(self, level: int, start: int) -> None:
        """Move the buckets before `start` into the next window's, or out."""
        buckets, length = self._buckets[level], BUCKETS[level]
        gone = [number for number in buckets if number * length < start]
        if gone:
            self._changed(level)
        for number in gone:
            cell = buckets.pop(number)
            if (whole := self._sums[level]) is not None:
                put(whole, cell.items(), -1)
            self.dirty |= 1 << level
            if level + 1 < len(LENGTHS):
                self._put(level + 1, number * length // BUCKETS[level + 1], cell.items(), 1)
            else:
                self.older += cell[INSTANTS]
