"""What an item puts into a number, part by part, in the words of its metric's page; pure."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

from metrics import codes
from metrics.codes import WIDTH
from metrics.recompute import Asked
from schemas.derived import Change, Deployment, Derived, Incident, StepVisit, WorkItem

_MICROS: Final = 1_000_000
_TOTAL: Final = WIDTH - 1

_VISIT: Final = (("wait_seconds", codes.WAIT), ("process_seconds", codes.PROCESS), ("blocked_seconds", codes.BLOCKED),
                 ("lead_seconds", codes.LEAD))  # fmt: skip
_VISIT_WORKING: Final = (
    ("wait_working_seconds", codes.WAIT_WORKING),
    ("process_working_seconds", codes.PROCESS_WORKING),
    ("lead_working_seconds", codes.LEAD_WORKING),
)
_ITEM: Final = (("flow_time_seconds", codes.FLOW), ("effort_seconds", codes.EFFORT))
_ITEM_WORKING: Final = (("flow_time_working_seconds", codes.FLOW_WORKING),)
_CHANGE: Final = (
    ("change_lead_time_seconds", codes.CHANGE_LEAD),
    ("coding_seconds", codes.CODING),
    ("pickup_seconds", codes.PICKUP),
    ("review_seconds", codes.REVIEW),
    ("deploy_seconds", codes.DEPLOY),
    ("unaccounted_seconds", codes.UNACCOUNTED),
)
_RECOVERY: Final = (("recovery_seconds", codes.RECOVERY),)

Told = dict[str, Any]
"""Names and what is told: numbers (None unknown), texts, lists of names."""


def item_id(row: Derived) -> str:
    """Return the name of what a row is about."""
    match row:
        case StepVisit() | WorkItem():
            return row.item_id
        case Change():
            return row.change_id
        case Deployment():
            return row.deployment_id
        case Incident():
            return row.incident_id


def identity(row: Derived) -> tuple[str, ...]:
    """Return what makes two rows the same thing."""
    match row:
        case StepVisit():
            return (row.item_id, row.step, str(row.visit))
        case Change():
            return (row.change_id, row.service)
        case _:
            return (item_id(row),)


def told(row: Derived, asked: Asked) -> Told:
    """Return the item behind a number: its name and its own parts, seconds; unknown is None."""
    working = asked.stream.calendar is not None
    head: Told = {"item_id": item_id(row)}
    match row:
        case StepVisit():
            spans = _spans(row, asked, (*_VISIT, *(_VISIT_WORKING if working else ())))
            told_ = {"step": row.step, "visit": row.visit, "kind": row.kind, **spans}
            if row.finished_at is None or row.finished_at > asked.now:
                begin = row.queued_at if row.queued_at is not None else row.started_at
                told_["age_seconds"] = None if begin is None else (asked.now - begin) / _MICROS
            return {**head, **told_, "returned": row.returned, "evidence": row.evidence or None,
                    "finished_at": moment(row.finished_at)}  # fmt: skip
        case WorkItem():
            return {**head, **_item(row, asked, working=working)}
        case Change():
            more = {"service": row.service, "work_item_ids": list(row.item_ids), "deployment_id": row.deployment_id}
            return {**head, **_spans(row, asked, _CHANGE), **more, "deployed_at": moment(row.deployed_at)}
        case Deployment():
            return {
                **head,
                "service": row.service,
                "outcome": row.outcome,
                "failed": row.outcome in {"failure", "error"} or row.caused_incident,
                "attribution": row.attribution or None,
                "confidence": row.confidence,
                "is_rework": row.is_rework,
                "changes": len(row.change_ids),
                **_spans(row, asked, _RECOVERY),
                "finished_at": moment(row.finished_at),
            }
        case Incident():
            return {**head, "service": row.service, **_spans(row, asked, _RECOVERY),
                    "resolved_at": moment(row.resolved_at)}  # fmt: skip


def moment(micros: int | None) -> str | None:
    """Return a time as ISO 8601, UTC."""
    if micros is None:
        return None
    at = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=micros)
    return at.isoformat().replace("+00:00", "Z")


def _item(row: WorkItem, asked: Asked, *, working: bool) -> Told:
    found: Told = {"kind": row.kind, **_spans(row, asked, (*_ITEM, *(_ITEM_WORKING if working else ())))}
    for part in ("process", "wait", "blocked", "unaccounted", "path_process"):
        micros = getattr(row, f"{part}_micros")
        found[f"{part}_seconds"] = None if micros is None else micros / _MICROS
    if row.finished_at is None or row.finished_at > asked.now:
        found["age_seconds"] = None if row.started_at is None else (asked.now - row.started_at) / _MICROS
    return {**found, "handoffs": row.handoffs, "finished_at": moment(row.finished_at)}


def _spans(row: Derived, asked: Asked, named: tuple[tuple[str, int], ...]) -> Told:
    """Return the durations that the row's points add, by name; None where they add none."""
    amounts: dict[int, int] = {}
    for point in asked.placed(row):
        amounts.update(point.amounts)
    found = {name: amounts.get(sketch * WIDTH + _TOTAL) for name, sketch in named}
    return {name: None if micros is None else micros / _MICROS for name, micros in found.items()}
