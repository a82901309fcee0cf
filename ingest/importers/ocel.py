"""A log in OCEL 2.0 (JSON and XML) as rows, and its cases as facts of activities; pure.

An object of the case type is a case; an event is a fact of each case it is related to. What else it is related to are
links that only relate, by the type and id of the object; an id that could name somebody is a digest there. Objects that
are people are no links: who acts is hashed when it comes in and never kept, who is served is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct

from ingest.importers.activities import TRANSITIONS, BadLog, Happening, LeftOut
from ingest.importers.json_pieces import elements
from ingest.importers.xml_pieces import Piece, pieces
from ingest.vocabulary.entity_names import plain
from schemas.identity import short_digest

LIFECYCLE: Final = ("lifecycle:transition", "lifecycle")
RESOURCE: Final = ("org:resource", "resource")
PLACE: Final = "vsm:order"
"""Attributes of events that are read: what of the activity, who, and the order within one time."""

MOST_OTHERS: Final = 128
"""So many other objects of an event are kept, the first by their uris."""

_ACTING: Final = frozenset(
    {
        "agent", "assignee", "author", "clerk", "developer", "employee", "operator", "resource", "reviewer", "staff",
        "technician", "user", "worker",
    }
)  # fmt: skip
_SERVED: Final = frozenset(
    {
        "applicant", "citizen", "client", "contact", "customer", "guest", "patient", "people", "person", "student",
        "supplier", "vendor",
    }
)  # fmt: skip
_WORDS: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_LETTERS: Final = re.compile(r"[^a-z0-9]+")


class ObjectRow(Struct, frozen=True, gc=False):
    """An object."""

    id: str
    type: str
    line: int


class EventRow(Struct, frozen=True, gc=False):
    """An event, its time as it is written; `attributes` holds all of them as texts."""

    id: str
    type: str
    time: str
    line: int
    attributes: Mapping[str, str]


class RelationRow(Struct, frozen=True, gc=False):
    """An event is related to an object."""

    event: str
    object: str
    line: int


Row = ObjectRow | EventRow | RelationRow


class _Value(Struct):
    name: str
    value: object = None


class _Related(Struct):
    object_id: str | int = msgspec.field(name="objectId")


class _Event(Struct):
    id: str | int
    type: str
    time: str
    attributes: list[_Value] = []
    relationships: list[_Related] = []


class _Object(Struct):
    id: str | int
    type: str


def json_rows(chunks: Iterable[bytes]) -> Iterator[Row]:
    """Yield the rows of a log in OCEL 2.0 JSON. Raises BadLog, naming line and member."""
    members = set()
    for member, element, line in elements(chunks):
        members.add(member)
        try:
            if member == "objects":
                told = msgspec.convert(element, _Object)
                yield ObjectRow(_text(told.id), _text(told.type), line)
            elif member == "events":
                yield from _of_event(msgspec.convert(element, _Event), line)
        except msgspec.ValidationError as bad:
            raise BadLog(f"line {line}: {member}: {bad}") from None
    if "events" not in members:
        raise BadLog("there is no event under 'events', where OCEL 2.0 has them (1.0 is not read)")


def _of_event(told: _Event, line: int) -> Iterator[Row]:
    attributes = {each.name: _text(each.value) for each in told.attributes if each.value is not None}
    name = _text(told.id)
    yield EventRow(name, _text(told.type), told.time, line, attributes)
    for related in told.relationships:
        yield RelationRow(name, _text(related.object_id), line)


def xml_rows(chunks: Iterable[bytes]) -> Iterator[Row]:
    """Yield the rows of a log in OCEL 2.0 XML. Raises BadLog, naming line and element."""
    path: list[Piece] = []
    attributes: dict[str, str] = {}
    for piece in pieces(chunks):
        if not piece.begins:
            path.pop()
        names = [each.name for each in path] + [piece.name]
        if piece.begins:
            if not path and piece.name != "log":
                raise BadLog(f"line {piece.line}: <{piece.name}> is no OCEL log, which begins with <log>")
            path.append(piece)
        match names, piece.begins:
            case ["log", "objects", "object"], True:
                yield ObjectRow(_given(piece, "id"), _given(piece, "type"), piece.line)
            case ["log", "events", "event"], True:
                attributes = {}
            case ["log", "events", "event", "attributes", "attribute"], False:
                attributes[piece.attributes.get("name", "")] = piece.text.strip()
            case ["log", "events", "event", "objects", "relationship" | "relobj"], True:
                yield RelationRow(_given(path[2], "id"), _given(piece, "object-id"), piece.line)
            case ["log", "events", "event"], False:
                yield EventRow(
                    _given(piece, "id"), _given(piece, "type"), _given(piece, "time"), piece.line, attributes
                )


def _given(piece: Piece, name: str) -> str:
    if name not in piece.attributes:
        raise BadLog(f"line {piece.line}: <{piece.name}> has no {name}")
    return piece.attributes[name]


def _text(value: object) -> str:
    """Return a value as text that can be written: half a character pair becomes a question mark."""
    text = str(value)
    return text if text.isascii() else text.encode(errors="replace").decode()


def first(attributes: Mapping[str, str], names: Sequence[str]) -> str:
    """Return the first of some attributes that says something, '' if none does."""
    return next((attributes[name] for name in names if attributes.get(name)), "")


def acts(object_type: str, people: Sequence[str]) -> bool:
    """Tell whether the objects of a type are people who act, by its last word or because it is one of `people`."""
    return object_type in people or _last_word(object_type) in _ACTING


def is_person(object_type: str, people: Sequence[str]) -> bool:
    """Tell whether the objects of a type are people."""
    return acts(object_type, people) or _last_word(object_type) in _SERVED


def _last_word(object_type: str) -> str:
    words = _WORDS.findall(object_type)
    return (
        words[-1].lower().removesuffix("s")
        if words and words[-1].lower() not in _SERVED
        else "".join(words[-1:]).lower()
    )


def case_name(case: str, case_type: str, people: Sequence[str]) -> str:
    """Return what a case is called: its id, of a person a digest."""
    return short_digest(case) if is_person(case_type, people) else case


def happening(
    activity: str, at: datetime, attributes: tuple[str, str], related: Iterable[tuple[str, str]], people: Sequence[str]
) -> Happening:
    """Return an event as a case sees it: (transition, account), and the (type, id) of the other objects."""
    transition, account = attributes
    others, actors = [], [account] if account else []
    for object_type, name in sorted(related):
        if acts(object_type, people):
            actors.append(name)
        elif not is_person(object_type, people):
            others.append(f"object:{_LETTERS.sub('-', object_type.lower()).strip('-') or 'object'}/{plain(name)}")
    return Happening(
        activity=activity, at=at, transition=transition, account=actors[0] if actors else None,
        others=tuple(sorted(set(others))[:MOST_OTHERS]),
    )  # fmt: skip


def known(transition: str, line: int, left_out: LeftOut) -> bool:
    """Tell whether a lifecycle's word means a boundary; count it where it does not."""
    if not transition or transition.lower() in TRANSITIONS:
        return True
    left_out.add(f"events whose lifecycle is '{transition}': neither a start nor an end", line)
    return False
