"""The Flow Framework's five over a stream's items, and the activity ratio of its whole way."""

from __future__ import annotations

from metrics import codes, targets
from metrics.answers import ages, amounts, census, count, durations, met, quotient, share, takt
from metrics.ratio_bounds import Sums
from metrics.reading import Basis, Reading

_SHOWN = ("p50", "p85", "mean")


def flow_velocity(basis: Basis) -> tuple[Reading, ...]:
    """Items finished in the window."""
    return count(basis.cell.get(codes.DONE, 0))


def flow_time_seconds(basis: Basis) -> tuple[Reading, ...]:
    """Time from started to finished, elapsed, of the items finished in the window, seconds."""
    return durations(basis.held, codes.FLOW, basis.cell.get(codes.DONE, 0))


def flow_time_working_seconds(basis: Basis) -> tuple[Reading, ...]:
    """Working time from started to finished of the items finished in the window, seconds."""
    return durations(basis.held, codes.FLOW_WORKING, basis.cell.get(codes.DONE, 0))


def flow_time_met_ratio(basis: Basis) -> tuple[Reading, ...]:
    """Share of the items finished in the window whose flow time is no longer than the target for a quantile."""
    return met(basis, targets.FLOW_TIME, codes.FLOW_TIME_MET, codes.FLOW, basis.cell.get(codes.DONE, 0))


def flow_arrivals(basis: Basis) -> tuple[Reading, ...]:
    """Items started in the window."""
    return count(basis.cell.get(codes.ARRIVED, 0))


def takt_seconds(basis: Basis) -> tuple[Reading, ...]:
    """Available time in the window over the items started in it, seconds: the pace that demand sets."""
    return (takt(basis.available_micros, basis.cell.get(codes.ARRIVED, 0)),)


def flow_handoffs(basis: Basis) -> tuple[Reading, ...]:
    """Hand-offs of the items finished in the window: p50, p85, mean."""
    found = amounts(basis.held, codes.HANDOFFS, basis.cell.get(codes.DONE, 0))
    return tuple(reading for reading in found if reading.statistic in _SHOWN)


def flow_effort_seconds(basis: Basis) -> tuple[Reading, ...]:
    """Process time of all visits of an item together, of the items finished in the window, seconds."""
    return durations(basis.held, codes.EFFORT, basis.cell.get(codes.DONE, 0))


def flow_age_seconds(basis: Basis) -> tuple[Reading, ...]:
    """Ages of the items started and not finished now, seconds: p50, p85, p95, exact."""
    return ages(basis)


def flow_load(basis: Basis) -> tuple[Reading, ...]:
    """Items started and not finished now; a known 0 once any was seen."""
    return (census(float(basis.open) if basis.seen else None, basis.seen),)


def flow_efficiency_ratio(basis: Basis) -> tuple[Reading, ...]:
    """Sum of active time over sum of active and waiting (also blocked) time, of the items finished in the window.

    Time of which nothing is known is in neither; its share lowers the completeness.
    """
    get = basis.cell.get
    n, done, charged, whole = (get(c, 0) for c in (codes.PARTED, codes.DONE, codes.PARTED_CHARGED, codes.PARTED_FLOW))
    sums = Sums(
        get(codes.PARTED_ACTIVE, 0),
        charged,
        get(codes.PARTED_ACTIVE_SQUARED, 0),
        get(codes.PARTED_ACTIVE_CHARGED, 0),
        get(codes.PARTED_CHARGED_SQUARED, 0),
    )
    return (quotient(sums, n, known=(charged / whole if whole else 1.0) * (n / done if done else 1.0)),)


def activity_ratio(basis: Basis) -> tuple[Reading, ...]:
    """Sum of process time on the critical path over sum of time from order to done, of the items finished.

    Of branches that ran side by side only the longest counts, so that both sums are of one path.
    """
    get = basis.cell.get
    n, done = get(codes.PATHED, 0), get(codes.DONE, 0)
    sums = Sums(
        get(codes.PATH, 0),
        get(codes.PATH_ORDER, 0),
        get(codes.PATH_SQUARED, 0),
        get(codes.PATH_BY_ORDER, 0),
        get(codes.PATH_ORDER_SQUARED, 0),
    )
    return (quotient(sums, n, known=n / done if done else 1.0),)


def flow_distribution_ratio(basis: Basis) -> tuple[Reading, ...]:
    """Share of each kind among the items finished in the window whose kind is known (Wilson's bounds)."""
    numbers = {kind: basis.cell.get(code, 0) for kind, code in codes.DONE_OF_KIND.items()}
    n, done = sum(numbers.values()), basis.cell.get(codes.DONE, 0)
    return tuple(share(hits, n, known=n / done if done else 1.0, kind=kind) for kind, hits in numbers.items())
