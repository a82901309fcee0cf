"""Counts, shares and quantiles of plain lists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import ceil
from typing import NamedTuple

from tests.builders.measured import MICROS

Answer = tuple[float | None, int]
"""A value and its n."""

QUANTILES = {"p50": 50, "p85": 85, "p95": 95}


class Span(NamedTuple):
    """A window: what happened from `start` to `now` is in; its nominal length."""

    start: int
    now: int
    length: int

    def holds(self, instant: int | None) -> bool:
        """Whether an instant is in the window."""
        return instant is not None and self.start <= instant <= self.now


def durations(metric: str, spans: Iterable[int | None]) -> Iterator[tuple[tuple[str, str], Answer]]:
    """Yield the quantiles and the mean, in seconds, of the spans that are known."""
    return _of(metric, spans, MICROS)


def amounts(metric: str, whole: Iterable[int | None]) -> Iterator[tuple[tuple[str, str], Answer]]:
    """Yield the quantiles and the mean of the amounts that are known."""
    return _of(metric, whole, 1)


def _of(metric: str, whole: Iterable[int | None], unit: int) -> Iterator[tuple[tuple[str, str], Answer]]:
    known = sorted(each for each in whole if each is not None and each >= 0)
    n = len(known)
    for statistic, percent in QUANTILES.items():
        yield (metric, statistic), (known[ceil(n * percent / 100) - 1] / unit if n >= 5 else None, n)
    yield (metric, "mean"), (sum(known) / n / unit if n >= 5 else None, n)


def count(n: int) -> Answer:
    """Return a count; none is unknown."""
    return (float(n) if n else None), n


def ratio(hits: int, n: int) -> Answer:
    """Return a share; of fewer than five it is unknown."""
    return (hits / n if n >= 5 else None), n


def over(part: int, whole: int, n: int) -> Answer:
    """Return a quotient of sums over n things."""
    return (part / whole if n >= 5 and whole else None), n


def takt(available: int, n: int) -> Answer:
    """Return the available seconds for each of n."""
    return (available / MICROS / n if n and available else None), n
