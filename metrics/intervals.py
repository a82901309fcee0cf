"""Intervals that say how sure a number is: Wilson for shares, order statistics for quantiles; 95 % unless told."""

from __future__ import annotations

from functools import lru_cache
from math import ceil, exp, floor, lgamma, log, sqrt
from statistics import NormalDist
from typing import Final

EXACT_UP_TO: Final = 400
"""Sample size up to which the ranks of a quantile's bounds are exactly binomial.

Above it the normal law with continuity correction, rounded outwards."""

_TAIL: Final = 0.025


def wilson(hits: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return Wilson's score interval of hits / n, inside [0, 1] and around the ratio. Raises ValueError for n < 1."""
    if n < 1:
        raise ValueError("a share of nothing has no interval")
    z = _z(confidence)
    ratio = hits / n
    centre = ratio + z * z / (2 * n)
    spread = z * sqrt(ratio * (1 - ratio) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return max(0.0, min(ratio, (centre - spread) / scale)), min(1.0, max(ratio, (centre + spread) / scale))


@lru_cache(maxsize=64)
def _z(confidence: float) -> float:
    return NormalDist().inv_cdf((1 + confidence) / 2)


@lru_cache(maxsize=8_192)
def rank_bounds(n: int, q: float) -> tuple[int | None, int | None]:
    """Return the ranks (1 to n) of the order statistics that bound the q-quantile from below and above.

    Each bound fails with at most 2.5 %; None where n is too small for any rank to do.
    """
    low, high = _exact(n, q) if n <= EXACT_UP_TO else _approximate(n, q)
    return (low if low >= 1 else None), (high if high <= n else None)


def _exact(n: int, q: float) -> tuple[int, int]:
    """Return the greatest j with P(B < j) and the least k with P(B >= k) at most 2.5 %, B binomial(n, q)."""
    chances = [_chance(i, n, q) for i in range(n + 1)]
    below, j = 0.0, 0
    while below + chances[j] <= _TAIL:
        below += chances[j]
        j += 1
    above, k = 0.0, n + 1
    while above + chances[k - 1] <= _TAIL:
        above += chances[k - 1]
        k -= 1
    return j, k


def _chance(i: int, n: int, q: float) -> float:
    return exp(lgamma(n + 1) - lgamma(i + 1) - lgamma(n - i + 1) + i * log(q) + (n - i) * log(1 - q))


def _approximate(n: int, q: float) -> tuple[int, int]:
    spread = _z(1 - 2 * _TAIL) * sqrt(n * q * (1 - q))
    return floor(n * q - spread - 0.5), ceil(n * q + spread + 0.5) + 1
