"""How sure the mean of a series is whose values depend on one another: batch means, as in simulation's output; pure."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import erf, inf, sqrt
from operator import mul
from typing import Final

LEAST: Final = 4
"""Batches of which fewer say nothing."""

_MOST_CORRELATED: Final = 0.8
"""More correlation between neighbours than this counts as this: more cannot be estimated from so few batches."""


def variance_of_mean(batches: Sequence[float]) -> tuple[float, int]:
    """Return the variance of the batches' mean, and its degrees of freedom (0 for fewer than `LEAST`: infinite).

    What a straight line explains is a trend and no noise. What is left depends on what was before it: the variance is
    widened by (1 + r) / (1 - r), r the correlation of neighbours (Lada and Wilson 2008), its own bias of 1/n put back.
    """
    n = len(batches)
    if n < LEAST:
        return inf, 0
    left = _without_trend(batches)
    degrees = n - 2
    variance = sum(map(mul, left, left)) / degrees
    if variance <= 0:
        return 0.0, degrees
    neighbours = sum(map(mul, left, left[1:]))
    r = min(_MOST_CORRELATED, max(0.0, neighbours / (degrees * variance) + 1 / n))
    return variance / n * (1 + r) / (1 - r), degrees


def chance_above_zero(mean: float, variance: float, degrees: int) -> float:
    """Return the chance that what a mean estimates is above 0, by Student's law (Abramowitz and Stegun 26.7.8)."""
    if variance == inf or degrees < 1:
        return 0.0
    if variance <= 0:
        return float(mean > 0)
    t = mean / sqrt(variance)
    z = t * (1 - 1 / (4 * degrees)) / sqrt(1 + t * t / (2 * degrees))
    return (1 + erf(z / sqrt(2))) / 2


def _without_trend(batches: Sequence[float]) -> list[float]:
    n = len(batches)
    places = _places(n)
    mean = sum(batches) / n
    slope = sum(map(mul, places, batches)) * 12 / (n * (n * n - 1))
    return [each - mean - slope * place for each, place in zip(batches, places, strict=True)]


@lru_cache(maxsize=64)
def _places(n: int) -> tuple[float, ...]:
    """Return the places of n batches, counted from their middle."""
    return tuple(i - (n - 1) / 2 for i in range(n))
