"""Derived rows to points: at which instant a row adds which amounts to which series; pure.

Every measurement is a sum over points, so a row that changes takes its old points back and adds its new ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from metrics import codes
from metrics.windows import Amounts
from schemas.definition import ValueStream
from schemas.derived import BRIDGED, Change, Deployment, Derived, Incident, StepVisit, WorkItem
from schemas.event import Outcome

FLOW: Final = "flow:"
"""The series of a stream's items."""

_FAILED: Final = (Outcome.FAILURE, Outcome.ERROR)
_CERTAIN: Final = 1.0
_ARRIVED: Final = (codes.COUNTED, (codes.ARRIVED, 1), (codes.STANDING, 1))
_COMPLETED: Final = (codes.COUNTED, (codes.COMPLETED, 1))
_RETURNED: Final = (*_COMPLETED, (codes.RETURNED, 1))
_LEFT: Final = (codes.STANDING, -1)


class Point(NamedTuple):
    """One instant of one row: `opens` is +1 where something becomes open that began at `begin`, -1 where it ends."""

    at: int
    series: str
    amounts: Amounts
    opens: int = 0
    begin: int = 0


@lru_cache(maxsize=1_024)
def step_series(step: str) -> str:
    """Return the series of a step's visits."""
    return f"step:{step}"


def service_series(service: str) -> str:
    """Return the series of a service's production deployments and changes; '' is all services."""
    return f"service:{service}"


def points(row: Derived | None, stream: ValueStream) -> tuple[Point, ...]:
    """Return a row's points; none for no row, a withdrawn one, or one that enters no total."""
    if row is None or row.withdrawn:
        return ()
    match row:
        case StepVisit():
            return tuple(_visit(row)) if row.counted else ()
        case WorkItem():
            return tuple(_item(row))
        case Change():
            return tuple(_change(row)) if row.environment == stream.production else ()
        case Deployment():
            return tuple(_deployment(row)) if row.environment == stream.production else ()
        case Incident():
            return ()


def _visit(row: StepVisit) -> Iterator[Point]:
    series = step_series(row.step)
    queued, end = row.queued_at, row.finished_at
    begin = queued if queued is not None else row.started_at
    if begin is not None:
        if end is not None and end < begin:
            begin = end
        yield Point(begin, series, (*_ARRIVED, (codes.STANDING_MOMENT, begin)), 1, begin)
    if end is None:
        return
    amounts = (
        *(_RETURNED if row.returned else _COMPLETED),
        *(() if begin is None else (_LEFT, (codes.STANDING_MOMENT, -end))),
        *codes.duration(codes.WAIT, row.wait_micros),
        *codes.duration(codes.PROCESS, row.process_micros),
        *(() if queued is None or row.outcome == BRIDGED else codes.duration(codes.LEAD, end - queued)),
    )
    yield Point(end, series, amounts, 0 if begin is None else -1, begin or 0)


def _item(row: WorkItem) -> Iterator[Point]:
    start, end = row.started_at, row.finished_at
    if start is not None and end is not None:
        start = min(start, end)
    if start is not None:
        yield Point(start, FLOW, (codes.COUNTED,), 1, start)
    if end is None:
        return
    kind = ((codes.DONE_OF_KIND[row.kind], 1),) if row.kind is not None else ()
    flow = codes.duration(codes.FLOW, _span(row.started_at, end))
    amounts = (codes.COUNTED, (codes.DONE, 1), *kind, *flow, *_parts(row, end))
    yield Point(end, FLOW, amounts, 0 if start is None else -1, start or 0)


def _parts(row: WorkItem, end: int) -> Iterator[tuple[int, int]]:
    """The item's active, charged and whole flow time, and that from order to done; nothing where a part is unknown."""
    parts = (row.process_micros, row.wait_micros, row.blocked_micros, row.unaccounted_micros)
    known = [part for part in parts if part is not None]
    ordered = _first_known(row.created_at, row.started_at)
    if len(known) < len(parts) or ordered is None or row.started_at is None:
        return
    active, charged, order = known[0], sum(known[:3]), max(0, end - min(ordered, row.started_at))
    yield codes.PARTED, 1
    yield codes.PARTED_ACTIVE, active
    yield codes.PARTED_CHARGED, charged
    yield codes.PARTED_FLOW, sum(known)
    yield codes.PARTED_ORDER, order
    yield codes.PARTED_ACTIVE_SQUARED, active * active
    yield codes.PARTED_ACTIVE_CHARGED, active * charged
    yield codes.PARTED_CHARGED_SQUARED, charged * charged
    yield codes.PARTED_ACTIVE_ORDER, active * order
    yield codes.PARTED_ORDER_SQUARED, order * order


def _change(row: Change) -> Iterator[Point]:
    if row.deployed_at is None or row.left_censored:
        return
    lead = codes.duration(codes.CHANGE_LEAD, _span(row.first_commit_at, row.deployed_at))
    amounts = (codes.COUNTED, (codes.CHANGED, 1), *lead)
    yield from _of_service(row.service, row.deployed_at, amounts)


def _deployment(row: Deployment) -> Iterator[Point]:
    if row.finished_at is None or row.outcome is None or row.outcome == Outcome.CANCELLED:
        return
    broke = row.outcome in _FAILED
    failed = broke or row.caused_incident
    flags = (
        (codes.SUCCEEDED, row.outcome == Outcome.SUCCESS),
        (codes.FAILED, failed),
        (codes.FAILED_CERTAINLY, broke or (failed and row.confidence >= _CERTAIN)),
        (codes.REWORKED, row.is_rework),
    )
    amounts = (codes.COUNTED, (codes.DEPLOYED, 1), *((code, 1) for code, said in flags if said))
    yield from _of_service(row.service, row.finished_at, amounts)
    if failed and row.recovered_at is not None and row.recovered_at >= row.finished_at:
        recovery = codes.duration(codes.RECOVERY, row.recovered_at - row.finished_at)
        yield from _of_service(row.service, row.recovered_at, (codes.COUNTED, *recovery))


def _of_service(service: str, at: int, amounts: Amounts) -> Iterator[Point]:
    """Count for all services together, and for the row's own where it is known."""
    yield Point(at, service_series(""), amounts)
    if service:
        yield Point(at, service_series(service), amounts)


def _first_known(*instants: int | None) -> int | None:
    return next((instant for instant in instants if instant is not None), None)


def _span(start: int | None, end: int) -> int | None:
    return None if start is None else end - start
