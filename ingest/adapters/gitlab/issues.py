"""GitLab issues and other work items: tickets `ticket:gitlab/group/name/N`; an incident is an incident, too.

What an incident is of stands in its scoped labels (`service::checkout`, `environment::production`, `commit::<sha>`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import msgspec
from msgspec import Struct

from ingest.adapter import Context, Ignored
from ingest.adapters.gitlab.bodies import TRACKER, Changed, Label, Project, User, by, full_name, path_of, told_by_labels
from ingest.by_action import ByAction, Translated
from ingest.facts import fact
from ingest.incident_fields import told_by
from ingest.kept_text import kept_of_label
from ingest.ticket_states import DELETED
from ingest.times import Moment, moment
from ingest.work_kinds import work_kind
from schemas.event import FlowEvent, Link, LinkKind, LinkMethod
from schemas.identity import incident_uri, ticket_uri

_CONTAINERS: Final = frozenset({"epic", "objective", "key result"})
_NO_WORK: Final = frozenset({"requirement", "test case"})
_INCIDENT: Final = "incident"
_SCOPE: Final = "::"


class WorkItem(Struct, frozen=True):
    """An issue or another work item; its title tells the kind of work where nothing else does, and is not kept."""

    iid: int
    created_at: str
    updated_at: str
    action: str = ""
    type: str | None = None
    title: str = ""
    closed_at: str | None = None
    moved_to_id: int | None = None
    duplicated_to_id: int | None = None
    severity: str | None = None
    url: str | None = None
    labels: tuple[Label, ...] | None = None


class Labels(Struct, frozen=True):
    """The labels before and after."""

    previous: tuple[Label, ...] = ()
    current: tuple[Label, ...] = ()


class Changes(Struct, frozen=True):
    """What an update changed; of assignees only that they did."""

    labels: Labels | None = None
    assignees: Changed | None = None


class Body(Struct, frozen=True):
    """An `issue` delivery; a work item of a group has no project."""

    object_attributes: WorkItem
    project: Project | None = None
    user: User | None = None
    changes: Changes | None = None


class Told(Struct, frozen=True, kw_only=True):
    """One fact to tell of a work item."""

    event_type: str
    at: Moment
    state: str | None
    action: str
    label: str = ""
    resolution: str | None = None


Tell = Callable[[Body], list[Told]]


def _opened(body: Body) -> list[Told]:
    at = moment(body.object_attributes.created_at, "object_attributes.created_at")
    return [Told(event_type="ticket.created", at=at, state="opened", action="open")]


def _closed(body: Body) -> list[Told]:
    item = body.object_attributes
    at = moment(item.closed_at or item.updated_at, "object_attributes.closed_at")
    if item.moved_to_id is not None:
        return [Told(event_type="ticket.closed", at=at, state=DELETED, action="moved")]
    resolution = "duplicate" if item.duplicated_to_id is not None else None
    return [Told(event_type="ticket.closed", at=at, state="closed", action="close", resolution=resolution)]


def _reopened(body: Body) -> list[Told]:
    return [Told(event_type="ticket.updated", at=_updated_at(body), state="opened", action="reopen")]


def _updated(body: Body) -> list[Told]:
    at, changes = _updated_at(body), body.changes or Changes()
    labels = told_by_labels(changes.labels.previous, changes.labels.current) if changes.labels else []
    told = [*labels, *([("assigned", "")] if changes.assignees else [])]
    return [Told(event_type="ticket.updated", at=at, state=None, action=action, label=label) for action, label in told]


def _becomes(tell: Tell, says: str) -> Callable[[Body, Context], Translated]:
    """Return the handler of an action."""

    def handler(body: Body, context: Context) -> Translated:
        kind = (body.object_attributes.type or "").lower()
        if body.project is None:
            return Ignored("work item is of a group")
        if kind in _NO_WORK:
            return Ignored("work item is no work")
        project = full_name(body.project)
        events = [event for told in tell(body) for event in _facts(body, project, told, context)]
        return events or Ignored("nothing changed that counts")

    handler.__doc__ = says
    return handler


def _facts(body: Body, project: str, told: Told, context: Context) -> Iterator[FlowEvent]:
    yield _ticket(body, project, told, context)
    if (body.object_attributes.type or "").lower() == _INCIDENT and (event_type := _incident_type(told)):
        yield _incident(body, project, told, event_type, context)


def _ticket(body: Body, project: str, told: Told, context: Context) -> FlowEvent:
    item, home = body.object_attributes, path_of(project)
    labels = [label.title for label in item.labels or ()]
    return fact(
        context,
        told.event_type,
        ticket_uri(TRACKER.name, f"{home}/{item.iid}"),
        told.at,
        told_apart=(told.action, told.label),
        url=item.url,
        state=told.state,
        work_kind=work_kind(item.type, labels, item.title),
        by=by(body.user, context),
        attributes={
            "repository": project,
            "project": f"{TRACKER.name}/{home}",
            "issue_type": item.type,
            "container": "true" if (item.type or "").lower() in _CONTAINERS else None,
            "action": told.action,
            "label": kept_of_label(told.label, context.pseudonym),
            "resolution": told.resolution,
        },
    )


def _incident_type(told: Told) -> str | None:
    """Return what a change of an incident's ticket is to the incident, None for nothing."""
    if told.event_type == "ticket.updated":
        return "incident.detected" if told.action == "reopen" else "incident.updated" if told.label else None
    return "incident.detected" if told.event_type == "ticket.created" else "incident.resolved"


def _incident(body: Body, project: str, told: Told, event_type: str, context: Context) -> FlowEvent:
    item, home = body.object_attributes, path_of(project)
    scoped = [label.title.rpartition(_SCOPE) for label in item.labels or ()]
    fields = told_by({name.lower(): value for name, scope, value in scoped if scope}, context)
    ticket = ticket_uri(TRACKER.name, f"{home}/{item.iid}")
    resolved = event_type == "incident.resolved"
    return fact(
        context,
        event_type,
        incident_uri(context.tool, f"{home}/{item.iid}"),
        told.at,
        told_apart=(told.action, told.label),
        url=item.url,
        links=(Link(uri=ticket, kind=LinkKind.RELATES_TO, method=LinkMethod.EXPLICIT), *fields.causes),
        state="closed" if resolved else "reopened" if told.action == "reopen" else "opened",
        environment=fields.environment,
        by=by(body.user, context),
        attributes={
            "repository": project,
            "service": fields.service,
            "environment_raw": fields.environment_raw,
            "severity": item.severity,
            "action": told.action,
        },
    )


def _updated_at(body: Body) -> Moment:
    return moment(body.object_attributes.updated_at, "object_attributes.updated_at")


issue: Final = ByAction(
    decode=msgspec.json.Decoder(Body).decode,
    action=lambda body: body.object_attributes.action,
    handlers={
        "open": _becomes(
            _opened, "`ticket.created`, state `opened`, at `created_at`; of an incident also `incident.detected`."
        ),
        "close": _becomes(
            _closed,
            "`ticket.closed`, state `closed` (`deleted` where moved), at `closed_at`; of an incident also "
            "`incident.resolved`.",
        ),
        "reopen": _becomes(
            _reopened, "`ticket.updated`, state `opened`, at `updated_at`; of an incident also `incident.detected`."
        ),
        "update": _becomes(
            _updated,
            "`ticket.updated` without a state for each changed label and for assignees, at `updated_at`; of an "
            "incident's labels also `incident.updated`; else ignored.",
        ),
    },
)
"""`issue` deliveries, and those of other work items."""
