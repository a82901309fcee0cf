"""What becomes of the actions on a Trello card."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import msgspec
from msgspec import UNSET, Struct

from ingest.adapter import Context, Ignored
from ingest.adapters.trello.bodies import Action, Body, Data, Member, Named
from ingest.facts import fact
from ingest.vocabulary.actors import UNKNOWN, Actor, classify
from ingest.vocabulary.by_action import Translated
from ingest.vocabulary.change_addresses import attached_code
from ingest.vocabulary.kept_text import kept_of_label
from ingest.vocabulary.ticket_states import DELETED, is_final
from ingest.vocabulary.times import moment
from ingest.vocabulary.work_kinds import work_kind
from schemas.event import FlowEvent, Link
from schemas.identity import ticket_uri

TOOL: Final = "trello"

_AROUND: Final = re.compile(r"^[\W\d_]+|(?:\s[\-\u2013\u2014|]\s|[(\[:]).*$|[\W\d_]+$", re.DOTALL)
"""What people write before and after the name of a list: emoji, numbers, weeks (`Done ✅`, `Done (week 10)`)."""

_LONGEST: Final = 128


class Said(Struct, frozen=True, kw_only=True):
    """What a fact says beside its type."""

    action: str
    state: str | None = None
    label: str | None = None
    detail: str = ""
    links: tuple[Link, ...] = ()
    came_from: str | None = None


_decode: Final = msgspec.json.Decoder(Body).decode


def created(body: bytes, context: Context) -> Translated:
    """`ticket.created`, the list as its state, at the action's `date`."""
    action = _decode(body).action
    return [_fact(action, context, "ticket.created", Said(action="created", state=_list(action.data)))]


def updated(body: bytes, context: Context) -> Translated:
    """`ticket.updated`, or `ticket.closed` where it is over, for another list, completion and archiving, at `date`."""
    action = _decode(body).action
    events = [_fact(action, context, event_type, said) for event_type, said in _changes(action.data)]
    return events or Ignored("no field changed that a rule could read")


def deleted(body: bytes, context: Context) -> Translated:
    """`ticket.closed`, state `deleted`, at `date`."""
    action = _decode(body).action
    return [_fact(action, context, "ticket.closed", Said(action="deleted", state=DELETED))]


def left(body: bytes, context: Context) -> Translated:
    """`ticket.closed`, state `deleted`, of the board that the card left, at `date`."""
    action = _decode(body).action
    return [_fact(action, context, "ticket.closed", Said(action="left", state=DELETED), order=0)]


def came(body: bytes, context: Context) -> Translated:
    """`ticket.updated`, the list as its state, of the board that the card came to, at `date`."""
    action = _decode(body).action
    event_type, said = _entered(_list(action.data), "came")
    return [_fact(action, context, event_type, said, order=1)]


def labelled(body: bytes, context: Context) -> Translated:
    """`ticket.updated` without a state, the label as an attribute, at `date`."""
    return _labelled(body, context, "labeled")


def unlabelled(body: bytes, context: Context) -> Translated:
    """`ticket.updated` without a state, the removed label as an attribute, at `date`."""
    return _labelled(body, context, "unlabeled")


def assigned(body: bytes, context: Context) -> Translated:
    """`ticket.updated` without a state, the action `assigned`, at `date`."""
    return _assigned(body, context, "assigned")


def unassigned(body: bytes, context: Context) -> Translated:
    """`ticket.updated` without a state, the action `unassigned`, at `date`."""
    return _assigned(body, context, "unassigned")


def attached(body: bytes, context: Context) -> Translated:
    """`ticket.updated` that holds the attached change or commit, at `date`; any other attachment is ignored."""
    action = _decode(body).action
    attachment = action.data.attachment
    links = attached_code(attachment.url or attachment.name or "") if attachment else ()
    if not links:
        return Ignored("attachment is no change or commit")
    return [_fact(action, context, "ticket.updated", Said(action="attached", detail=links[0].uri, links=links))]


def _changes(data: Data) -> Iterator[tuple[str, Said]]:
    """Yield what an update of a card changed that a rule could read."""
    if data.after is not None:
        yield _entered(data.after.name, "moved", data.before.name if data.before else None)
    if data.old.complete is not UNSET:
        if data.card.complete:
            yield "ticket.closed", Said(action="completed", state="complete")
        else:
            yield _entered(_list(data) or "incomplete", "reopened")
    if data.old.closed is not UNSET:
        if data.card.closed:
            yield "ticket.closed", Said(action="archived", state="archived")
        else:
            yield _entered(_list(data) or "restored", "restored")


def _entered(state: str | None, action: str, came_from: str | None = None) -> tuple[str, Said]:
    over = state is not None and _is_final(state[:_LONGEST])
    return "ticket.closed" if over else "ticket.updated", Said(action=action, state=state, came_from=came_from)


@lru_cache(maxsize=1024)
def _is_final(name: str) -> bool:
    return is_final(_AROUND.sub("", _AROUND.sub("", name)))


def _labelled(body: bytes, context: Context, name: str) -> Translated:
    action = _decode(body).action
    label = action.data.label or Named()
    return [_fact(action, context, "ticket.updated", Said(action=name, label=label.name, detail=label.id))]


def _assigned(body: bytes, context: Context, name: str) -> Translated:
    action = _decode(body).action
    return [_fact(action, context, "ticket.updated", Said(action=name, detail=action.data.member or ""))]


def _fact(action: Action, context: Context, event_type: str, said: Said, order: int | None = None) -> FlowEvent:
    card, board = action.data.card, action.data.board.short or action.data.board.id
    labels = (said.label,) if said.label and said.action == "labeled" else ()
    return fact(
        context,
        event_type,
        ticket_uri(TOOL, card.id),
        moment(action.date, "action.date"),
        told_apart=(said.action, said.state or "", said.detail, board if order is not None else ""),
        order=order,
        url=f"https://trello.com/c/{card.short}" if card.short else None,
        links=said.links,
        state=said.state,
        work_kind=work_kind(labels=labels, title=card.name or ""),
        by=_by(action.by, context),
        attributes={
            "project": f"{TOOL}/{board}" if board else None,
            "action": said.action,
            "from_state": said.came_from,
            "label": kept_of_label(said.label, context.pseudonym),
        },
    )


def _list(data: Data) -> str | None:
    return data.list.name if data.list else None


def _by(member: Member | None, context: Context) -> Actor:
    if member is None or not member.id:
        return UNKNOWN
    return Actor(classify(member.username or ""), context.pseudonym(member.id))
