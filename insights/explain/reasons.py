"""Why a row does not stand behind a number, in plain words; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from insights.explain.reading_of import Reads
from metrics import codes
from metrics.recompute import Asked
from schemas.derived import BRIDGED, Change, Deployment, Derived, Incident, StepVisit, WorkItem

Owners = Mapping[tuple[str, str], str]
"""The item that a visit is counted with, by step and subject."""

_UNKNOWN_SPAN: Final = {
    codes.WAIT: "how long it waited is unknown",
    codes.PROCESS: "how long it was worked on is unknown",
    codes.BLOCKED: "how long it was blocked is unknown",
    codes.LEAD: "when it was queued is unknown",
    codes.WAIT_WORKING: "how long it waited in working hours is unknown",
    codes.PROCESS_WORKING: "how long it was worked on in working hours is unknown",
    codes.LEAD_WORKING: "its working time is unknown",
    codes.FLOW: "when it was started is unknown",
    codes.FLOW_WORKING: "its working time is unknown",
    codes.HANDOFFS: "no two visits of it tell who worked on it",
    codes.EFFORT: "the process time of its visits is unknown",
    codes.CODING: "its first commit or its opening is unknown, or the opening lies before the commit",
    codes.PICKUP: "its opening or its first human review is unknown, or the review lies before the opening",
    codes.REVIEW: "its first human review or its merge is unknown, or the merge lies before the review",
    codes.DEPLOY: "its merge is unknown, or lies after the deployment",
    codes.UNACCOUNTED: "its first commit is unknown, or lies after the deployment",
}
_AFTER: Final = "it ends after the time of the measurement"
_OPEN: Final = "still open"


def owners(rows: Iterable[Derived]) -> Owners:
    """Return with which item each visit of an entity is counted."""
    return {(row.step, row.subject_id): row.item_id for row in rows if isinstance(row, StepVisit) and row.counted}


def reason(row: Derived, asked: Asked, read: Reads, counted_with: Owners) -> str | None:
    """Return why a row does not stand behind the number; None for one that is of another window, service or kind."""
    match row:
        case StepVisit():
            return _visit(row, asked, read, counted_with)
        case WorkItem():
            return _item(row, asked, read)
        case Change():
            return _change(row, asked, read)
        case Deployment():
            return _deployment(row, asked, read)
        case Incident():
            return _incident(row, asked)


def _visit(row: StepVisit, asked: Asked, read: Reads, counted_with: Owners) -> str | None:
    if asked.kind and row.kind != asked.kind:
        return None if row.kind is not None else "its kind of work is unknown"
    if not row.counted:
        owner = counted_with.get((row.step, row.subject_id))
        return f"not counted here: {row.subject_id} is counted with {owner or 'another item'}"
    begin = row.queued_at if row.queued_at is not None else row.started_at
    if read.standing or codes.ARRIVED in read.plain:
        return _begun(begin, row.finished_at, asked)
    if (early := _unfinished(row.finished_at, asked)) is not None:
        return early or None
    if codes.LEAD in read.sketches and row.outcome == BRIDGED:
        return "nobody told its end: it was over when the item was (bridged)"
    if {codes.WAIT, codes.PROCESS} & read.sketches and row.started_at is None:
        return "start unknown"
    return _unknown(read)


def _item(row: WorkItem, asked: Asked, read: Reads) -> str | None:
    if row.moved_to is not None:
        return f"moved: its facts belong to {row.moved_to}"
    if asked.kind and asked.metric.by_kind and row.kind != asked.kind:
        return None if row.kind is not None else "its kind of work is unknown"
    if read.standing or codes.ARRIVED in read.plain:
        return _begun(row.started_at, row.finished_at, asked)
    if (early := _unfinished(row.finished_at, asked)) is not None:
        return early or None
    if codes.PATHED in read.plain:
        return "its critical path is unknown"
    if codes.PARTED in read.plain:
        return "its parts are not all known"
    if set(codes.DONE_OF_KIND.values()) & read.plain and row.kind is None:
        return "its kind of work is unknown"
    return _unknown(read)


def _change(row: Change, asked: Asked, read: Reads) -> str | None:
    if row.environment not in {"", asked.stream.production} or (asked.service and row.service != asked.service):
        return None
    if row.deployed_at is None:
        return "not in production yet"
    if row.left_censored:
        return f"left-censored: the first deployment ever seen of {row.service or 'its service'} carried it"
    if (early := _unfinished(row.deployed_at, asked)) is not None:
        return early or None
    if codes.CHANGE_LEAD in read.sketches:
        known = row.first_commit_at is not None
        return "negative span: deployed before its first commit" if known else "its first commit is unknown"
    return _unknown(read)


def _deployment(row: Deployment, asked: Asked, read: Reads) -> str | None:
    if row.environment != asked.environment or (asked.service and row.service != asked.service):
        return None
    if row.finished_at is None or row.outcome is None:
        return "still running"
    if row.outcome == "cancelled":
        return "cancelled: it enters no number"
    if codes.RECOVERY in read.sketches:
        return _recovery(row, row.finished_at, asked)
    if (early := _unfinished(row.finished_at, asked)) is not None:
        return early or None
    if row.outcome != "success":
        return "it failed: successful deployments alone are counted"
    if row.left_censored:
        return f"left-censored: the first deployment ever seen of {row.service}"
    return "no change that it carried is known" if not row.change_ids else _unknown(read)


def _recovery(row: Deployment, finished: int, asked: Asked) -> str | None:
    if row.outcome == "success" and not row.caused_incident:
        return None
    if row.recovered_at is None:
        return "not recovered yet"
    if row.recovered_at < finished:
        return "negative span: recovered before it had finished"
    return _unfinished(row.recovered_at, asked) or None


def _incident(row: Incident, asked: Asked) -> str | None:
    if row.environment not in {"", asked.stream.production} or (asked.service and row.service != asked.service):
        return None
    if row.detected_at is None:
        return "when it was detected is unknown"
    if row.resolved_at is None:
        return _OPEN
    if row.resolved_at < row.detected_at:
        return "negative span: resolved before it was detected"
    return _unfinished(row.resolved_at, asked) or None


def _begun(begin: int | None, end: int | None, asked: Asked) -> str | None:
    if begin is None:
        return "when it began is unknown" if end is None or asked.window else None
    return "it begins after the time of the measurement" if begin > asked.now else None


def _unfinished(end: int | None, asked: Asked) -> str | None:
    """Return why what ends then is not in the window, '' where it is of an earlier one, None where it is in."""
    if end is None:
        return _OPEN
    if end > asked.now:
        return _AFTER
    return "" if end < asked.start else None


def _unknown(read: Reads) -> str:
    found = [_UNKNOWN_SPAN[sketch] for sketch in sorted(read.sketches) if sketch in _UNKNOWN_SPAN]
    return found[0] if found else "it says nothing that this metric counts"
