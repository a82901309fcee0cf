"""The few ways in which counts and sketches become answers with an interval; pure."""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

from metrics.codes import Held
from metrics.intervals import rank_bounds, wilson
from metrics.reading import MINIMUM_N, Reading
from metrics.sketch import quantile_rank, value_of

QUANTILES: Final = (("p50", 0.5), ("p85", 0.85), ("p95", 0.95))
_DURATION_STATISTICS: Final = (*(statistic for statistic, _ in QUANTILES), "mean")
_MICROS: Final = 1_000_000


def durations(held: Held, sketch: int, of: int) -> tuple[Reading, ...]:
    """Return p50, p85, p95 and mean, in seconds, of a sketch; `of` is how many durations there should be.

    Bounds of the quantiles are order statistics by the binomial law (95 %); the mean has none.
    """
    bins, upto = held.steps(sketch)
    n = upto[-1] if upto else 0
    known = n / of if of else 1.0
    if n < MINIMUM_N:
        return tuple(Reading(statistic=s, value=None, n=n, known=known) for s in _DURATION_STATISTICS)

    def at(rank: int | None) -> float | None:
        return None if rank is None else value_of(bins[bisect_left(upto, rank)]) / _MICROS

    found = []
    for statistic, q in QUANTILES:
        low, high = rank_bounds(n, q)
        value = at(quantile_rank(n, q))
        found.append(Reading(statistic=statistic, value=value, n=n, lower=at(low), upper=at(high), known=known))
    mean = held.total(sketch) / n / _MICROS
    return (*found, Reading(statistic="mean", value=mean, n=n, known=known))


def count(n: int) -> tuple[Reading, ...]:
    """Return how many there were; none at all is unknown."""
    return (Reading(statistic="count", value=float(n) if n else None, n=n),)


def share(hits: int, n: int, *, known: float = 1.0, kind: str = "") -> Reading:
    """Return hits / n with Wilson's bounds (95 %)."""
    if n < MINIMUM_N:
        return Reading(statistic="ratio", value=None, n=n, known=known, kind=kind)
    lower, upper = wilson(hits, n)
    return Reading(statistic="ratio", value=hits / n, n=n, lower=lower, upper=upper, known=known, kind=kind)


def quotient(part: int, whole: int, n: int, *, known: float = 1.0) -> Reading:
    """Return part / whole, sums over n things, without bounds; unknown when there is no whole."""
    value = part / whole if n >= MINIMUM_N and whole > 0 else None
    return Reading(statistic="ratio", value=value, n=n, known=known)
