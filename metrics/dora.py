"""DORA's five, per service and for the whole stream, in production."""

from __future__ import annotations

from metrics import codes
from metrics.answers import amounts, durations, rate, share
from metrics.reading import MINIMUM_N, Basis, Reading

_DAY_SECONDS = 86_400
_MICROS = 1_000_000


def deployment_frequency_per_day(basis: Basis) -> tuple[Reading, ...]:
    """Successful production deployments finished in the window, divided by its days."""
    return (rate(basis.cell.get(codes.SUCCEEDED, 0), basis.seconds / _DAY_SECONDS),)


def change_lead_time_seconds(basis: Basis) -> tuple[Reading, ...]:
    """Time from first commit to the first production deployment, of changes deployed in the window, seconds."""
    return durations(basis.held, codes.CHANGE_LEAD, basis.cell.get(codes.CHANGED, 0))


def change_coding_seconds(basis: Basis) -> tuple[Reading, ...]:
    """Time from a change's first commit to its opening, of changes deployed in the window, seconds."""
    return durations(basis.held, codes.CODING, basis.cell.get(codes.CHANGED, 0))


def change_pickup_seconds(basis: Basis) -> tuple[Reading, ...]:
    """Time from a change's opening to its first human review, of changes deployed in the window, seconds."""
    return durations(basis.held, codes.PICKUP, basis.cell.get(codes.CHANGED, 0))


def change_review_seconds(basis: Basis) -> tuple[Reading, ...]:
    """Time from a change's first human review to its merge, of changes deployed in the window, seconds."""
    return durations(basis.held, codes.REVIEW, basis.cell.get(codes.CHANGED, 0))


def change_deploy_seconds(basis: Basis) -> tuple[Reading, ...]:
    """Time from a change's merge to its first production deployment, of changes deployed in the window, seconds."""
    return durations(basis.held, codes.DEPLOY, basis.cell.get(codes.CHANGED, 0))


def change_unaccounted_seconds(basis: Basis) -> tuple[Reading, ...]:
    """What of a change's lead time is in none of its known parts, of changes deployed in the window, seconds."""
    return durations(basis.held, codes.UNACCOUNTED, basis.cell.get(codes.CHANGED, 0))


def deployment_days_ratio(basis: Basis) -> tuple[Reading, ...]:
    """Share of the window's days (UTC, also those partly in it) with a successful deployment (Wilson's bounds).

    Not measured in windows of less than five days, where it could never be known. `n` is the days; without any
    deployment it is unknown.
    """
    if basis.seconds < MINIMUM_N * _DAY_SECONDS:
        return ()
    first, last = (at // (_DAY_SECONDS * _MICROS) for at in (basis.window_start, basis.now))
    numbers = range(first, last + 1)
    hits = sum(codes.DAYS + number % codes.DAY_CODES in basis.cell for number in numbers)
    return (share(hits, len(numbers) if hits else 0),)


def deployment_batch_size(basis: Basis) -> tuple[Reading, ...]:
    """Changes that a successful deployment carried, of those finished in the window that carried any that is known."""
    return amounts(basis.held, codes.BATCH, basis.cell.get(codes.BATCHED, 0))


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
    """Time from a failed deployment's finish to its recovery, of those that recovered in the window, seconds.

    In the dialect of 2021 from a production incident's detection to its end instead, whatever caused it.
    """
    return durations(basis.held, codes.RECOVERY, 0)


def deployment_rework_ratio(basis: Basis) -> tuple[Reading, ...]:
    """Share of the production deployments finished in the window that an incident forced (Wilson's bounds)."""
    return (share(basis.cell.get(codes.REWORKED, 0), basis.cell.get(codes.DEPLOYED, 0)),)
