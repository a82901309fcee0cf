"""GitHub issues: tickets `ticket:github/owner/name/N`."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

from ingest.adapter import Context, Ignored
from ingest.adapters.github.bodies import TRACKER, Named, Repository, User, by, card_uri, full_name, owner_and_name
from ingest.facts import fact
from ingest.vocabulary.by_action import ByAction, Translated
from ingest.vocabulary.kept_text import kept_of_label
from ingest.vocabulary.repositories import repository_of
from ingest.vocabulary.ticket_states import DELETED
from ingest.vocabulary.times import Moment, moment
from ingest.vocabulary.work_kinds import work_kind
from schemas.event import FlowEvent, Link, LinkKind, LinkMethod
from schemas.identity import ticket_uri


class Issue(Struct, frozen=True):
    """An issue; its title tells the kind of work where nothing else does, and is not kept."""

    number: int
    created_at: str
    updated_at: str
    state: str = ""
    closed_at: str | None = None
    state_reason: str | None = None
    title: str = ""
    html_url: str | None = None
    node_id: str | None = None
    labels: tuple[Named, ...] = ()
    type: Named | None = None
    status: Named | None = None


class Moved(Struct, frozen=True):
    """Where an issue went."""

    number: int


class Turn(Struct, frozen=True):
    """The status before; null where there was none."""

    before: Named | None = msgspec.field(name="from", default=None)


class Changes(Struct, frozen=True):
    """What an action changed: the status, or of a transfer the new issue and its repository."""

    status: Turn | None = None
    new_issue: Moved | None = None
    new_repository: Repository | None = None


class IssueBody(Struct, frozen=True):
    """An `issues` delivery."""

    action: str
    issue: Issue
    repository: Repository
    label: Named | None = None
    changes: Changes | None = None
    sender: User | None = None


def _opened(body: IssueBody, context: Context) -> Translated:
    """`ticket.created`, at `created_at`."""
    return [_ticket(body, context, "ticket.created", moment(body.issue.created_at, "issue.created_at"), "open")]


def _closed(body: IssueBody, context: Context) -> Translated:
    """`ticket.closed`, state `closed`, the reason as `resolution`, at `closed_at`."""
    return [_ticket(body, context, "ticket.closed", moment(body.issue.closed_at, "issue.closed_at"), "closed")]


def _reopened(body: IssueBody, context: Context) -> Translated:
    """`ticket.updated`, state `open`, at `updated_at`."""
    return [_ticket(body, context, "ticket.updated", _updated_at(body), "open")]


def _updated(body: IssueBody, context: Context) -> Translated:
    """`ticket.updated` without a state, the action and label as attributes, at `updated_at`."""
    return [_ticket(body, context, "ticket.updated", _updated_at(body), None)]


def _status_changed(body: IssueBody, context: Context) -> Translated:
    """`ticket.updated` (`ticket.closed` of a closed issue) with the status as state, at `updated_at`."""
    status = body.issue.status
    if status is None or not status.name:
        return Ignored("issue has no status")
    return [
        _ticket(
            body,
            context,
            "ticket.closed" if body.issue.state == "closed" else "ticket.updated",
            _updated_at(body),
            status.name,
        )
    ]


def _deleted(body: IssueBody, context: Context) -> Translated:
    """`ticket.closed`, state `deleted`, at `updated_at`."""
    return [_ticket(body, context, "ticket.closed", _updated_at(body), DELETED)]


def _transferred(body: IssueBody, context: Context) -> Translated:
    """`ticket.closed`, state `deleted`, with a link to the issue it became, at `updated_at`."""
    changes = body.changes
    there = repository_of(changes.new_repository.html_url) if changes and changes.new_repository else None
    moved: tuple[Link, ...] = ()
    if changes and changes.new_issue and there:
        uri = ticket_uri(TRACKER, f"{owner_and_name(there)}/{changes.new_issue.number}")
        moved = (Link(uri=uri, kind=LinkKind.RELATES_TO, method=LinkMethod.EXPLICIT),)
    return [_ticket(body, context, "ticket.closed", _updated_at(body), DELETED, moved)]


def _ticket(
    body: IssueBody, context: Context, event_type: str, at: Moment, state: str | None, links: tuple[Link, ...] = ()
) -> FlowEvent:
    issue = body.issue
    repository = full_name(body.repository)
    label = body.label.name if body.label else None
    turn = body.changes.status if body.changes else None
    return fact(
        context,
        event_type,
        ticket_uri(TRACKER, f"{owner_and_name(repository)}/{issue.number}"),
        at,
        told_apart=(body.action, label or ((state or "") if turn else "")),
        url=issue.html_url,
        links=(*links, *_card(issue)),
        state=state,
        work_kind=work_kind(issue.type.name if issue.type else None, [x.name for x in issue.labels], issue.title),
        by=by(body.sender, context),
        attributes={
            "repository": repository,
            "project": f"{TRACKER}/{owner_and_name(repository)}",
            "action": body.action,
            "label": kept_of_label(label, context.pseudonym),
            "resolution": issue.state_reason if event_type == "ticket.closed" else None,
            "from_state": turn.before.name if turn and turn.before else None,
        },
    )


def _card(issue: Issue) -> tuple[Link, ...]:
    """Return the link to what project boards tell of the issue."""
    if not issue.node_id:
        return ()
    return (Link(uri=card_uri(issue.node_id), kind=LinkKind.CONTAINS, method=LinkMethod.EXPLICIT),)


def _updated_at(body: IssueBody) -> Moment:
    return moment(body.issue.updated_at, "issue.updated_at")


issues: Final = ByAction(
    decode=msgspec.json.Decoder(IssueBody).decode,
    action=lambda body: body.action,
    handlers={
        "opened": _opened,
        "closed": _closed,
        "reopened": _reopened,
        "labeled": _updated,
        "unlabeled": _updated,
        "assigned": _updated,
        "unassigned": _updated,
        "typed": _updated,
        "untyped": _updated,
        "status_changed": _status_changed,
        "deleted": _deleted,
        "transferred": _transferred,
    },
)
"""`issues` deliveries."""
