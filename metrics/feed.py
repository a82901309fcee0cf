"""How fresh and how complete a stream's facts are."""

from __future__ import annotations

from collections.abc import Mapping
from math import floor

from metrics.reading import Basis, Reading

_MICROS = 1_000_000
_DIGITS = 6
"""A share that is a whole number of thousandths is one in spite of its binary digits."""


def data_age_seconds(basis: Basis) -> tuple[Reading, ...]:
    """Seconds since the newest fact occurred, 0 if it lies ahead of the clock; unknown before the first fact."""
    newest = basis.newest_occurred_at
    age = None if newest is None else max(0, basis.now - newest) / _MICROS
    return (Reading(statistic="now", value=age, n=basis.facts),)


def completeness_ratio(basis: Basis) -> tuple[Reading, ...]:
    """Share of the window since the stream's first fact, times those of facts that could be used and that were told.

    Unknown before the first fact; a single fact suffices, since nothing is estimated from a sample.
    """
    if basis.observed is None or not basis.facts:
        return (Reading(statistic="ratio", value=None, n=basis.facts),)
    return (Reading(statistic="ratio", value=basis.observed * sound(basis) * basis.told, n=basis.facts),)


def sound(basis: Basis) -> float:
    """Return the share of a stream's facts that could be used, in whole thousandths; 1 before the first.

    Rounded down, so that a single lost fact shows; rounded, so that not every new fact changes every measurement.
    """
    return (basis.facts - basis.lost_facts) * 1_000 // basis.facts / 1_000 if basis.facts else 1.0


def told(days: Mapping[int, tuple[int, int]], first: int, last: int, twice_ratio: float = 0.0) -> float:
    """Return the share of some days' facts that arrived, told by what they presuppose, in thousandths, rounded down.

    `days` are the numbers presupposed and known by UTC day number, `first` and `last` days are in; 1 where nothing is
    presupposed. `twice_ratio` is the share of the facts that two deliveries tell: these are missing only without both.
    """
    inside = [days[day] for day in range(first, last + 1) if day in days]
    presupposed = sum(pair[0] for pair in inside)
    if not presupposed:
        return 1.0
    share = sum(pair[1] for pair in inside) / presupposed
    arrived = share + (1 - share) * share * twice_ratio
    return floor(round(arrived * 1_000, _DIGITS)) / 1_000
