"""GitLab issues and other work items: tickets `ticket:gitlab/group/name/N`; an incident is an incident, too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from ingest.adapter import Context, Ignored
from ingest.adapters.gitlab.bodies import TRACKER, by, full_name, path_of, told_by_labels
from ingest.adapters.gitlab.incidents import incident_facts
from ingest.adapters.gitlab.work_items import Body, Changes, Told, updated_at, word
from ingest.facts import fact
from ingest.vocabulary.by_action import ByAction, Translated
from ingest.vocabulary.kept_text import kept_of_label
from ingest.vocabulary.ticket_states import DELETED
from ingest.vocabulary.times import moment
from ingest.vocabulary.work_kinds import work_kind
from schemas.event import FlowEvent
from schemas.identity import ticket_uri

_CONTAINERS: Final = frozenset({"epic", "objective", "key result"})
_NO_WORK: Final = frozenset({"requirement", "test case"})

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
    closed = Told(event_type="ticket.closed", at=at, state="closed", action="close", resolution=resolution)
    return [closed, *_entered(body)]


def _reopened(body: Body) -> list[Told]:
    reopened = Told(event_type="ticket.updated", at=updated_at(body), state="opened", action="reopen")
    return [reopened, *_entered(body)]


def _updated(body: Body) -> list[Told]:
    at, changes = updated_at(body), body.changes or Changes()
    labels = told_by_labels(changes.labels.previous, changes.labels.current) if changes.labels else []
    told = [*labels, *([("assigned", "")] if changes.assignees else [])]
    return [
        *_entered(body),
        *(Told(event_type="ticket.updated", at=at, state=None, action=action, label=label) for action, label in told),
    ]


def _entered(body: Body) -> list[Told]:
    """Return the status that a work item entered, where its site has statuses: a closed one is over by it."""
    turn = body.changes.status if body.changes else None
    entered = word(turn.current) if turn else None
    if turn is None or entered is None:
        return []
    event_type = "ticket.closed" if body.object_attributes.state == "closed" else "ticket.updated"
    before = word(turn.previous)
    return [Told(event_type=event_type, at=updated_at(body), state=entered, action="status", came_from=before)]


def _becomes(tell: Tell, says: str) -> Callable[[Body, Context], Translated]:
    """Return the handler of an action."""

    def handler(body: Body, context: Context) -> Translated:
        kind = (body.object_attributes.type or "").lower()
        if body.project is None:
            return Ignored("work item is of a group")
        if kind in _NO_WORK:
            return Ignored("work item is no work")
        project = full_name(body.project)
        told = tell(body)
        tickets = [_ticket(body, project, one, context) for one in told]
        return [*tickets, *incident_facts(body, project, told, context)] or Ignored("nothing changed that counts")

    handler.__doc__ = says
    return handler


def _ticket(body: Body, project: str, told: Told, context: Context) -> FlowEvent:
    item, home = body.object_attributes, path_of(project)
    labels = [label.title for label in item.labels or ()]
    return fact(
        context,
        told.event_type,
        ticket_uri(TRACKER.name, f"{home}/{item.iid}"),
        told.at,
        told_apart=(told.action, (told.state or "") if told.action == "status" else told.label),
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
            "from_state": told.came_from,
        },
    )


issue: Final = ByAction(
    decode=msgspec.json.Decoder(Body).decode,
    action=lambda body: body.object_attributes.action,
    handlers={
        "open": _becomes(
            _opened, "`ticket.created`, state `opened`, at `created_at`; of an incident also `incident.detected`."
        ),
        "close": _becomes(
            _closed,
            "`ticket.closed`, state `closed` (`deleted` where moved), at `closed_at`, and with a new status at "
            "`updated_at`; of an incident also `incident.resolved`.",
        ),
        "reopen": _becomes(
            _reopened,
            "`ticket.updated`, state `opened`, and with a new status, at `updated_at`; of an incident also "
            "`incident.detected`.",
        ),
        "update": _becomes(
            _updated,
            "`ticket.updated` (`ticket.closed` where closed) with a new status, and without a state for each changed "
            "label and for assignees, at `updated_at`; of an incident's labels and status also `incident.updated`, "
            "`incident.resolved` where it is over, `incident.detected` where it is called again; else ignored.",
        ),
    },
)
"""`issue` deliveries, and those of other work items."""
