"""The interval of a mean from a histogram: Student's, corrected for skewness; pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from math import cbrt, sqrt
from operator import itemgetter, mul, sub
from typing import Final, NamedTuple

from metrics.sketch import BINS, bin_of, edges_of, value_of
from metrics.student import student

PRIOR_N: Final = 20
"""How many values the skewness of a lognormal law with the same variation counts for, beside the sample's own.

A small sample of a skewed law rarely shows its skewness: the few long values are not in it yet."""

_GREATEST: Final = 0.183
"""Above this over t, the correction of the upper bound would shrink again; it is held where it is greatest."""

_VALUES: Final = tuple(value_of(number) for number in range(BINS))
_SQUARES: Final = tuple(value**2 for value in _VALUES)
_CUBES: Final = tuple(value**3 for value in _VALUES)


class Moments(NamedTuple):
    """A sample's size, mean, variance (of n - 1) and skewness; of amounts that are never negative, n at least 3."""

    n: int
    mean: float
    variance: float
    skewness: float


def moments(bins: Sequence[int], upto: Sequence[int], mean: float) -> Moments:
    """Return the moments of what lies in a sketch's bins (microseconds, or a count's own unit), about its exact mean.

    What the bins hide is counted as if each value were anywhere in its bin. Needs three values at least.
    """
    n = upto[-1]
    counts = list(map(sub, upto, chain((0,), upto)))
    pick = itemgetter(*bins, bins[0])  # the second of one: of a single index it would return no tuple
    centre, square, cube = (sum(map(mul, counts, pick(table))) / n for table in (_VALUES, _SQUARES, _CUBES))
    spread = max(0.0, square - centre * centre)
    third = cube - 3 * centre * square + 2 * centre**3
    low, high = edges_of(bin_of(round(mean)))
    variance = (spread + (high - low) ** 2 / 12) * n / (n - 1)
    skewness = third * n * n / ((n - 1) * (n - 2)) / variance**1.5 if variance else 0.0
    return Moments(n, mean, variance, skewness)


def mean_bounds(of: Moments) -> tuple[float, float]:
    """Return the interval of the mean (95 %).

    Hall's (1992) transformation of Student's t with Student's quantiles (Willink 2005), the skewness drawn towards
    that of a lognormal law of the same coefficient of variation c, c³ + 3c, which counts for `PRIOR_N` values.
    """
    n, mean, variance, skewness = of
    if not variance or mean <= 0:
        return mean, mean
    variation = sqrt(variance) / mean
    drawn = (n * skewness + PRIOR_N * (variation**3 + 3 * variation)) / (n + PRIOR_N)
    error, t = sqrt(variance / n), student(n - 1)
    bend = drawn / (6 * sqrt(n))
    most = _GREATEST / t
    low = mean - error * max(0.0, _corrected(t, max(bend, -most)))
    high = mean - error * min(0.0, _corrected(-t, min(bend, most)))
    return max(0.0, low), high


def _corrected(t: float, bend: float) -> float:
    """Hall's inverse: the t whose transformed value has the quantile wanted."""
    return t if abs(bend) < 1e-9 else (cbrt(1 + 6 * bend * (t - bend)) - 1) / (2 * bend)  # noqa: PLR2004 - no bend
