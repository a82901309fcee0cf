"""The few ways in which counts and sketches become answers with an interval; pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from math import prod
from typing import Final

from msgspec.structs import replace

from metrics.codes import Held
from metrics.intervals import events, product_of_shares, wilson
from metrics.mean_bounds import mean_bounds, moments
from metrics.quantile_bounds import Ranked, rank_bounds
from metrics.ratio_bounds import Sums, ratio_bounds
from metrics.reading import MINIMUM_N, Basis, Reading
from metrics.sketch import quantile_rank, value_of

QUANTILES: Final = (("p50", 0.5), ("p85", 0.85), ("p95", 0.95))
_STATISTICS: Final = (*(statistic for statistic, _ in QUANTILES), "mean")
_MICROS: Final = 1_000_000


def durations(held: Held, sketch: int, of: int) -> tuple[Reading, ...]:
    """Return p50, p85, p95 and mean, in seconds, of a sketch; `of` is how many durations there should be.

    Bounds (95 %) of the quantiles are order statistics, None where n is too small for one; those of the mean are
    Student's, corrected for skewness.
    """
    return _of_sketch(held, sketch, of, _MICROS)


def amounts(held: Held, sketch: int, of: int) -> tuple[Reading, ...]:
    """Return p50, p85, p95 and mean of whole amounts (a batch's size) in their own unit, else as `durations`."""
    return _of_sketch(held, sketch, of, 1)


def _of_sketch(held: Held, sketch: int, of: int, unit: int) -> tuple[Reading, ...]:
    bins, upto = held.steps(sketch)
    n = upto[-1] if upto else 0
    known = n / of if of else 1.0
    if n < MINIMUM_N:
        return tuple(Reading(statistic=s, value=None, n=n, known=known) for s in _STATISTICS)
    ranked = Ranked(bins, upto)
    found = []
    for statistic, q in QUANTILES:
        low, high = rank_bounds(n, q)
        value = value_of(bins[bisect_left(upto, quantile_rank(n, q))])
        lower = None if low is None else min(value, ranked.at(low, -1)) / unit
        upper = None if high is None else max(value, ranked.at(high, 1)) / unit
        found.append(Reading(statistic=statistic, value=value / unit, n=n, lower=lower, upper=upper, known=known))
    mean = held.total(sketch) / n
    lower, upper = mean_bounds(moments(bins, upto, mean))
    return (
        *found,
        Reading(statistic="mean", value=mean / unit, n=n, lower=lower / unit, upper=upper / unit, known=known),
    )


def count(n: int) -> tuple[Reading, ...]:
    """Return how many there were, with the bounds (95 %) of how many one would expect; none at all is unknown."""
    if not n:
        return (Reading(statistic="count", value=None, n=0),)
    lower, upper = events(n)
    return (Reading(statistic="count", value=float(n), n=n, lower=lower, upper=upper),)


def rate(n: int, periods: float) -> Reading:
    """Return how many there were a period, of `periods` in which n were counted, with bounds (95 %); 0 is unknown."""
    if not n:
        return Reading(statistic="mean", value=None, n=0)
    lower, upper = events(n)
    return Reading(statistic="mean", value=n / periods, n=n, lower=lower / periods, upper=upper / periods)


def takt(available_micros: int, n: int) -> Reading:
    """Return the available time, in seconds, for each of n arrivals, with bounds (95 %); unknown without either."""
    if not n or available_micros <= 0:
        return Reading(statistic="mean", value=None, n=n)
    fewest, most = events(n)
    seconds = available_micros / _MICROS
    return Reading(statistic="mean", value=seconds / n, n=n, lower=seconds / most, upper=seconds / fewest)


def census(value: float | None, n: int, *, statistic: str = "now") -> Reading:
    """Return what holds of all there is now, n things: no sample, so its bounds are the value itself."""
    return Reading(statistic=statistic, value=value, n=n, lower=value, upper=value)


def ages(basis: Basis) -> tuple[Reading, ...]:
    """Return p50, p85, p95, in seconds, of the ages of what is open now; fewer than five are unknown."""
    n = basis.open
    if n < MINIMUM_N:
        return tuple(census(None, n, statistic=statistic) for statistic, _ in QUANTILES)
    begins = basis.begins_at([n - quantile_rank(n, q) for _, q in QUANTILES])
    return tuple(
        census((basis.now - begin) / _MICROS, n, statistic=statistic)
        for (statistic, _), begin in zip(QUANTILES, begins, strict=True)
    )


def met(basis: Basis, measure: str, by_quantile: Mapping[str, int], sketch: int, of: int) -> tuple[Reading, ...]:
    """Return, for each quantile that a measure has a target for, the share of its known durations within that.

    `by_quantile` are the codes that count them, `of` is how many durations there should be. Nothing without a target.
    """
    targeted = basis.targets.get(measure, ())
    if not targeted:
        return ()
    n = basis.held.count(sketch)
    known = n / of if of else 1.0
    return tuple(
        replace(share(basis.cell.get(by_quantile[quantile], 0), n, known=known), statistic=quantile)
        for quantile in targeted
    )


def share(hits: int, n: int, *, known: float = 1.0, kind: str = "") -> Reading:
    """Return hits / n with Wilson's bounds (95 %)."""
    if n < MINIMUM_N:
        return Reading(statistic="ratio", value=None, n=n, known=known, kind=kind)
    lower, upper = wilson(hits, n)
    return Reading(statistic="ratio", value=hits / n, n=n, lower=lower, upper=upper, known=known, kind=kind)


def product(shares: list[tuple[int, int]], *, known: float = 1.0) -> Reading:
    """Return the product of independent shares, each (hits, n), with bounds (95 %); `n` is the least behind any.

    Unknown when there is none or one of them is unknown.
    """
    n = min((of for _, of in shares), default=0)
    if n < MINIMUM_N:
        return Reading(statistic="ratio", value=None, n=n, known=known)
    value = prod(hits / of for hits, of in shares)
    lower, upper = product_of_shares(shares)
    return Reading(statistic="ratio", value=value, n=n, lower=lower, upper=upper, known=known)


def quotient(sums: Sums, n: int, *, known: float = 1.0) -> Reading:
    """Return part / whole, sums over n things, with bounds (95 %) from the sums; unknown when there is no whole."""
    if n < MINIMUM_N or sums.whole <= 0:
        return Reading(statistic="ratio", value=None, n=n, known=known)
    lower, upper = ratio_bounds(sums)
    return Reading(statistic="ratio", value=sums.part / sums.whole, n=n, lower=lower, upper=upper, known=known)
