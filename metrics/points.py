"""Derived rows to points: at which instant a row adds which amounts to which series; pure.

Every measurement is a sum over points, so a row that changes takes its old points back and adds its new ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from metrics import codes, targets
from metrics.delivery_points import of_change, of_deployment, of_incident
from metrics.point import FLOW, Point, flow_series, service_series, step_series
from metrics.windows import Amounts
from schemas.definition import ValueStream
from schemas.derived import BRIDGED, Change, Deployment, Derived, Incident, StepVisit, WorkItem

__all__ = ["FLOW", "Point", "points", "service_series", "step_series"]

_ARRIVED: Final = (codes.COUNTED, (codes.ARRIVED, 1), (codes.STANDING, 1))
_COMPLETED: Final = (codes.COUNTED, (codes.COMPLETED, 1))
_RETURNED: Final = (*_COMPLETED, (codes.RETURNED, 1))
_LEFT: Final = (codes.STANDING, -1)


def points(row: Derived | None, stream: ValueStream) -> tuple[Point, ...]:
    """Return a row's points; none for no row, a withdrawn one, or one that enters no total."""
    if row is None or row.withdrawn:
        return ()
    match row:
        case StepVisit():
            return tuple(_visit(row, stream)) if row.counted else ()
        case WorkItem():
            return tuple(_item(row, stream))
        case Change():
            return tuple(of_change(row, stream))
        case Deployment():
            return tuple(of_deployment(row, stream))
        case Incident():
            return tuple(of_incident(row, stream))


def _visit(row: StepVisit, stream: ValueStream) -> Iterator[Point]:
    series = step_series(row.step)
    also = "" if row.kind is None else step_series(row.step, row.kind)
    queued, end = row.queued_at, row.finished_at
    begin = queued if queued is not None else row.started_at
    if begin is not None:
        if end is not None and end < begin:
            begin = end
        yield Point(begin, series, (*_ARRIVED, (codes.STANDING_MOMENT, begin)), 1, begin, also)
    if end is None:
        return
    amounts = (
        *(_RETURNED if row.returned else _COMPLETED),
        *(() if begin is None else (_LEFT, (codes.STANDING_MOMENT, -end))),
        *_spans(row, None if queued is None or row.outcome == BRIDGED else end - queued, stream),
    )
    yield Point(end, series, amounts, 0 if begin is None else -1, begin or 0, also)


def _spans(row: StepVisit, lead: int | None, stream: ValueStream) -> Iterator[tuple[int, int]]:
    yield from codes.duration(codes.WAIT, row.wait_micros)
    yield from codes.duration(codes.PROCESS, row.process_micros)
    yield from codes.duration(codes.BLOCKED, row.blocked_micros)
    yield from codes.duration(codes.LEAD, lead)
    if stream.calendar is not None:
        yield from codes.duration(codes.WAIT_WORKING, row.wait_working_micros)
        yield from codes.duration(codes.PROCESS_WORKING, row.process_working_micros)
        yield from codes.duration(codes.LEAD_WORKING, None if lead is None else _lead_working(row))
    if stream.targets:
        yield from targets.met(stream.targets, row.step, targets.WAIT, row.wait_micros)
        yield from targets.met(stream.targets, row.step, targets.PROCESS, row.process_micros)
        yield from targets.met(stream.targets, row.step, targets.LEAD, lead)


def _lead_working(row: StepVisit) -> int | None:
    """Return the working time from queued to finished: the parts that are known, which sum to it; None without any."""
    parts = (
        row.wait_working_micros,
        row.process_working_micros,
        row.blocked_working_micros,
        row.unaccounted_working_micros,
    )
    known = [part for part in parts if part is not None]
    return sum(known) if known else None


def _item(row: WorkItem, stream: ValueStream) -> Iterator[Point]:
    start, end = row.started_at, row.finished_at
    also = "" if row.kind is None else flow_series(row.kind)
    if start is not None and end is not None:
        start = min(start, end)
    if start is not None:
        arrived = (*_ARRIVED, (codes.STANDING_MOMENT, start), (codes.STANDING_BEGINS, start))
        yield Point(start, FLOW, arrived, 1, start, also)
    if end is None:
        return
    left = (_LEFT, (codes.STANDING_MOMENT, -end), (codes.STANDING_BEGINS, -start)) if start is not None else ()
    yield Point(end, FLOW, (*left, *_done(row, end, stream)), 0 if start is None else -1, start or 0, also)


def _done(row: WorkItem, end: int, stream: ValueStream) -> Amounts:
    kind = ((codes.DONE_OF_KIND[row.kind], 1),) if row.kind is not None else ()
    flow = None if row.started_at is None else end - row.started_at
    return (
        codes.COUNTED,
        (codes.DONE, 1),
        *kind,
        *codes.duration(codes.FLOW, flow),
        *(() if stream.calendar is None else codes.duration(codes.FLOW_WORKING, row.flow_working_micros)),
        *targets.met(stream.targets, "", targets.FLOW_TIME, flow),
        *codes.duration(codes.HANDOFFS, row.handoffs),
        *codes.duration(codes.EFFORT, row.effort_micros),
        *_parts(row),
        *_path(row, end),
    )


def _parts(row: WorkItem) -> Amounts:
    """The item's active, charged and whole flow time; nothing where a part is unknown."""
    parts = (row.process_micros, row.wait_micros, row.blocked_micros, row.unaccounted_micros)
    known = [part for part in parts if part is not None]
    if len(known) < len(parts) or row.started_at is None:
        return ()
    active, charged = known[0], sum(known[:3])
    return (
        (codes.PARTED, 1),
        (codes.PARTED_ACTIVE, active),
        (codes.PARTED_CHARGED, charged),
        (codes.PARTED_FLOW, sum(known)),
        (codes.PARTED_ACTIVE_SQUARED, active * active),
        (codes.PARTED_ACTIVE_CHARGED, active * charged),
        (codes.PARTED_CHARGED_SQUARED, charged * charged),
    )


def _path(row: WorkItem, end: int) -> Amounts:
    """The process time on the item's critical path and its time from order to done; nothing where one is unknown."""
    path, begins = row.path_process_micros, [at for at in (row.created_at, row.started_at) if at is not None]
    if path is None or not begins:
        return ()
    order = max(0, end - min(begins))
    return (
        (codes.PATHED, 1),
        (codes.PATH, path),
        (codes.PATH_ORDER, order),
        (codes.PATH_SQUARED, path * path),
        (codes.PATH_BY_ORDER, path * order),
        (codes.PATH_ORDER_SQUARED, order * order),
    )
