"""Bitbucket Cloud issues: tickets `ticket:bitbucket_cloud/owner/name/N`."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Struct

from ingest.adapter import Context, Ignored
from ingest.adapters.bitbucket_cloud.bodies import TRACKER, Account, Repository, by, host_owner_name
from ingest.facts import fact
from ingest.vocabulary.by_action import Translated
from ingest.vocabulary.times import moment
from ingest.vocabulary.work_kinds import work_kind
from schemas.event import FlowEvent
from schemas.identity import ticket_uri

_CLOSED: Final = frozenset({"resolved", "closed", "invalid", "duplicate", "wontfix"})
_READ_BY_RULES: Final = ("kind", "priority", "assignee")


class Issue(Struct, frozen=True):
    """An issue; its title tells the kind of work where nothing else does, and is not kept."""

    id: int
    created_on: str
    updated_on: str | None = None
    state: str = ""
    kind: str | None = None
    type: str | None = None
    priority: str | None = None
    title: str = ""


class Turn(Struct, frozen=True):
    """The values of a changed field."""

    old: Any = None
    new: Any = None


class Body(Struct, frozen=True):
    """An issue's delivery; `changes` are by the field's name."""

    issue: Issue
    repository: Repository
    actor: Account | None = None
    changes: dict[str, Turn] = {}


_decode: Final = msgspec.json.Decoder(Body).decode


def created(body: bytes, context: Context) -> Translated:
    """`ticket.created` with its state, at `created_on`."""
    told = _decode(body)
    return [_ticket(told, context, "ticket.created", told.issue.created_on, told.issue.state)]


def updated(body: bytes, context: Context) -> Translated:
    """`ticket.closed` or `ticket.updated` with a changed state, else `ticket.updated` for kind, priority or assignee.

    At `updated_on`; a change of anything else is ignored.
    """
    told = _decode(body)
    turn = told.changes.get("status") or told.changes.get("state")
    if turn is not None:
        state = turn.new if isinstance(turn.new, str) else told.issue.state
        came_from = turn.old if isinstance(turn.old, str) else None
        event_type = "ticket.closed" if state in _CLOSED else "ticket.updated"
        return [_ticket(told, context, event_type, told.issue.updated_on, state, action="status", came_from=came_from)]
    field = next((name for name in _READ_BY_RULES if name in told.changes), None)
    if field is None:
        return Ignored("no field changed that a rule could read")
    return [_ticket(told, context, "ticket.updated", told.issue.updated_on, None, action=field)]


def _ticket(
    told: Body,
    context: Context,
    event_type: str,
    at: str | None,
    state: str | None,
    *,
    action: str | None = None,
    came_from: str | None = None,
) -> FlowEvent:
    issue = told.issue
    repository = host_owner_name(told.repository)
    return fact(
        context,
        event_type,
        ticket_uri(TRACKER.name, f"{told.repository.full_name}/{issue.id}"),
        moment(at, "issue.updated_on"),
        told_apart=(state or "", action or ""),
        url=f"https://{repository}/issues/{issue.id}",
        state=state,
        work_kind=work_kind(issue.kind or issue.type, title=issue.title),
        by=by(told.actor, context),
        attributes={
            "repository": repository,
            "project": f"{TRACKER.name}/{told.repository.full_name}",
            "issue_type": issue.kind or issue.type,
            "priority": issue.priority,
            "action": action,
            "from_state": came_from,
        },
    )
