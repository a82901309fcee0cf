"""Intervals of shares, of their product and of counts, 95 %; closed forms that cover 95 % on average.

How often each holds the truth is measured, and told in `docs/metrics/intervals.md`.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log, sqrt
from typing import Final

from metrics.student import normal

_HALF: Final = 0.5
"""What Jeffreys' prior adds to a count."""


def wilson(hits: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return Wilson's score interval of hits / n, inside [0, 1] and around the ratio. Raises ValueError for n < 1.

    Wilson 1927; recommended by Brown, Cai and DasGupta 2001 for its coverage.
    """
    if n < 1:
        raise ValueError("a share of nothing has no interval")
    z = normal(confidence)
    ratio = hits / n
    centre = ratio + z * z / (2 * n)
    spread = z * sqrt(ratio * (1 - ratio) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return max(0.0, min(ratio, (centre - spread) / scale)), min(1.0, max(ratio, (centre + spread) / scale))


def product_of_shares(shares: Sequence[tuple[int, int]]) -> tuple[float, float]:
    """Return the interval of a product of independent shares, each (hits, n).

    The method of variance estimates recovery (Zou and Donner 2008) on the logarithms: each share gives the distance
    to its own Wilson bound, and the distances add as squares. A share without any hit makes the product 0 and leaves
    it unbounded from above but by that share's own bound. Raises ValueError for no shares or an n < 1.
    """
    if not shares:
        raise ValueError("a product of nothing has no interval")
    bounds = [wilson(hits, n) for hits, n in shares]
    if any(hits == 0 for hits, _ in shares):
        return 0.0, min(high for (hits, _), (_, high) in zip(shares, bounds, strict=True) if hits == 0)
    logs = [log(hits / n) for hits, n in shares]
    below = sum((at - log(low)) ** 2 for at, (low, _) in zip(logs, bounds, strict=True))
    above = sum((log(high) - at) ** 2 for at, (_, high) in zip(logs, bounds, strict=True))
    return exp(sum(logs) - sqrt(below)), min(1.0, exp(sum(logs) + sqrt(above)))


def events(n: int) -> tuple[float, float]:
    """Return the interval of the expected number of events where n independent ones were counted.

    Jeffreys' interval, the 2.5 % and 97.5 % points of a gamma law of shape n + 1/2 (Brown, Cai and DasGupta 2003), by
    Wilson and Hilferty's cube root. Garwood's exact interval never covers less than 95 %, and so covers up to 99 %.
    """
    shape = n + _HALF
    z, ninth = normal(), 1 / (9 * shape)
    low, high = (shape * (1 - ninth + sign * z * sqrt(ninth)) ** 3 for sign in (-1, 1))
    return max(0.0, low), high
