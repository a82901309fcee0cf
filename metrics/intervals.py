"""Intervals of shares, of their product and of counts, 95 %; closed forms that cover 95 % on average.

How often each holds the truth is measured, and told in `docs/metrics/intervals.md`.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log, prod, sqrt
from typing import Final

from metrics.student import normal

_HALF: Final = 0.5
"""What Jeffreys' prior adds to a count."""

_FAR: Final = 6
"""From here on the series of the digamma function are good to nine digits."""


def wilson(hits: float, n: int, confidence: float = 0.95) -> tuple[float, float]:
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
    """Return the interval of a product of independent shares, each (hits, n), inside [0, 1] and around the product.

    Each share has a beta law (Jeffreys' half a hit, and half a miss for all shares together, so that many of them do
    not add misses that nobody saw). The negative logarithm of their product has then a known mean and variance; the
    gamma law of both gives its 2.5 % and 97.5 % points. Raises ValueError for no shares.
    """
    if not shares:
        raise ValueError("a product of nothing has no interval")
    mean, variance = 0.0, 0.0
    for hits, n in shares:
        (psi, trigamma), (psi_all, trigamma_all) = (
            _digamma(amount) for amount in (hits + _HALF, n + _HALF + _HALF / len(shares))
        )
        mean += psi_all - psi
        variance += trigamma - trigamma_all
    value = prod(hits / n for hits, n in shares)
    least, most = (variance / mean * point for point in _gamma_points(mean * mean / variance))
    return min(value, exp(-most)), max(value, exp(-least))


def events(n: int) -> tuple[float, float]:
    """Return the interval of the expected number of events where n independent ones were counted.

    Jeffreys' interval, the 2.5 % and 97.5 % points of a gamma law of shape n + 1/2 (Brown, Cai and DasGupta 2003).
    Garwood's exact interval never covers less than 95 %, and so covers up to 99 %.
    """
    return _gamma_points(n + _HALF)


def _gamma_points(shape: float) -> tuple[float, float]:
    """The 2.5 % and 97.5 % points of a gamma law of scale 1, by Wilson and Hilferty's cube root."""
    ninth = 1 / (9 * shape)
    reach = normal() * sqrt(ninth)
    return shape * max(0.0, 1 - ninth - reach) ** 3, shape * (1 - ninth + reach) ** 3


def _digamma(x: float) -> tuple[float, float]:
    """The first and second derivative of the gamma function's logarithm, by recurrence and series; x above 0."""
    first = second = 0.0
    while x < _FAR:
        first -= 1 / x
        second += 1 / (x * x)
        x += 1
    y = 1 / (x * x)
    return (
        first + log(x) - 0.5 / x - y * (1 / 12 - y * (1 / 120 - y / 252)),
        second + 1 / x + y / 2 + y / x * (1 / 6 - y * (1 / 30 - y / 42)),
    )
