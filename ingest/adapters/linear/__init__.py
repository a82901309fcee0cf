"""Linear webhooks: issues as tickets `ticket:linear/ENG-12`.

The type of a state decides, whatever a team calls it: completed, canceled and duplicate close the ticket. An update
says by `updatedFrom` what changed; what no rule can read (texts, ranks, estimates, subscribers) is ignored. A parent
and a project are known by their ids alone: a project is a relation, a parent is not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from ingest.adapter import Adapter, Context, Headers, Ignored, Untranslatable
from ingest.adapters.linear.bodies import Before, Body, Issue, Named, User
from ingest.facts import check_size, fact
from ingest.signatures import hmac_sha256, sent_within
from ingest.vocabulary.actors import UNKNOWN, Actor, classify
from ingest.vocabulary.by_action import ByAction, Translated
from ingest.vocabulary.delivery_ids import delivery_id
from ingest.vocabulary.kept_text import kept_of_label
from ingest.vocabulary.ticket_states import DELETED
from ingest.vocabulary.times import Moment, moment
from ingest.vocabulary.work_kinds import MOST_LABELS, work_kind
from schemas.event import ActorClass, FlowEvent, Link, LinkKind, LinkMethod
from schemas.identity import ticket_uri

TOOL: Final = "linear"

_FINAL: Final = frozenset({"completed", "canceled", "duplicate"})
"""The types of states in which an issue is over; `triage`, `backlog`, `unstarted` and `started` are the others."""

_APPS: Final = "@oauthapp.linear.app"
"""How the addresses of agents and apps end; they act as users do."""


def _created(body: Body, context: Context) -> Translated:
    """`ticket.created` with its state, at the issue's `createdAt`."""
    return [_ticket(body, context, "ticket.created", _created_at(body), state=_state(body.data))]


def _updated(body: Body, context: Context) -> Translated:
    """One fact a changed property, at the delivery's `createdAt`: see the decisions."""
    before = body.before or Before()
    events = [*_placed(body, context, before), *_described(body, context, before)]
    return events or Ignored("no field changed that a rule could read")


def _removed(body: Body, context: Context) -> Translated:
    """`ticket.closed`, state `deleted`, at `createdAt`; an issue that was done and is only archived is ignored."""
    if body.data.archived_at and not _is_gone(body.data):
        return Ignored("an issue that is over was archived")
    return [_ticket(body, context, "ticket.closed", _changed_at(body), state=DELETED)]


def _restored(body: Body, context: Context) -> Translated:
    """`ticket.updated` with its state (`ticket.closed` where that is final), at `createdAt`."""
    return [_entered(body, context, "restored")]


def _placed(body: Body, context: Context, before: Before) -> Iterator[FlowEvent]:
    """Yield where the issue went: to another team, into another state, into the bin and back."""
    left = _left(body, before)
    if left:
        yield from _moved(body, context, left)
    binned = before.trashed is not UNSET or before.archived is not UNSET
    if binned and _is_gone(body.data):
        yield _ticket(body, context, "ticket.closed", _changed_at(body), state=DELETED)
    elif left or before.state is not UNSET:
        yield _entered(body, context, "status")
    elif binned and not body.data.archived_at:
        yield _entered(body, context, "restored")


def _described(body: Body, context: Context, before: Before) -> Iterator[FlowEvent]:
    """Yield what else changed that a rule could read, without a state."""
    if not isinstance(before.labels, UnsetType):
        yield from _labelled(body, context, frozenset(before.labels or ()))
    for name, was in (
        ("assignee", before.assignee), ("delegate", before.delegate), ("priority", before.priority),
        ("cycle", before.cycle), ("project", before.project),
    ):  # fmt: skip
        if was is not UNSET:
            yield _noted(body, context, name)


def _labelled(body: Body, context: Context, before: frozenset[str]) -> Iterator[FlowEvent]:
    """Yield the labels that were added; of a removed one only the id is told."""
    now = (body.data.labels or ())[:MOST_LABELS]
    for label in now:
        if label.id not in before:
            yield _noted(body, context, "labeled", label)
    if before - {label.id for label in now}:
        yield _noted(body, context, "unlabeled")


def _left(body: Body, before: Before) -> list[str]:
    """Return the keys that an issue had before it was moved to another team; none where it was not."""
    if isinstance(before.previous, UnsetType):
        return []
    check_size(body.data.previous or (), "data.previousIdentifiers")
    known = {*(before.previous or ()), _key(body), ""}
    return [old for old in dict.fromkeys(body.data.previous or ()) if old not in known]


def _moved(body: Body, context: Context, left: list[str]) -> Iterator[FlowEvent]:
    """Yield the end of the old key and the begin of the new one, whose state of that time is not known."""
    for old in left:
        yield fact(
            context,
            "ticket.closed",
            ticket_uri(TOOL, old),
            _changed_at(body),
            told_apart=("moved",),
            links=(_relation(_key(body)),),
            state=DELETED,
            by=_by(body.actor, context),
            attributes={"project": _project(old), "action": "moved"},
        )
    yield _ticket(body, context, "ticket.created", _created_at(body), state=None)


def _created_at(body: Body) -> Moment:
    return moment(body.data.created_at or body.at, "data.createdAt")


def _entered(body: Body, context: Context, action: str) -> FlowEvent:
    issue, closes = body.data, _is_over(body.data)
    return _ticket(
        body,
        context,
        "ticket.closed" if closes else "ticket.updated",
        _changed_at(body),
        state=_state(issue),
        told_apart=(action, _state(issue) or ""),
        attributes={"action": action, "resolution": issue.state.type if issue.state and closes else None},
    )


def _noted(body: Body, context: Context, action: str, label: Named | None = None) -> FlowEvent:
    return _ticket(
        body,
        context,
        "ticket.updated",
        _changed_at(body),
        state=None,
        told_apart=(action, label.id if label else ""),
        attributes={"action": action, "label": kept_of_label(label.name if label else None, context.pseudonym)},
    )


def _ticket(
    body: Body,
    context: Context,
    event_type: str,
    at: Moment,
    *,
    state: str | None,
    told_apart: tuple[str, ...] = (),
    attributes: dict[str, str | None] | None = None,
) -> FlowEvent:
    issue, key = body.data, _key(body)
    site, found, _ = (body.url or "").partition(f"/issue/{key}")
    cycle = issue.cycle.number if issue.cycle else None
    return fact(
        context,
        event_type,
        ticket_uri(TOOL, key),
        at,
        told_apart=told_apart,
        url=site + found if found else None,
        links=(_relation(f"project/{issue.project_id}"),) if issue.project_id else (),
        state=state,
        work_kind=work_kind(labels=[label.name for label in issue.labels or ()], title=issue.title),
        by=_by(body.actor, context),
        quantities={} if issue.estimate is None else {"estimate": issue.estimate},
        attributes={
            "project": _project(key),
            "state_type": issue.state.type if issue.state and issue.state.name == state else None,
            "priority": issue.priority_label,
            "cycle": None if cycle is None else f"{cycle:g}",
            **(attributes or {}),
        },
    )


def _key(body: Body) -> str:
    """Return the issue's identifier; older deliveries tell the team's key and the number apart."""
    issue = body.data
    if issue.identifier:
        return issue.identifier
    if issue.team is None or not issue.team.key or issue.number is None:
        raise Untranslatable("data.identifier is missing")
    return f"{issue.team.key}-{issue.number}"


def _relation(key: str) -> Link:
    return Link(uri=ticket_uri(TOOL, key), kind=LinkKind.RELATES_TO, method=LinkMethod.EXPLICIT)


def _project(key: str) -> str:
    return f"{TOOL}/{key.rpartition('-')[0] or key}"


def _state(issue: Issue) -> str | None:
    return issue.state.name if issue.state else None


def _is_over(issue: Issue) -> bool:
    return issue.state is not None and issue.state.type in _FINAL


def _is_gone(issue: Issue) -> bool:
    """Tell whether an issue lies in the bin, or was archived before it was over."""
    return bool(issue.trashed or (issue.archived_at and not _is_over(issue)))


def _changed_at(body: Body) -> Moment:
    return moment(body.at, "createdAt")


def _by(user: User | None, context: Context) -> Actor:
    """Return who did it: an app by its type or address, anybody else is a person; null where Linear itself did it."""
    if user is None or not user.id:
        return UNKNOWN
    is_app = user.type.lower() != "user" or (user.email or "").endswith(_APPS)
    name = (user.name or user.service or "app").strip().replace(" ", "-")
    return Actor(classify(name, automated=True) if is_app else ActorClass.HUMAN, context.pseudonym(user.id))


issue: Final = ByAction(
    decode=msgspec.json.Decoder(Body).decode,
    action=lambda body: body.action,
    handlers={"create": _created, "update": _updated, "remove": _removed, "restore": _restored},
)
"""`Issue` deliveries."""


def _event_type(headers: Headers, _body: bytes) -> str:
    return headers.get("linear-event", "")


def _delivery_id(headers: Headers, body: bytes) -> str:
    return delivery_id(headers.get("linear-delivery"), body)


ADAPTER: Final = Adapter(
    tool=TOOL,
    verify=sent_within(hmac_sha256("linear-signature"), "webhookTimestamp"),
    event_type=_event_type,
    delivery_id=_delivery_id,
    translate={"Issue": issue},
    ignores=frozenset(
        {
            "AgentSessionEvent", "AppUserNotification", "Attachment", "AuditEntry", "Comment", "Customer",
            "CustomerNeed", "Cycle", "Document", "Initiative", "InitiativeUpdate", "IssueLabel", "IssueSLA", "OAuthApp",
            "OAuthAuthorization", "PermissionChange", "Project", "ProjectLabel", "ProjectUpdate", "Reaction", "Release",
            "ReleaseNote", "User",
        }
    ),
    taken=200,
)  # fmt: skip
"""The adapter for Linear, which takes no other answer than 200 for one."""
