"""Changes, deployments and incidents to points; pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from metrics import codes
from metrics.point import Point, environment_series, service_series
from metrics.windows import Amounts
from schemas.definition import ValueStream
from schemas.derived import Change, Deployment, Incident
from schemas.event import Outcome

TIME_TO_RESTORE: Final = "dora-2021"
"""The dialect in which recovery is the time from an incident's detection to its end, whatever caused it."""

_FAILED: Final = (Outcome.FAILURE, Outcome.ERROR)
_CERTAIN: Final = 1.0
_DAY: Final = 86_400_000_000


def of_change(row: Change, stream: ValueStream) -> Iterator[Point]:
    """Yield a change's point: when production got it; none for a left-censored one."""
    if row.environment != stream.production or row.deployed_at is None or row.left_censored:
        return
    amounts = (codes.COUNTED, (codes.CHANGED, 1), *_lead_and_parts(row, row.deployed_at))
    yield _of_service(row.service, row.deployed_at, amounts)


def of_deployment(row: Deployment, stream: ValueStream) -> Iterator[Point]:
    """Yield a deployment's points: its finish and its recovery, in an environment of the route to live."""
    if row.environment not in stream.environments:
        return
    if row.finished_at is None or row.outcome is None or row.outcome == Outcome.CANCELLED:
        return
    failed = row.outcome in _FAILED or row.caused_incident
    yield _placed(row, stream, row.finished_at, _finished(row, row.finished_at, failed=failed))
    recovered = row.recovered_at
    if failed and recovered is not None and recovered >= row.finished_at and stream.dialect != TIME_TO_RESTORE:
        took = codes.duration(codes.RECOVERY, recovered - row.finished_at)
        yield _placed(row, stream, recovered, (codes.COUNTED, *took))


def of_incident(row: Incident, stream: ValueStream) -> Iterator[Point]:
    """Yield a production incident's end in the dialect that measures the time to restore; else nothing."""
    if stream.dialect != TIME_TO_RESTORE or row.environment not in {"", stream.production}:
        return
    if row.detected_at is None or row.resolved_at is None or row.resolved_at < row.detected_at:
        return
    took = codes.duration(codes.RECOVERY, row.resolved_at - row.detected_at)
    yield _of_service(row.service, row.resolved_at, (codes.COUNTED, *took))


def _lead_and_parts(row: Change, deployed: int) -> Amounts:
    """The lead time, its known parts, and what of it is in none of them; a part that would be negative is unknown.

    Parts are cut to the lead time, and coding to the merge, so that none overlaps another.
    """
    start, merged = row.first_commit_at, row.merged_at
    lead = _span(start, deployed)
    opened = row.opened_at if row.opened_at is None or merged is None else min(row.opened_at, merged)
    parts = (
        (codes.CODING, _within(start, opened, start, deployed)),
        (codes.PICKUP, _within(opened, row.first_reviewed_at, start, deployed)),
        (codes.REVIEW, _within(row.first_reviewed_at, merged, start, deployed)),
        (codes.DEPLOY, _within(merged, deployed, start, deployed)),
    )
    left = None if lead is None else lead - sum(part for _, part in parts if part is not None)
    together = (*parts, (codes.CHANGE_LEAD, lead), (codes.UNACCOUNTED, left))
    return tuple(pair for sketch, micros in together for pair in codes.duration(sketch, micros))


def _within(begin: int | None, end: int | None, start: int | None, deployed: int) -> int | None:
    """Return how much of a span that is none the wrong way round lies in the lead time; None where it is unknown."""
    if begin is None or end is None or end < begin:
        return None
    return max(0, min(end, deployed) - (begin if start is None else max(begin, start)))


def _finished(row: Deployment, at: int, *, failed: bool) -> Amounts:
    succeeded = row.outcome == Outcome.SUCCESS
    batched = succeeded and not row.left_censored
    flags = (
        (codes.SUCCEEDED, succeeded),
        (codes.DAYS + at // _DAY % codes.DAY_CODES, succeeded),
        (codes.BATCHED, batched),
        (codes.FAILED, failed),
        (codes.FAILED_CERTAINLY, row.outcome in _FAILED or (failed and row.confidence >= _CERTAIN)),
        (codes.REWORKED, row.is_rework),
    )
    batch = codes.duration(codes.BATCH, len(row.change_ids)) if batched and row.change_ids else ()
    return (codes.COUNTED, (codes.DEPLOYED, 1), *((code, 1) for code, said in flags if said), *batch)


def _placed(row: Deployment, stream: ValueStream, at: int, amounts: Amounts) -> Point:
    if row.environment != stream.production:
        return Point(at, environment_series(row.environment), amounts)
    return _of_service(row.service, at, amounts)


def _of_service(service: str, at: int, amounts: Amounts) -> Point:
    """Count for all services together, and for the row's own where it is known."""
    return Point(at, service_series(""), amounts, also=service_series(service) if service else "")


def _span(start: int | None, end: int | None) -> int | None:
    return None if start is None or end is None or end < start else end - start
