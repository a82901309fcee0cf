"""The interval of a quantile by order statistics, interpolated where ranks allow; pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache
from math import exp, floor, lgamma, log, sqrt
from typing import Final

from metrics.sketch import edges_of
from metrics.student import normal

EXACT_UP_TO: Final = 400
"""Sample size up to which the binomial law is summed; above it Cornish and Fisher's expansion of it serves."""

_TAIL: Final = 0.025
_TOLERATED: Final = 0.04
"""A smallest or greatest value bounds a quantile that it misses at most so often; the other bound makes up for it."""

_FAR: Final = 8
"""Standard deviations below the middle from which on the binomial law is summed; what lies below is nothing."""

_VERY_FEW: Final = 6
"""Of so many values the one before the greatest, too, lies too far from its neighbours."""

_FEW: Final = 3
"""So many values in a bin are never thought to be one and the same."""


@lru_cache(maxsize=8_192)
def rank_bounds(n: int, q: float) -> tuple[float | None, float | None]:
    """Return the ranks, 1 to n, that bound the q-quantile of n values from below and above; between ranks allowed.

    Together they miss it with 5 %: 2.5 % each, interpolated between the two order statistics on both sides of 2.5 %
    (Hettmansperger and Sheather 1986 for the median, Nyblom 1992 for every quantile). Where n is too small for a bound
    it is None, and the other bound alone misses with 5 %.
    """
    below, above = (1 - q) ** n, q**n
    low_tail, high_tail = _tail(below, above), _tail(above, below)
    return (
        None if low_tail is None else _low(n, q, low_tail),
        None if high_tail is None else n + 1 - _low(n, 1 - q, high_tail),
    )


def _tail(extreme: float, opposite: float) -> float | None:
    """How often this bound may miss, given how often the extreme value misses here and on the opposite side."""
    if extreme > _TAIL:
        return extreme if extreme <= _TOLERATED else None
    if opposite <= _TAIL:
        return _TAIL
    return 2 * _TAIL - opposite if opposite <= _TOLERATED else 2 * _TAIL


def _low(n: int, q: float, tail: float) -> float:
    """The rank whose order statistic exceeds the q-quantile with chance `tail`, at least 1."""
    if n > EXACT_UP_TO:
        z = normal(1 - 2 * tail)
        return n * q + 0.5 - z * sqrt(n * q * (1 - q)) + (1 - 2 * q) * (z * z - 1) / 6
    rank = max(0, floor(n * q - _FAR * sqrt(n * q * (1 - q))))
    chance = exp(lgamma(n + 1) - lgamma(rank + 1) - lgamma(n - rank + 1) + rank * log(q) + (n - rank) * log(1 - q))
    reached, after = 0.0, chance
    while after <= tail:
        rank += 1
        chance *= (n - rank + 1) * q / (rank * (1 - q))
        reached, after = after, after + chance
    if rank == 0:
        return 1.0
    odds = (after - tail) / max(tail - reached, 1e-300)
    if rank + (2 if n <= _VERY_FEW else 1) < n:  # the greatest values lie too far apart for Nyblom's weights
        odds *= rank * (1 - q) / ((n - rank) * q)
    return rank + 1 / (1 + odds)


class Ranked:
    """Values in bins, read by rank: at a real order statistic's place as far as the bins tell it."""

    __slots__ = ("_bins", "_upto")

    def __init__(self, bins: Sequence[int], upto: Sequence[int]) -> None:
        """Take a sketch's bins, ascending, and how many values lie in each and all before it."""
        self._bins = bins
        self._upto = upto

    def at(self, rank: float, side: int) -> float:
        """Return the microseconds at a rank, 1 to n, between two order statistics in proportion.

        `side` -1 asks for a lower bound, 1 for an upper one.
        """
        whole = int(rank)
        place = bisect_left(self._upto, whole)
        if rank == whole or rank <= self._upto[place]:
            return self._in_bin(place, rank, side)
        low, high = self._in_bin(place, whole, side), self._in_bin(place + 1, whole + 1, side)
        return low + (rank - whole) * (high - low)

    def _in_bin(self, place: int, rank: float, side: int) -> float:
        """A rank's place among the values of its bin, if those may be thought spread over it.

        Where a bin holds far more than its neighbours, its values may all be one: then it is the bin's outer edge.
        """
        number, before = self._bins[place], self._upto[place - 1] if place else 0
        low, high = edges_of(number)
        if low == high:
            return low
        count = self._upto[place] - before
        if count > _FEW and count > (beside := self._beside(place, number, before)) + 3 * sqrt(beside) + _FEW:
            return low if side < 0 else high
        return low + (rank - before - 0.5) / count * (high - low)

    def _beside(self, place: int, number: int, before: int) -> int:
        """How many values the fuller of the two neighbouring bins holds."""
        bins, upto = self._bins, self._upto
        left = right = 0
        if place and bins[place - 1] == number - 1:
            left = before - (upto[place - 2] if place > 1 else 0)
        if place + 1 < len(bins) and bins[place + 1] == number + 1:
            right = upto[place + 1] - upto[place]
        return max(left, right)
