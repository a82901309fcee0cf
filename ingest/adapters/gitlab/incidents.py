"""GitLab incidents: work items of that type, each an incident beside its ticket.

What an incident is of stands in its scoped labels (`service::checkout`, `environment::production`, `commit::<sha>`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from ingest.adapter import Context
from ingest.adapters.gitlab.bodies import TRACKER, by, path_of
from ingest.adapters.gitlab.work_items import Body, Told, updated_at, word
from ingest.facts import fact
from ingest.vocabulary.incident_fields import CAUSES, told_by
from schemas.event import NO_CAUSE, FlowEvent, Link, LinkKind, LinkMethod
from schemas.identity import incident_uri, ticket_uri

_INCIDENT: Final = "incident"
_SCOPE: Final = "::"
_OVER: Final = frozenset({"resolved", "ignored"})
"""The statuses in which nobody is called any more; `triggered` and `acknowledged` are the others."""


def incident_facts(body: Body, project: str, tickets: Sequence[Told], context: Context) -> list[FlowEvent]:
    """Return what the changes of a ticket, and of the status by which people are called, are to the incident it is."""
    if (body.object_attributes.type or "").lower() != _INCIDENT:
        return []
    found = [*((_of_ticket(told), told) for told in tickets), *_called(body)]
    return [_incident(body, project, told, event_type, context) for event_type, told in found if event_type]


def _of_ticket(told: Told) -> str | None:
    """Return what a change of an incident's ticket is to the incident, None for nothing."""
    if told.action == "status":
        return None
    if told.event_type == "ticket.updated":
        return "incident.detected" if told.action == "reopen" else "incident.updated" if told.label else None
    return "incident.detected" if told.event_type == "ticket.created" else "incident.resolved"


def _called(body: Body) -> Iterator[tuple[str, Told]]:
    """Yield what a changed status says; closing and opening again say it themselves."""
    turn = body.changes.escalation_status if body.changes else None
    entered = word(turn.current) if turn else None
    if turn is None or entered is None or body.object_attributes.action != "update":
        return
    again = "incident.detected" if word(turn.previous) in _OVER else "incident.updated"
    event_type = "incident.resolved" if entered in _OVER else again
    yield event_type, Told(event_type=event_type, at=updated_at(body), state=entered, action="status")


def _incident(body: Body, project: str, told: Told, event_type: str, context: Context) -> FlowEvent:
    item, home = body.object_attributes, path_of(project)
    scoped = [label.title.rpartition(_SCOPE) for label in item.labels or ()]
    fields = told_by({name.lower(): value for name, scope, value in scoped if scope}, context)
    named, status = (told.label, "") if told.action != "status" else ("", told.state or "")
    cleared = told.action == "unlabeled" and named.rpartition(_SCOPE)[0].lower() in CAUSES and not fields.causes
    ticket = ticket_uri(TRACKER.name, f"{home}/{item.iid}")
    return fact(
        context,
        event_type,
        incident_uri(context.tool, f"{home}/{item.iid}"),
        told.at,
        told_apart=(told.action, named or status),
        url=item.url,
        links=(Link(uri=ticket, kind=LinkKind.RELATES_TO, method=LinkMethod.EXPLICIT), *fields.causes),
        state=status or _state(told, event_type),
        environment=fields.environment,
        by=by(body.user, context),
        attributes={
            "repository": project,
            "service": fields.service,
            "environment_raw": fields.environment_raw,
            "severity": item.severity,
            "action": told.action,
            "cause": NO_CAUSE if cleared else None,
        },
    )


def _state(told: Told, event_type: str) -> str:
    if event_type == "incident.resolved":
        return "closed"
    return "reopened" if told.action == "reopen" else "opened"
