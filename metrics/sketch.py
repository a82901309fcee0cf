"""A log-bucket sketch of durations (DDSketch semantics) in whole numbers: exact to add, take back and merge.

Bins are bounded by a fixed table of integers, each at most 101/99 of the one before, so a value read from its bin is
at most 1 % off (`RELATIVE_ERROR`), and below 50 microseconds exact. No floating point decides a bin: every machine
gives the same.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

RELATIVE_ERROR: Final = 0.01
"""The greatest relative error of a quantile against the sample's own order statistic."""

_LARGEST: Final = 1 << 62


def _edges() -> Iterator[int]:
    edge = 0
    while edge < _LARGEST:
        yield edge
        edge = max(edge + 1, edge * 101 // 99)


EDGES: Final = tuple(_edges())
"""The greatest microseconds of each bin, ascending."""
BINS: Final = len(EDGES)
"""How many bins there are; bin 0 holds only zero, bin i the values above edge i-1 up to edge i."""


def bin_of(micros: int) -> int:
    """Return the bin of a duration in microseconds. Raises ValueError for a negative one: negative never enters."""
    if micros < 0:
        raise ValueError("a duration is never negative")
    return min(bisect_left(EDGES, micros), BINS - 1)


def value_of(number: int) -> float:
    """Return the microseconds a bin stands for: at most 1 % from every value in it."""
    if number == 0:
        return 0.0
    low, high = EDGES[number - 1] + 1, EDGES[number]
    return 2 * low * high / (low + high)


def edges_of(number: int) -> tuple[int, int]:
    """Return the least and the greatest microseconds that a bin holds; both the same where it is exact."""
    return (EDGES[number - 1] + 1, EDGES[number]) if number else (0, 0)


class Sketch:
    """Counts by bin and the exact sum. `counts` holds no zeros, so equal multisets are equal sketches."""

    __slots__ = ("counts", "n", "total")

    def __init__(self, counts: Mapping[int, int] | None = None, total: int = 0) -> None:
        """Start from bin counts and the sum of the values in microseconds; empty without."""
        self.counts = {b: c for b, c in (counts or {}).items() if c}
        self.n = sum(self.counts.values())
        self.total = total

    @classmethod
    def of(cls, values: Iterable[int]) -> Sketch:
        """Return the sketch of some durations in microseconds."""
        sketch = cls()
        for value in values:
            sketch.add(value)
        return sketch

    def add(self, micros: int, times: int = 1) -> None:
        """Add a duration; negative `times` take it back. Raises ValueError for a negative duration."""
        number = bin_of(micros)
        count = self.counts.get(number, 0) + times
        if count:
            self.counts[number] = count
        else:
            self.counts.pop(number, None)
        self.n += times
        self.total += micros * times

    def merged(self, other: Sketch) -> Sketch:
        """Return the sketch of both multisets together."""
        counts = dict(self.counts)
        for number, count in other.counts.items():
            counts[number] = counts.get(number, 0) + count
        return Sketch(counts, self.total + other.total)

    def mean(self) -> float | None:
        """Return the exact mean in microseconds; None when empty."""
        return self.total / self.n if self.n else None

    def at_rank(self, rank: int) -> float:
        """Return the microseconds of the rank-th smallest value, 1 to n. Raises IndexError outside."""
        return self.at_ranks((rank,))[0]

    def at_ranks(self, ranks: Iterable[int]) -> list[float]:
        """Return the values at several ranks, each 1 to n, in the order asked. Raises IndexError outside."""
        numbers = sorted(self.counts)
        running, cumulative = 0, []
        for number in numbers:
            running += self.counts[number]
            cumulative.append(running)
        found = []
        for rank in ranks:
            if not 1 <= rank <= running:
                raise IndexError(rank)
            found.append(value_of(numbers[bisect_left(cumulative, rank)]))
        return found

    def quantile(self, q: float) -> float | None:
        """Return the q-quantile in microseconds, the value at rank ceil(q n) (at least 1); None when empty."""
        return self.at_rank(quantile_rank(self.n, q)) if self.n else None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sketch) and self.counts == other.counts and self.total == other.total

    __hash__ = None  # type: ignore[assignment]  # it changes in place


def quantile_rank(n: int, q: float) -> int:
    """Return ceil(q n), at least 1, in whole thousandths so that no rounding of q moves it."""
    return max(1, -(-n * round(q * 1000) // 1000))
