"""DORA's five, per service and for the whole stream, in production."""

from __future__ import annotations

from metrics import codes
from metrics.answers import durations, rate, share
from metrics.reading import MINIMUM_N, Basis, Reading

_DAY_SECONDS = 86_400


def deployment_frequency_per_day(basis: Basis) -> tuple[Reading, ...]:
    """Successful production deployments finished in the window, divided by its days."""
    return (rate(basis.cell.get(codes.SUCCEEDED, 0), basis.seconds / _DAY_SECONDS),)


def change_lead_time_seconds(basis: Basis) -> tuple[Reading, ...]:
    """Time from first commit to the first production deployment, of changes deployed in the window, seconds."""
    return durations(basis.held, codes.CHANGE_LEAD, basis.cell.get(codes.CHANGED, 0))


def change_fail_ratio(basis: Basis) -> tuple[Reading, ...]:
    """Share of the production deployments finished in the window that failed or needed immediate intervention.

    `lower` counts only what is certain, the value and `upper` everything that is possible: the bounds are of the
    evidence, not of chance.
    """
    n = basis.cell.get(codes.DEPLOYED, 0)
    if n < MINIMUM_N:
        return (Reading(statistic="ratio", value=None, n=n),)
    failed, certain = (basis.cell.get(code, 0) / n for code in (codes.FAILED, codes.FAILED_CERTAINLY))
    return (Reading(statistic="ratio", value=failed, n=n, lower=certain, upper=failed),)


def failed_deployment_recovery_seconds(basis: Basis) -> tuple[Reading, ...]:
    """Time from a failed deployment's finish to its recovery, of those that recovered in the window, seconds."""
    return durations(basis.held, codes.RECOVERY, 0)


def deployment_rework_ratio(basis: Basis) -> tuple[Reading, ...]:
    """Share of the production deployments finished in the window that an incident forced (Wilson's bounds)."""
    return (share(basis.cell.get(codes.REWORKED, 0), basis.cell.get(codes.DEPLOYED, 0)),)
