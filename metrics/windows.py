"""A window's span of time, and what is summed in it: cells of whole amounts; pure.

A **cell** maps codes to whole amounts; amounts are counts, sums and sketch bins alike, so that one addition serves
every metric. A window of length W holds the buckets from the one that contains now - W to the one that contains now:
nothing of the last W is left out, and at most one bucket more is in.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from schemas.measurement import WINDOWS

Amounts = tuple[tuple[int, int], ...]
"""(code, amount) pairs of one instant; code `INSTANTS` with amount 1 is always among them."""

INSTANTS: Final = 0
"""The code that counts instants."""

Cell = dict[int, int]
"""Amounts by code; holds no zeros, so that equal contents are equal cells."""

_SECOND: Final = 1_000_000
LENGTHS: Final = tuple(seconds * _SECOND for seconds in WINDOWS.values())
"""The windows' lengths in microseconds, ascending."""

BUCKETS: Final = tuple(seconds * _SECOND for seconds in (60, 1_200, 7_200, 43_200, 86_400))
"""The windows' bucket lengths in microseconds: at most a sixtieth of the window, each a multiple of the one before."""


@lru_cache(maxsize=16)
def window_starts(now: int) -> tuple[int, ...]:
    """Return, for each window, the instant from which on it holds what happened, at the clock's `now`."""
    return tuple((now - length) // bucket * bucket for length, bucket in zip(LENGTHS, BUCKETS, strict=True))


def put(cell: Cell, amounts: Iterable[tuple[int, int]], sign: int) -> None:
    """Add amounts to a cell (`sign` 1) or take them back (-1)."""
    get = cell.get
    for code, amount in amounts:
        value = get(code, 0) + amount * sign
        if value:
            cell[code] = value
        else:
            cell.pop(code, None)
