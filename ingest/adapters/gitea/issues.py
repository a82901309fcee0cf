"""Gitea issues: tickets `ticket:gitea/owner/name/N`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec
from msgspec import Struct

from ingest.adapter import Context
from ingest.adapters.gitea.bodies import TRACKER, Label, Repository, User, by, full_name, home_of, labels_of
from ingest.facts import fact
from ingest.vocabulary.by_action import ByAction, Translated
from ingest.vocabulary.kept_text import kept_of_label
from ingest.vocabulary.ticket_states import DELETED
from ingest.vocabulary.times import Moment, moment
from ingest.vocabulary.work_kinds import work_kind
from schemas.event import FlowEvent
from schemas.identity import ticket_uri


class Issue(Struct, frozen=True):
    """An issue; its title tells the kind of work where nothing else does, and is not kept."""

    number: int
    created_at: str
    updated_at: str
    closed_at: str | None = None
    title: str = ""
    html_url: str | None = None
    labels: tuple[Label, ...] | None = None


class Changes(Struct, frozen=True):
    """What an action changed; older versions do not say which labels."""

    added_labels: tuple[Label, ...] | None = None
    removed_labels: tuple[Label, ...] | None = None


class Body(Struct, frozen=True):
    """An `issues` delivery."""

    action: str
    issue: Issue
    repository: Repository
    changes: Changes | None = None
    sender: User | None = None


def _opened(body: Body, context: Context) -> Translated:
    """`ticket.created`, state `open`, at `created_at`."""
    at = moment(body.issue.created_at, "issue.created_at")
    return [_ticket(body, context, "ticket.created", at, "open")]


def _closed(body: Body, context: Context) -> Translated:
    """`ticket.closed`, state `closed`, at `closed_at`."""
    at = moment(body.issue.closed_at or body.issue.updated_at, "issue.closed_at")
    return [_ticket(body, context, "ticket.closed", at, "closed")]


def _reopened(body: Body, context: Context) -> Translated:
    """`ticket.updated`, state `open`, at `updated_at`."""
    return [_ticket(body, context, "ticket.updated", _updated_at(body), "open")]


def _deleted(body: Body, context: Context) -> Translated:
    """`ticket.closed`, state `deleted`, at `updated_at`."""
    return [_ticket(body, context, "ticket.closed", _updated_at(body), DELETED)]


def _updated(action: str) -> Callable[[Body, Context], Translated]:
    """Return the handler of an action that leaves the state."""

    def handler(body: Body, context: Context) -> Translated:
        return [_ticket(body, context, "ticket.updated", _updated_at(body), None, action)]

    handler.__doc__ = f"`ticket.updated` without a state, the `action` `{action}`, at `updated_at`."
    return handler


def _labelled(body: Body, context: Context) -> Translated:
    """`ticket.updated` without a state for each label added and removed (one where none is told), at `updated_at`."""
    changes = body.changes or Changes()
    told = [("labeled", name) for name in labels_of(changes.added_labels)]
    told += [("unlabeled", name) for name in labels_of(changes.removed_labels)]
    at = _updated_at(body)
    found = told or [("labeled", "")]
    return [_ticket(body, context, "ticket.updated", at, None, action, label) for action, label in found]


def _ticket(
    body: Body, context: Context, event_type: str, at: Moment, state: str | None, action: str = "", label: str = ""
) -> FlowEvent:
    issue = body.issue
    repository = full_name(body.repository)
    home = home_of(repository)
    return fact(
        context,
        event_type,
        ticket_uri(TRACKER.name, f"{home}/{issue.number}"),
        at,
        told_apart=(action or body.action, label),
        url=issue.html_url,
        state=state,
        work_kind=work_kind(None, labels_of(issue.labels), issue.title),
        by=by(body.sender, context),
        attributes={
            "repository": repository,
            "project": f"{TRACKER.name}/{home}",
            "action": action or body.action,
            "label": kept_of_label(label, context.pseudonym),
        },
    )


def _updated_at(body: Body) -> Moment:
    return moment(body.issue.updated_at, "issue.updated_at")


issues: Final = ByAction(
    decode=msgspec.json.Decoder(Body).decode,
    action=lambda body: body.action,
    handlers={
        "opened": _opened,
        "closed": _closed,
        "reopened": _reopened,
        "deleted": _deleted,
        "label_updated": _labelled,
        "label_cleared": _updated("unlabeled"),
        "assigned": _updated("assigned"),
        "unassigned": _updated("unassigned"),
    },
)
"""`issues` deliveries."""
