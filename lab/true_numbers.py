"""The true value of every measurement, from what is gathered of a run or of many."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from math import prod
from typing import Final

from msgspec import Struct

from lab.gathering import Gathered, Place
from lab.ledger import STEPS
from lab.organisation import WINDOW_DAYS

MINIMUM_N: Final = 5
"""Quantiles, means and ratios of fewer are unknown."""


_QUANTILES: Final = (("p50", 50), ("p85", 85), ("p95", 95))
_RATES: Final = frozenset({"deployment_frequency_per_day"})
_PACES: Final[Mapping[str, str]] = {"step_arrivals": "step_takt_seconds", "flow_arrivals": "takt_seconds"}
"""The pace that a count of arrivals sets."""

_OUT_OF_DAYS: Final = frozenset({"deployment_days_ratio"})

Number = tuple[Place, str]
"""A series and its statistic: what names one measurement of a window."""


class TrueNumber(Struct, frozen=True, gc=False):
    """What is true, None unknown, and how many things stand behind it."""

    value: float | None
    n: int


def true_numbers(found: Gathered) -> dict[Number, TrueNumber]:
    """Return the value of every number; of several runs together what it is in the long run."""
    return {
        **dict(_of_samples(found)),
        **dict(_of_ratios(found)),
        **dict(_of_counts(found)),
        **dict(_rolled(found)),
        **dict(_of_now(found)),
        **dict(_of_targets(found)),
    }


def quantile(ordered: list[float], percent: int) -> float:
    """Return the value at rank ceil(q n) of sorted values, at least one."""
    return ordered[max(1, -(-len(ordered) * percent // 100)) - 1]


def _of_samples(found: Gathered) -> Iterator[tuple[Number, TrueNumber]]:
    for place, values in found.samples.items():
        ordered, n = sorted(values), len(values)
        known = n >= MINIMUM_N
        for statistic, percent in _QUANTILES:
            yield (place, statistic), TrueNumber(quantile(ordered, percent) if known else None, n)
        if not place.metric.endswith("_age_seconds"):
            yield (place, "mean"), TrueNumber(sum(values) / n if known else None, n)


def _of_ratios(found: Gathered) -> Iterator[tuple[Number, TrueNumber]]:
    for place, (part, whole, n) in found.ratios.items():
        if place.metric in _OUT_OF_DAYS:
            yield (place, "ratio"), TrueNumber(part / ((WINDOW_DAYS + 1) * max(1, found.runs)), n)
        else:
            yield (place, "ratio"), TrueNumber(part / whole if n >= MINIMUM_N and whole > 0 else None, n)


def _of_counts(found: Gathered) -> Iterator[tuple[Number, TrueNumber]]:
    for place, times in found.counts.items():
        each = times / found.runs
        statistic = "mean" if place.metric in _RATES else "count"
        yield (place, statistic), TrueNumber(each / WINDOW_DAYS if place.metric in _RATES else each, int(times))
        if (pace := _PACES.get(place.metric)) is not None:
            seconds = found.available[place.value_stream]
            yield (place._replace(metric=pace), "mean"), TrueNumber(seconds / each, int(times))


def _of_now(found: Gathered) -> Iterator[tuple[Number, TrueNumber]]:
    return (((place, "now"), TrueNumber(value, 0)) for place, value in found.now.items())


def _of_targets(found: Gathered) -> Iterator[tuple[Number, TrueNumber]]:
    for at, (within, of) in found.targets.items():
        yield at, TrueNumber(within / of if of >= MINIMUM_N else None, of)


def _rolled(found: Gathered) -> Iterator[tuple[Number, TrueNumber]]:
    """Yield each stream's product of its steps' shares."""
    for stream in {place.value_stream for place in found.ratios}:
        at = partial(Place, stream, "step_complete_accurate_ratio")
        shares = [found.ratios[at(step)] for step in STEPS if at(step) in found.ratios]
        least = min((n for _, _, n in shares), default=0)
        value = prod(part / whole for part, whole, _ in shares) if least >= MINIMUM_N else None
        yield (Place(stream, "rolled_complete_accurate_ratio"), "ratio"), TrueNumber(value, least)


def family(number: Number) -> str:
    """Return the kind of interval that a number has: by its statistic, and by what is behind a ratio."""
    place, statistic = number
    if place.metric.endswith("_met_ratio"):
        return "shares"
    if statistic == "mean":
        return "rates" if place.metric in _RATES or place.metric in _PACES.values() else "means"
    if statistic == "count":
        return "counts"
    if statistic != "ratio":
        return f"quantiles {statistic}"
    return _RATIOS.get(place.metric, "shares")


_RATIOS: Final[Mapping[str, str]] = {
    "rolled_complete_accurate_ratio": "products of shares",
    "flow_efficiency_ratio": "ratios of sums",
    "activity_ratio": "ratios of sums",
}
