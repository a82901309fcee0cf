"""Jira webhooks, Cloud and Server: tickets `ticket:jira/CHK-12`.

A status whose category is done closes the ticket; any other change of status updates it, a reopening too. Changes that
no rule can read (texts, ranks, estimates) are ignored. An incident kept as an issue stays a ticket.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Struct, structs

from ingest.adapter import Adapter, Context, Headers, Ignored, Untranslatable
from ingest.adapters.jira.bodies import Body, Issue, IssueType, Item, User
from ingest.adapters.jira.ignored import IGNORED
from ingest.facts import MOST_CHARACTERS, check_size, fact
from ingest.signatures import x_hub_signature
from ingest.vocabulary.actors import UNKNOWN, Actor, classify
from ingest.vocabulary.by_action import Translated
from ingest.vocabulary.delivery_ids import delivery_id
from ingest.vocabulary.keys import MOST_KEYS
from ingest.vocabulary.ticket_states import DELETED, is_final
from ingest.vocabulary.times import Moment, moment
from ingest.vocabulary.work_kinds import work_kind
from schemas.event import ActorClass, FlowEvent, Link, LinkKind, LinkMethod
from schemas.identity import ticket_uri

TRACKER: Final = "jira"
"""The tracker part of a ticket's uri."""

_DONE: Final = "done"

_CONTAINERS: Final = frozenset({"epic", "initiative"})
"""Issue types whose tickets hold the work of others, where the site does not say their level: no items themselves."""

_PEOPLE: Final = frozenset({"atlassian", "customer"})
"""The types of accounts that are people's."""

_KEY: Final = re.compile(r"[A-Z][A-Z0-9_]{1,63}-[1-9][0-9]{0,9}")

_READ_BY_RULES: Final = frozenset({"assignee", "flagged", "issuetype", "labels", "priority"})
"""Fields, beside the status, whose change is a fact."""

_PARENTS: Final = frozenset({"epic link", "issueparentassociation", "parent", "parent issue", "parent link"})
"""What the field is called, by kind of project and age of the site, in which an issue's epic or parent is kept."""


_decode: Final = msgspec.json.Decoder(Body).decode


def created(body: bytes, context: Context) -> Translated:
    """`ticket.created` with its status as state, at the issue's `created`."""
    told = _decode(body)
    at = moment(told.issue.fields.created or told.timestamp, "issue.fields.created")
    return [_ticket(told, context, "ticket.created", at, state=_status_name(told))]


def deleted(body: bytes, context: Context) -> Translated:
    """`ticket.closed`, state `deleted`, at `timestamp`."""
    told = _decode(body)
    return [_ticket(told, context, "ticket.closed", _changed_at(told), state=DELETED)]


def updated(body: bytes, context: Context) -> Translated:
    """One fact a changed status, at `timestamp`: `ticket.closed` where its category is done, else `ticket.updated`.

    Also `ticket.updated` without a state for a changed flag, type, label, priority, assignee, sprint, epic or parent; a
    move to another project closes the old key (state `deleted`) and creates the new one.
    """
    told = _decode(body)
    items = told.changelog.items if told.changelog else ()
    check_size(items, "changelog.items")
    at = _changed_at(told)
    events = [event for place, item in enumerate(items) for event in _changed(told, context, at, place, item)]
    return events or Ignored("no field changed that a rule could read")


def _changed(told: Body, context: Context, at: Moment, place: int, item: Item) -> Iterator[FlowEvent]:
    field = item.field.lower()
    order = _order(told, place)
    if field == "status":
        name = item.to_text or _status_name(told) or ""
        closes = _is_done(told, item)
        yield _ticket(
            told, context, "ticket.closed" if closes else "ticket.updated", at,
            order=order, state=name, told_apart=("status", item.from_text or "", name),
            attributes={"from_state": item.from_text, "action": "status"},
        )  # fmt: skip
    elif field == "key" and item.from_text and item.from_text != told.issue.key:
        yield from _moved(told, context, at, item.from_text)
    elif field in _PARENTS:
        yield _noted(_under(told, item.to_text), context, at, order, "parent", item.to_text or "")
    elif field == "sprint":
        newest = (item.to or "").rpartition(",")[2].strip()
        yield _noted(told, context, at, order, field, item.to or "", sprint=newest)
    elif field in _READ_BY_RULES:
        flagged = ("true" if item.to_text else "false") if field == "flagged" else None
        said = "" if field == "assignee" else item.to_text or ""
        yield _noted(told, context, at, order, field, said, flagged=flagged)


def _noted(
    told: Body, context: Context, at: Moment, order: int | None, action: str, said: str, **attributes: str | None
) -> FlowEvent:
    """Return the fact of a changed field that is no status."""
    return _ticket(
        told, context, "ticket.updated", at,
        order=order, state=None, told_apart=(action, said), attributes={"action": action, **attributes},
    )  # fmt: skip


def _under(told: Body, key: str | None) -> Body:
    """Return a delivery whose issue has this epic: Server keeps it in a field of any number."""
    fields = structs.replace(told.issue.fields, epic=key)
    return structs.replace(told, issue=structs.replace(told.issue, fields=fields))


def _moved(told: Body, context: Context, at: Moment, old_key: str) -> Iterator[FlowEvent]:
    """Yield the end of the old key and the begin of the new one."""
    made = moment(told.issue.fields.created or told.timestamp, "issue.fields.created")
    yield fact(
        context,
        "ticket.closed",
        ticket_uri(TRACKER, old_key),
        at,
        told_apart=("moved",),
        links=(_relation(told.issue.key),),
        state=DELETED,
        by=_by(told.user, context),
        attributes={"project": _project(old_key), "action": "moved"},
    )
    yield _ticket(told, context, "ticket.created", made, state=_status_name(told))


def _ticket(
    told: Body,
    context: Context,
    event_type: str,
    at: Moment,
    *,
    state: str | None,
    order: int | None = None,
    told_apart: tuple[str, ...] = (),
    attributes: dict[str, str | None] | None = None,
) -> FlowEvent:
    issue, fields = told.issue, told.issue.fields
    if not issue.key:
        raise Untranslatable("issue.key is missing")
    return fact(
        context,
        event_type,
        ticket_uri(TRACKER, issue.key),
        at,
        told_apart=(state or "", *told_apart),
        order=order,
        url=_address(issue),
        links=_relations(issue),
        state=state,
        work_kind=work_kind(fields.issuetype.name if fields.issuetype else None, fields.labels or ()),
        by=_by(told.user, context),
        attributes={
            "project": _project(fields.project.key if fields.project and fields.project.key else issue.key),
            "issue_type": fields.issuetype.name if fields.issuetype else None,
            "container": "true" if _holds_work(fields.issuetype) else None,
            "priority": fields.priority.name if fields.priority else None,
            "resolution": fields.resolution.name if fields.resolution else None,
            **(attributes or {}),
        },
    )


def _holds_work(kind: IssueType | None) -> bool:
    return kind is not None and ((kind.level or 0) > 0 or kind.name.lower() in _CONTAINERS)


def _is_done(told: Body, item: Item) -> bool:
    """Tell whether an entered status is final: by its category where the issue is still in it, else by its name."""
    status = told.issue.fields.status
    entered = item.to_text or ""
    if status is not None and status.category is not None and (status.name == entered or status.id == item.to):
        return status.category.key == _DONE
    return is_final(entered)


def _relations(issue: Issue) -> tuple[Link, ...]:
    """Return the parent, the epic and the linked issues: relations, no membership."""
    fields = issue.fields
    keys = [fields.parent.key if fields.parent else "", _epic(fields.epic)]
    for link in (fields.links or ())[:MOST_KEYS]:
        keys += [end.key for end in (link.inward, link.outward) if end]
    return tuple([_relation(key) for key in dict.fromkeys(keys) if key and key != issue.key])


def _relation(key: str) -> Link:
    return Link(uri=ticket_uri(TRACKER, key), kind=LinkKind.RELATES_TO, method=LinkMethod.EXPLICIT)


def _epic(told: object) -> str:
    """Return the epic's key; '' where the site keeps something else under that number: a number, a choice, a user."""
    key = told.get("key") if isinstance(told, dict) else told
    return key if isinstance(key, str) and _KEY.fullmatch(key) else ""


def _by(user: User | None, context: Context) -> Actor:
    if user is None:
        return UNKNOWN
    account = user.account_id or user.key or user.name
    return Actor(_class_of(user), context.pseudonym(account[:MOST_CHARACTERS]) if account else None)


def _class_of(user: User) -> ActorClass:
    """Return the class of an account: as its type says, on Server by its user name; never a person's by their name."""
    if user.account_type in _PEOPLE:
        return ActorClass.HUMAN
    if user.account_type == "app":
        return classify((user.display_name or "app").replace(" ", "-"), automated=True)
    return classify(user.name or user.display_name or "")


def _project(key: str) -> str:
    return f"{TRACKER}/{key.rpartition('-')[0] or key}"


def _address(issue: Issue) -> str | None:
    site, rest, _ = (issue.self or "").partition("/rest/")
    return f"{site}/browse/{issue.key}" if rest else None


def _status_name(told: Body) -> str | None:
    status = told.issue.fields.status
    return status.name if status else None


def _changed_at(told: Body) -> Moment:
    return moment(told.issue.fields.updated if told.timestamp is None else told.timestamp, "timestamp")


def _order(told: Body, place: int) -> int | None:
    """Return the site's own sequence of changes (the place in the delivery, where it sends none)."""
    number = told.changelog.id if told.changelog else None
    if isinstance(number, str):
        number = int(number) if number.isascii() and number.isdigit() and len(number) < len(str(2**62)) else None
    return place if number is None else number + place


_HEAD: Final = re.compile(
    rb'\s{0,9}\{\s{0,9}"timestamp"\s{0,9}:\s{0,9}[0-9]{1,16}\s{0,9},\s{0,9}"webhookEvent"\s{0,9}:\s{0,9}"(?:jira:)?([a-z_]{1,64})"'
)


class _Envelope(Struct, frozen=True):
    event: str = msgspec.field(name="webhookEvent", default="")


_envelope: Final = msgspec.json.Decoder(_Envelope).decode


def _event_type(_headers: Headers, body: bytes) -> str:
    """Return the type: it stands second in the body, which spares reading all of it twice; else wherever it is."""
    head = _HEAD.match(body)
    return head[1].decode() if head else _envelope(body).event.removeprefix("jira:")


def _delivery_id(headers: Headers, body: bytes) -> str:
    return delivery_id(headers.get("x-atlassian-webhook-identifier"), body)


ADAPTER: Final = Adapter(
    tool="jira",
    verify=x_hub_signature(),
    event_type=_event_type,
    delivery_id=_delivery_id,
    translate={"issue_created": created, "issue_updated": updated, "issue_deleted": deleted},
    ignores=IGNORED,
)
"""The adapter for Jira Cloud and Server."""
