"""What a metric is given and what it answers, and the few ways in which counts become answers."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Final

from msgspec import Struct

from processors.metrics.codes import Held
from processors.metrics.intervals import rank_bounds, wilson
from processors.sketch import quantile_rank, value_of

MINIMUM_N: Final = 5
"""Quantiles, means and ratios of fewer are unknown; counts need one."""

QUANTILES: Final = (("p50", 0.5), ("p85", 0.85), ("p95", 0.95))
_DURATION_STATISTICS: Final = (*(statistic for statistic, _ in QUANTILES), "mean")
_MICROS: Final = 1_000_000


_EMPTY: Final = Held({})


class Reading(Struct, frozen=True, kw_only=True, gc=False):
    """One answer of a metric.

    `value` None: unknown. `n` counts what stands behind it; `lower`, `upper` bound it where that can be said.
    `known` is the share of what should stand behind it that does. `kind` and `step` tell answers of one metric
    apart, '' for all.
    """

    statistic: str
    value: float | None
    n: int
    lower: float | None = None
    upper: float | None = None
    known: float = 1.0
    kind: str = ""
    step: str = ""


class StepTally(Struct, frozen=True, kw_only=True, gc=False):
    """One step of the map: its plain counts in the window, and how many visits are open now.

    `is_inlet`: the map's first step, where no value is added: what stands there is demand.
    """

    step: str
    counts: Mapping[int, int]
    open: int = 0
    is_inlet: bool = False


class Basis(Struct, frozen=True, kw_only=True):
    """What a metric is computed from; which fields are filled depends on its scope.

    `now` and `window_start` are microseconds UTC, `seconds` the window's length. `cell` holds the window's amounts,
    `held` its sketches.
    `open` counts what is open now, `earliest` is the begin of the oldest of it, `seen` counts every begin and end so
    far. `steps` are the map's steps in its order. `observed` is the share of the window since the stream's first
    fact, None before it.
    """

    now: int
    window_start: int = 0
    seconds: int = 0
    cell: Mapping[int, int] = {}
    held: Held = _EMPTY
    open: int = 0
    earliest: int | None = None
    seen: int = 0
    steps: tuple[StepTally, ...] = ()
    newest_occurred_at: int | None = None
    facts: int = 0
    lost_facts: int = 0
    observed: float | None = None


class Scope(StrEnum):
    """What a metric is about, and so which basis it is given."""

    STEP = "step"
    """One step in one window."""
    STEP_NOW = "step_now"
    """One step now."""
    FLOW = "flow"
    """A stream's items in one window."""
    FLOW_NOW = "flow_now"
    """A stream's items now."""
    SERVICE = "service"
    """One service, or all, in production in one window."""
    MAP = "map"
    """All steps of a map together in one window."""
    FEED = "feed"
    """A stream's facts as a whole, over one window."""
    FEED_NOW = "feed_now"
    """A stream's facts as a whole, now."""


Compute = Callable[[Basis], Sequence[Reading]]
"""Pure. The same series in every answer, unknown where there is too little."""


class Metric(Struct, frozen=True, kw_only=True):
    """One metric: `name` is its Prometheus name without `vsm_`, and the name of its page under docs/metrics."""

    name: str
    scope: Scope
    compute: Compute


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
