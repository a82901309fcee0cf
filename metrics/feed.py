"""How fresh and how complete a stream's facts are."""

from __future__ import annotations

from metrics.reading import Basis, Reading

_MICROS = 1_000_000


def data_age_seconds(basis: Basis) -> tuple[Reading, ...]:
    """Seconds since the newest fact occurred, 0 if it lies ahead of the clock; unknown before the first fact."""
    newest = basis.newest_occurred_at
    age = None if newest is None else max(0, basis.now - newest) / _MICROS
    return (Reading(statistic="now", value=age, n=basis.facts),)


def completeness_ratio(basis: Basis) -> tuple[Reading, ...]:
    """Share of the window since the stream's first fact, times the share of facts that could be used.

    Unknown before the first fact; a single fact suffices, since nothing is estimated from a sample.
    """
    if basis.observed is None or not basis.facts:
        return (Reading(statistic="ratio", value=None, n=basis.facts),)
    return (Reading(statistic="ratio", value=basis.observed * sound(basis), n=basis.facts),)


def sound(basis: Basis) -> float:
    """Return the share of a stream's facts that could be used, in whole thousandths; 1 before the first.

    Rounded down, so that a single lost fact shows; rounded, so that not every new fact changes every measurement.
    """
    return (basis.facts - basis.lost_facts) * 1_000 // basis.facts / 1_000 if basis.facts else 1.0
