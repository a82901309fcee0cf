"""Small event logs of our own: in XES, and in the three formats of OCEL 2.0."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final
from xml.sax.saxutils import quoteattr

HEAD: Final = """<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="2.0" xmlns="http://www.xes-standard.org/">
<extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
<global scope="trace"><string key="concept:name" value="of no trace"/></global>
<global scope="event"><string key="concept:name" value="of no event"/>
<date key="time:timestamp" value="1970-01-01T00:00:00Z"/></global>
<classifier name="Activity" keys="concept:name"/>
"""

Tagged = tuple[str, str, str]
"""The element, key and value of an attribute of XES."""


def named(activity: str, at: str, transition: str = "", resource: str = "") -> list[Tagged]:
    """Return the attributes of an event."""
    told = [("string", "concept:name", activity), ("date", "time:timestamp", at)]
    told += [("string", "lifecycle:transition", transition)] if transition else []
    return told + ([("string", "org:resource", resource)] if resource else [])


def trace(case: str, *events: Sequence[Tagged]) -> str:
    """Return a trace, each event on a line of its own."""
    lines = [f'<trace><string key="concept:name" value={quoteattr(case)}/>' if case else "<trace>"]
    for event in events:
        told = "".join(f"<{tag} key={quoteattr(key)} value={quoteattr(value)}/>" for tag, key, value in event)
        lines.append(f"<event>{told}</event>")
    return "\n".join([*lines, "</trace>\n"])


def xes(*traces: str) -> bytes:
    """Return a log."""
    return (HEAD + "".join(traces) + "</log>").encode()


Event = tuple[str, str, str, Mapping[str, str], Sequence[str]]
"""Id, type, time, attributes and the ids of the objects."""

ORDERS: Final[Sequence[Event]] = (
    ("e1", "Place", "2026-01-01T08:00:00Z", {"org:resource": "planted-alder"}, ("o1", "i1", "Planted Birch")),
    ("e2", "Pick", "2026-01-01T10:00:00+01:00", {"lifecycle:transition": "start"}, ("o1", "i1", "i2", "planted-ash")),
    ("e3", "Pick", "2026-01-01T09:30:00.250Z", {"lifecycle:transition": "complete"}, ("o1", "i1", "i2")),
    ("e4", "Place", "2026-01-02T08:00:00Z", {}, ("o2", "3")),
)
OBJECTS: Final = {
    "o1": "order", "o2": "order", "i1": "item", "i2": "item", "3": "item", "planted-ash": "Employees",
    "Planted Birch": "customer",
}  # fmt: skip


def ocel_json(events: Sequence[Event] = ORDERS, objects: Mapping[str, str] = OBJECTS) -> bytes:
    """Return a log in OCEL 2.0 JSON, its events before its objects."""
    log = {
        "eventTypes": [{"name": name, "attributes": []} for name in sorted({kind for _, kind, *_ in events})],
        "objectTypes": [{"name": name, "attributes": []} for name in sorted(set(objects.values()))],
        "events": [
            {
                "id": name, "type": kind, "time": at,
                "attributes": [{"name": key, "value": value} for key, value in told.items()],
                "relationships": [{"objectId": target, "qualifier": "of"} for target in related],
            }
            for name, kind, at, told, related in events
        ],
        "objects": [{"id": name, "type": kind} for name, kind in objects.items()],
    }  # fmt: skip
    return json.dumps(log, indent=1).encode()


def ocel_xml(events: Sequence[Event] = ORDERS, objects: Mapping[str, str] = OBJECTS) -> bytes:
    """Return a log in OCEL 2.0 XML, its objects before its events."""
    lines = ["<log>", "<event-types/>", "<object-types/>", "<objects>"]
    lines += [f"<object id={quoteattr(name)} type={quoteattr(kind)}/>" for name, kind in objects.items()]
    lines += ["</objects>", "<events>"]
    for name, kind, at, told, related in events:
        lines.append(f"<event id={quoteattr(name)} type={quoteattr(kind)} time={quoteattr(at)}><attributes>")
        lines += [f"<attribute name={quoteattr(key)}>{value}</attribute>" for key, value in told.items()]
        lines += ["</attributes>", "<objects>"]
        lines += [f'<relationship object-id={quoteattr(target)} qualifier="of"/>' for target in related]
        lines.append("</objects></event>")
    return "\n".join([*lines, "</events>", "</log>"]).encode()


def ocel_sqlite(file: Path, events: Sequence[Event] = ORDERS, objects: Mapping[str, str] = OBJECTS) -> None:
    """Write a log in OCEL 2.0 SQLite."""
    with sqlite3.connect(file) as log:
        log.execute("CREATE TABLE object (ocel_id TEXT, ocel_type TEXT)")
        log.execute("CREATE TABLE event (ocel_id TEXT, ocel_type TEXT)")
        log.execute("CREATE TABLE event_object (ocel_event_id TEXT, ocel_object_id TEXT, ocel_qualifier TEXT)")
        log.execute("CREATE TABLE event_map_type (ocel_type TEXT, ocel_type_map TEXT)")
        log.executemany("INSERT INTO object VALUES (?, ?)", objects.items())
        for kind in sorted({kind for _, kind, *_ in events}):
            log.execute("INSERT INTO event_map_type VALUES (?, ?)", (kind, kind))
            log.execute(
                f'CREATE TABLE "event_{kind}" '
                '(ocel_id TEXT, ocel_time TIMESTAMP, "lifecycle:transition" TEXT, "org:resource" TEXT)'
            )
        for name, kind, at, told, related in events:
            row = name, at, told.get("lifecycle:transition"), told.get("org:resource")
            log.execute("INSERT INTO event VALUES (?, ?)", (name, kind))
            log.execute(f'INSERT INTO "event_{kind}" VALUES (?, ?, ?, ?)', row)  # noqa: S608 - a name of ours
            log.executemany("INSERT INTO event_object VALUES (?, ?, 'of')", [(name, target) for target in related])
    log.close()
