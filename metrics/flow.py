"""The Flow Framework's five over a stream's items, and the activity ratio of its whole way."""

from __future__ import annotations

from metrics import codes
from metrics.answers import count, durations, quotient, share
from metrics.ratio_bounds import Sums
from metrics.reading import Basis, Reading

_OVER_CHARGED = (codes.PARTED_CHARGED, codes.PARTED_ACTIVE_CHARGED, codes.PARTED_CHARGED_SQUARED)
_OVER_ORDER = (codes.PARTED_ORDER, codes.PARTED_ACTIVE_ORDER, codes.PARTED_ORDER_SQUARED)


def flow_velocity(basis: Basis) -> tuple[Reading, ...]:
    """Items finished in the window."""
    return count(basis.cell.get(codes.DONE, 0))


def flow_time_seconds(basis: Basis) -> tuple[Reading, ...]:
    """Time from started to finished, elapsed, of the items finished in the window, seconds."""
    return durations(basis.held, codes.FLOW, basis.cell.get(codes.DONE, 0))


def flow_load(basis: Basis) -> tuple[Reading, ...]:
    """Items started and not finished now; a known 0 once any was seen."""
    return (Reading(statistic="now", value=float(basis.open) if basis.seen else None, n=basis.seen),)


def flow_efficiency_ratio(basis: Basis) -> tuple[Reading, ...]:
    """Sum of active time over sum of active and waiting (also blocked) time, of the items finished in the window.

    Time of which nothing is known is in neither; its share lowers the completeness.
    """
    charged, whole = basis.cell.get(codes.PARTED_CHARGED, 0), basis.cell.get(codes.PARTED_FLOW, 0)
    return (_over_parted(basis, _OVER_CHARGED, charged / whole if whole else 1.0),)


def activity_ratio(basis: Basis) -> tuple[Reading, ...]:
    """Sum of active time over sum of time from order to done, of the items finished in the window.

    An item's active time counts each instant once however many steps were active: the critical path.
    """
    return (_over_parted(basis, _OVER_ORDER),)


def flow_distribution_ratio(basis: Basis) -> tuple[Reading, ...]:
    """Share of each kind among the items finished in the window whose kind is known (Wilson's bounds)."""
    numbers = {kind: basis.cell.get(code, 0) for kind, code in codes.DONE_OF_KIND.items()}
    n, done = sum(numbers.values()), basis.cell.get(codes.DONE, 0)
    return tuple(share(hits, n, known=n / done if done else 1.0, kind=kind) for kind, hits in numbers.items())


def _over_parted(basis: Basis, over: tuple[int, int, int], known: float = 1.0) -> Reading:
    n, done = basis.cell.get(codes.PARTED, 0), basis.cell.get(codes.DONE, 0)
    whole, products, squares = (basis.cell.get(code, 0) for code in over)
    active, active_squares = (basis.cell.get(code, 0) for code in (codes.PARTED_ACTIVE, codes.PARTED_ACTIVE_SQUARED))
    sums = Sums(active, whole, active_squares, products, squares)
    return quotient(sums, n, known=known * n / done if done else known)
