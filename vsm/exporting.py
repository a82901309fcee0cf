"""Writes a stream to a file, a page of the tables at a time: as CDEvents, or as a log in OCEL."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, BinaryIO

import msgspec

from ingest.routing import as_told
from insights import ocel
from insights.cdevents import cdevent
from insights.ocel_questions import EVENT_TYPES_SQL, ITEMS_SQL, OBJECT_TYPES_SQL, SUBJECTS_SQL, TARGETS_SQL
from insights.stream_facts import COUNT_SQL, PAGE_SQL, STREAMS_SQL, Kept, Window, kept
from vsm.store import BadQuery, Store

Advance = Callable[[], None]


def window(store: Store, stream: str, since: int, until: int) -> Window:
    """Return what is to be exported, as far as it has come in by now. Raises BadQuery for a stream without facts."""
    (row,) = store.query(COUNT_SQL, {"stream": stream})
    if not row["facts"]:
        known = ", ".join(str(each["value_stream"]) for each in store.query(STREAMS_SQL)) or "none yet"
        raise BadQuery(f"value stream '{stream}' has no events; streams that have: {known}")
    return Window(stream=stream, since=since, until=until, known=int(str(row["known"])))


def write_cdevents(store: Store, asked: Window, file: BinaryIO, advance: Advance) -> int:
    """Write the facts as CDEvents, one JSON object a line, as their tools told them; return how many."""
    count = 0
    for each in _facts(store, asked):
        told = msgspec.structs.replace(as_told(each.event), value_stream=asked.stream)
        file.write(msgspec.json.encode(cdevent(told)) + b"\n")
        count += 1
        advance()
    return count


def write_ocel(store: Store, asked: Window, file: BinaryIO, advance: Advance) -> int:
    """Write the stream as a log in OCEL 2.0 JSON; return how many events it has."""
    kinds = [str(row["kind"]) for row in store.query(OBJECT_TYPES_SQL, asked.parameters())]
    items: set[str] = set()
    file.write(b"{")
    _array(file, "objectTypes", ocel.object_types(kinds))
    file.write(b",")
    _array(file, "eventTypes", map(ocel.event_type, store.query(EVENT_TYPES_SQL, asked.parameters())))
    file.write(b",")
    _array(file, "objects", _objects(store, asked, items, advance))
    file.write(b",")
    count = _array(file, "events", _events(store, asked, items, advance))
    file.write(b"}\n")
    return count


def _objects(store: Store, asked: Window, items: set[str], advance: Advance) -> Iterator[Mapping[str, Any]]:
    """Yield entities, what they are linked to, and work items; note these in `items`."""
    for sql, made in ((SUBJECTS_SQL, ocel.entity), (TARGETS_SQL, ocel.target), (ITEMS_SQL, ocel.item)):
        for row in _rows(store, sql, asked):
            if sql is ITEMS_SQL:
                items.add(str(row["uri"]))
            yield made(row)
            advance()


def _events(store: Store, asked: Window, items: set[str], advance: Advance) -> Iterator[Mapping[str, Any]]:
    for each in _facts(store, asked):
        yield ocel.event(each, items.__contains__)
        advance()


def _array(file: BinaryIO, name: str, values: Iterable[Mapping[str, Any]]) -> int:
    """Write a member that is an array, an element a line; return how many."""
    file.write(msgspec.json.encode(name) + b":[")
    count = 0
    for count, value in enumerate(values, start=1):
        file.write((b",\n" if count > 1 else b"\n") + msgspec.json.encode(value))
    file.write(b"]")
    return count


def _facts(store: Store, asked: Window) -> Iterator[Kept]:
    """Yield the facts in the order of their times."""
    at, after = -1, ""
    while True:
        page = [kept(row) for row in store.query(PAGE_SQL, asked.parameters(at=at, after=after))]
        yield from page
        if len(page) < asked.page:
            return
        at, after = page[-1].event.occurred_at, page[-1].event.event_id


def _rows(store: Store, sql: str, asked: Window) -> Iterator[Mapping[str, Any]]:
    """Yield the rows of a question that is answered in pages."""
    after = ""
    while True:
        page = store.query(sql, asked.parameters(after=after))
        yield from page
        if len(page) < asked.page:
            return
        after = str(page[-1]["uri"])
