"""Azure Boards work items: tickets `ticket:azure_devops/organisation/12`.

A state that sets the date of closing closes the ticket, and so do the usual final states; any other change of state
updates it, a reopening too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec
from msgspec import Struct

from ingest.adapter import Context, Ignored, Untranslatable
from ingest.adapters.azure_devops.bodies import (
    TOOL,
    Identity,
    Links,
    by,
    class_of_name,
    first_time,
    organisation,
)
from ingest.adapters.azure_devops.work_items import Fields, ItemBody, Relations, Turn, Turns, UpdateBody
from ingest.facts import fact
from ingest.vocabulary.actors import UNKNOWN, Actor
from ingest.vocabulary.by_action import Translated
from ingest.vocabulary.code_links import commit_links
from ingest.vocabulary.keys import MOST_KEYS
from ingest.vocabulary.ticket_states import DELETED
from ingest.vocabulary.times import Moment
from ingest.vocabulary.work_kinds import work_kind
from schemas.event import FlowEvent, Link, LinkKind, LinkMethod, WorkKind
from schemas.identity import ticket_uri

_FINAL: Final = frozenset({"closed", "completed", "done", "removed"})
_CONTAINERS: Final = frozenset({"epic", "feature", "initiative"})
_STORIES: Final = frozenset({"product backlog item", "requirement"})
_COMMIT: Final = re.compile(r"vstfs:///Git/Commit/[^%/]+%2[fF][^%/]+%2[fF]([0-9a-fA-F]{40})")
_YES: Final = frozenset({"yes", "true"})
_READ_BY_RULES: Final = ("assignee", "blocked", "column", "priority", "tags", "type")


class Ticket(Struct, frozen=True):
    """What every fact of a work item carries."""

    uri: str
    by: Actor
    url: str | None
    order: int | None
    links: tuple[Link, ...]
    work_kind: WorkKind | None
    attributes: Mapping[str, str | None]


_decode: Final = msgspec.json.Decoder(ItemBody).decode
_decode_update: Final = msgspec.json.Decoder(UpdateBody).decode


def created(body: bytes, context: Context) -> Translated:
    """`ticket.created` with its state, at `System.CreatedDate`."""
    told = _decode(body)
    fields = told.resource.fields
    at = first_time("System.CreatedDate", fields.created, told.created_date)
    return [_ticket(_item(told, context), context, "ticket.created", at, fields.state)]


def deleted(body: bytes, context: Context) -> Translated:
    """`ticket.closed`, state `deleted`, at the event's `createdDate`."""
    told = _decode(body)
    at = first_time("createdDate", told.created_date)
    return [_ticket(_item(told, context), context, "ticket.closed", at, DELETED)]


def restored(body: bytes, context: Context) -> Translated:
    """`ticket.updated` with its state, at the event's `createdDate`."""
    told = _decode(body)
    at = first_time("createdDate", told.created_date)
    return [_ticket(_item(told, context), context, "ticket.updated", at, told.resource.fields.state, action="restored")]


def updated(body: bytes, context: Context) -> Translated:
    """`ticket.closed` or `ticket.updated` with a changed state, at `System.ChangedDate`.

    Also `ticket.updated` without a state for a changed type, tag, priority, assignee, board column or block, and for a
    commit that was attached.
    """
    told = _decode_update(body)
    update = told.resource
    fields = update.revision.fields if update.revision else Fields()
    changed = update.fields.changed.new_value if update.fields.changed else None
    at = first_time(
        "System.ChangedDate", changed if isinstance(changed, str) else None, fields.changed, told.created_date
    )
    home = organisation(told.resource_containers, update.url)
    ticket = Ticket(
        uri=_uri(home, update.work_item_id),
        by=by(update.revised_by, context),
        url=_page(update.links),
        order=_number(update.rev),
        links=(*_parent(home, fields), *_commits(update.relations)),
        work_kind=_kind(fields),
        attributes=_attributes(fields),
    )
    return list(_changes(ticket, update.fields, context, at)) or Ignored("no field changed that a rule could read")


def _changes(ticket: Ticket, turns: Turns, context: Context, at: Moment) -> Iterator[FlowEvent]:
    """Yield a fact for each changed field that a rule can read; a new column goes with a new state."""
    told = False
    if turns.state is not None and isinstance(turns.state.new_value, str):
        state, came_from = turns.state.new_value, turns.state.old_value
        closed = turns.closed is not None and turns.closed.new_value is not None
        event_type = "ticket.closed" if closed or state.lower() in _FINAL else "ticket.updated"
        before = came_from if isinstance(came_from, str) else None
        yield _ticket(ticket, context, event_type, at, state, action="status", from_state=before)
        told = True
    for name in _READ_BY_RULES:
        turn: Turn | None = getattr(turns, name)
        if turn is None or (name == "column" and turns.state is not None):
            continue
        flagged = _is_yes(turn.new_value) if name == "blocked" else None
        yield _ticket(ticket, context, "ticket.updated", at, None, action=name, flagged=flagged)
        told = True
    if not told and any(link.kind is LinkKind.CONTAINS for link in ticket.links):
        yield _ticket(ticket, context, "ticket.updated", at, None, action="commit")


def _item(told: ItemBody, context: Context) -> Ticket:
    item, fields = told.resource, told.resource.fields
    home = organisation(told.resource_containers, item.url)
    return Ticket(
        uri=_uri(home, item.id),
        by=_changed_by(fields.changed_by, context),
        url=_page(item.links),
        order=_number(item.rev),
        links=_parent(home, fields),
        work_kind=_kind(fields),
        attributes=_attributes(fields),
    )


def _ticket(
    ticket: Ticket, context: Context, event_type: str, at: Moment, state: str | None, **more: str | None
) -> FlowEvent:
    """Return a fact of a work item, with `more` attributes."""
    return fact(
        context,
        event_type,
        ticket.uri,
        at,
        told_apart=(state or "", more.get("action") or "", more.get("from_state") or ""),
        order=ticket.order,
        url=ticket.url,
        links=ticket.links,
        state=state,
        work_kind=ticket.work_kind,
        by=ticket.by,
        attributes={**ticket.attributes, **more},
    )


def _kind(fields: Fields) -> WorkKind | None:
    tags = [tag.strip() for tag in fields.tags.split(";")] if fields.tags else ()
    is_story = (fields.type or "").lower() in _STORIES
    return work_kind("story" if is_story else fields.type, tags, fields.title or "")


def _attributes(fields: Fields) -> dict[str, str | None]:
    """Return what selectors and rules may read of a work item."""
    return {
        "project": f"{TOOL}/{fields.project}" if fields.project else None,
        "issue_type": fields.type,
        "container": "true" if (fields.type or "").lower() in _CONTAINERS else None,
        "priority": None if fields.priority is None else str(fields.priority),
        "board_column": fields.column,
    }


def _uri(home: str, number: int | str) -> str:
    if number == "":
        raise Untranslatable("the work item's id is missing")
    return ticket_uri(TOOL, f"{home}/{number}")


def _parent(home: str, fields: Fields) -> tuple[Link, ...]:
    """Return the relation to the parent: no membership."""
    if not fields.parent:
        return ()
    return (Link(uri=_uri(home, fields.parent), kind=LinkKind.RELATES_TO, method=LinkMethod.EXPLICIT),)


def _commits(relations: Relations | None) -> tuple[Link, ...]:
    """Return the links to the commits of Azure Repos that an update attached."""
    added = (relations.added or ())[:MOST_KEYS] if relations else ()
    found = [match[1] for one in added if (match := _COMMIT.fullmatch(one.url or ""))]
    return tuple(
        Link(uri=link.uri, kind=LinkKind.CONTAINS, method=LinkMethod.EXPLICIT)
        for sha in dict.fromkeys(found)
        for link in commit_links(sha)
    )


def _changed_by(told: object, context: Context) -> Actor:
    """Return who changed an item: an account in newer bodies, in older ones `Name <address>`, which holds no id."""
    if isinstance(told, str):
        name, _, address = told.partition(" <")
        return Actor(class_of_name(name, address.rstrip(">")))
    if not isinstance(told, dict):
        return UNKNOWN
    told = {name: value for name, value in told.items() if isinstance(value, str)}
    return by(
        Identity(told.get("id"), told.get("displayName"), told.get("uniqueName"), told.get("descriptor")), context
    )


def _is_yes(value: object) -> str:
    return "true" if str(value).lower() in _YES else "false"


def _page(links: Links | None) -> str | None:
    return links.html.href if links and links.html else None


def _number(rev: int | str | None) -> int | None:
    """Return the item's revision, which some bodies write as a text."""
    if isinstance(rev, str):
        return int(rev) if rev.isascii() and rev.isdigit() and len(rev) < len(str(2**62)) else None
    return rev
