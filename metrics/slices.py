"""A window cut into equal slices, and what happened in each: how standing work moves inside a window; pure.

Slices are whole buckets of the window, so that they are summed exactly as windows are and depend on rows and clock
alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from metrics import codes
from metrics.windows import BUCKETS, window_starts

IN_A_SLICE: Final = (2, 3, 3, 2, 3)
"""Buckets of each window in one of its slices: 24 to 31 slices a window, the last of them not over yet."""


class Slice(NamedTuple):
    """What happened in one slice: begins, ends, their difference, and the difference's moment (instants summed)."""

    arrived: int = 0
    completed: int = 0
    change: int = 0
    moment: int = 0


NOTHING: Final = Slice()


def edges(window: int, now: int) -> tuple[int, ...]:
    """Return the slices' starts, ascending, and `now` at the end (microseconds); `window` counts from the shortest."""
    width = BUCKETS[window] * IN_A_SLICE[window]
    return (*range(window_starts(now)[window], now, width), now)


def slices(window: int, now: int, happened: Iterable[tuple[int, Slice]]) -> tuple[Slice, ...]:
    """Sum what happened at instants, or in buckets that begin at them, by the window's slices.

    What happened before the window is left out; nothing may lie after `now`.
    """
    starts = edges(window, now)[:-1]
    start, width = starts[0], BUCKETS[window] * IN_A_SLICE[window]
    sums = [[0, 0, 0, 0] for _ in starts]
    last = len(starts) - 1
    for at, (arrived, completed, change, moment) in happened:
        if at >= start:
            into = sums[min((at - start) // width, last)]
            into[0] += arrived
            into[1] += completed
            into[2] += change
            into[3] += moment
    return tuple(Slice(*each) for each in sums)


def slice_of(amounts: Mapping[int, int]) -> Slice:
    """Return what a cell, or one instant's amounts, says for a slice."""
    get = amounts.get
    return Slice(get(codes.ARRIVED, 0), get(codes.COMPLETED, 0), get(codes.STANDING, 0), get(codes.STANDING_MOMENT, 0))


def areas(parts: Sequence[Slice], bounds: Sequence[int], open_now: int) -> list[int]:
    """Return the area under the number of open visits in each slice, in visit-microseconds; `bounds` are the edges."""
    standing = open_now - sum(part.change for part in parts)
    found = []
    for part, (start, end) in zip(parts, pairwise(bounds), strict=False):
        found.append(standing * (end - start) + part.change * end - part.moment)
        standing += part.change
    return found
