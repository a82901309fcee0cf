"""Incidents of ServiceNow: from their opening until they are resolved, closed or canceled; a reopening begins anew."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ingest.adapter import Context
from ingest.adapters.servicenow.approvals import approval_uri
from ingest.adapters.servicenow.bodies import NOTHING, TOOL, Body, Told, by, number_of, order_of
from ingest.facts import fact
from ingest.vocabulary.by_action import Translated
from ingest.vocabulary.incident_fields import causes, service_name
from ingest.vocabulary.kept_text import kept_of_environment
from ingest.vocabulary.times import Moment, moment
from schemas.event import NO_CAUSE, FlowEvent, Link, LinkKind, LinkMethod
from schemas.identity import incident_uri

_STATES: Final = {
    "1": "New", "2": "In Progress", "3": "On Hold", "6": "Resolved", "7": "Closed", "8": "Canceled",
}  # fmt: skip
"""ServiceNow's own states, whose labels come in the language of whoever writes."""

_ENDS: Final = frozenset({"canceled", "cancelled", "closed", "resolved"})


def inserted(told: Body, context: Context) -> Translated:
    """`incident.detected`, at `opened_at`; one that is over as it is written is resolved, too."""
    return [_opened(told, context), *([_resolved(told, context)] if _is_over(told.record) else [])]


def updated(told: Body, context: Context) -> Translated:
    """`incident.detected` and `incident.resolved` of one that is over now; `incident.detected` again of one reopened.

    Also `incident.updated` with the service, environment and cause where one of them changed.
    """
    return list(_updates(told, context)) or NOTHING


def deleted(told: Body, context: Context) -> Translated:
    """`incident.resolved`, state `deleted`, at `sent_at`."""
    return [_incident(told, context, "incident.resolved", told.written_at, state="deleted", apart=("deleted",))]


def _updates(told: Body, context: Context) -> Iterator[FlowEvent]:
    now, before = told.record, told.previous or Told()
    over, was_over = _is_over(now), _is_over(before)
    if _described(now) != _described(before):
        yield _corrected(told, context, before)
    if over and str(now.state) != str(before.state):
        yield _opened(told, context)
        yield _resolved(told, context)
    elif was_over and not over:
        at = moment(now.reopened_at or now.updated_at, "record.reopened_at")
        yield _incident(told, context, "incident.detected", at, state="reopened", apart=("reopened",))


def _described(told: Told) -> tuple[object, ...]:
    return told.service, told.environment, told.caused_by, told.causes


def _opened(told: Body, context: Context) -> FlowEvent:
    record = told.record
    at = moment(record.opened_at or record.created_at, "record.opened_at")
    return _incident(told, context, "incident.detected", at, links=_links(told, context))


def _resolved(told: Body, context: Context) -> FlowEvent:
    """Return the end: at `resolved_at`, unless that is of an earlier end; being closed later is no other end."""
    record = told.record
    at = moment(record.resolved_at or record.closed_at or record.updated_at, "record.resolved_at")
    if record.reopened_at and at.micros < moment(record.reopened_at, "record.reopened_at").micros:
        at = told.written_at
    return _incident(told, context, "incident.resolved", at, state=_state(told.record))


def _corrected(told: Body, context: Context, before: Told) -> FlowEvent:
    links, had = _links(told, context), bool(before.caused_by or before.causes)
    return _incident(
        told,
        context,
        "incident.updated",
        told.written_at,
        state=_state(told.record),
        apart=("fields", *(link.uri for link in links), told.record.service, told.record.environment),
        links=links,
        cause=NO_CAUSE if had and not links else None,
    )


def _incident(
    told: Body,
    context: Context,
    event_type: str,
    at: Moment,
    *,
    state: str | None = None,
    apart: tuple[str, ...] = (),
    links: tuple[Link, ...] = (),
    cause: str | None = None,
) -> FlowEvent:
    record = told.record
    environment, kept = kept_of_environment(record.environment, context.environment, context.pseudonym)
    return fact(
        context,
        event_type,
        incident_uri(TOOL, number_of(record)),
        at,
        told_apart=apart,
        order=order_of(record),
        url=record.url,
        links=links,
        state=state,
        environment=environment,
        by=by(told.actor, context),
        attributes={
            "service": service_name(record.service, context.pseudonym) if record.service else None,
            "environment_raw": kept,
            "priority": None if record.priority is None else str(record.priority),
            "cause": cause,
        },
    )


def _links(told: Body, context: Context) -> tuple[Link, ...]:
    """Return the causes: what the instance's own fields name, and the change request that it says caused it."""
    named = causes(told.record.causes, context.pseudonym)
    if not told.record.caused_by:
        return named
    change = approval_uri(told.record.caused_by)
    return (*named, Link(uri=change, kind=LinkKind.CAUSED_BY, method=LinkMethod.EXPLICIT))


def _is_over(told: Told) -> bool:
    return _state(told).lower() in _ENDS


def _state(told: Told) -> str:
    return _STATES.get(str(told.state)) or told.state_label or str(told.state)
