"""A log in XES (IEEE 1849) as facts of activities; pure. A trace is a case, an event one fact of it, if any.

Only the attributes right inside a trace or an event are read, and of them only these four; `org:resource` is hashed
when it comes in and never kept. Extensions, globals, classifiers and whatever is nested are passed over: a global tells
which attributes are there, not what an event without them would have. An event outside a trace is of no case.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import tzinfo
from typing import Final

from msgspec import Struct

from ingest.importers.activities import TRANSITIONS, BadLog, Happening, LeftOut, case_facts, time_of, zone_of
from ingest.importers.xml_pieces import Piece, pieces

_TRACE_DEPTH: Final = 2
_EVENT_DEPTH: Final = 3


class Keys(Struct, frozen=True, kw_only=True):
    """The keys of the attributes that are read, and the zone of times that name none."""

    case: str = "concept:name"
    activity: str = "concept:name"
    time: str = "time:timestamp"
    lifecycle: str = "lifecycle:transition"
    resource: str = "org:resource"
    zone: str = "UTC"


class _Said(Struct, frozen=True, gc=False):
    """The attributes of a trace or an event, with the line that each stands on."""

    line: int
    values: dict[str, tuple[str, int]]

    def get(self, key: str) -> str:
        return self.values[key][0].strip() if key in self.values else ""


class _Trace(Struct, frozen=True, gc=False):
    said: _Said
    events: list[_Said]


def facts(chunks: Iterable[bytes], keys: Keys, left_out: LeftOut) -> Iterator[list[dict[str, object]]]:
    """Yield the import facts of each trace; the same log gives the same facts, in whatever order its traces stand.

    What is left out is counted. Raises BadLog, naming the line.
    """
    zone = zone_of(keys.zone)
    for trace in _traces(pieces(chunks), left_out):
        case = trace.said.get(keys.case)
        if not case:
            left_out.add(f"traces without {keys.case}", trace.said.line)
            continue
        found = [_happening(event, keys, zone, left_out) for event in trace.events]
        yield case_facts(case, [each for each in found if each is not None])


def _happening(event: _Said, keys: Keys, zone: tzinfo, left_out: LeftOut) -> Happening | None:
    activity, written = event.get(keys.activity), event.get(keys.time)
    transition = event.get(keys.lifecycle)
    if not activity or not written:
        left_out.add(f"events without {keys.time if activity else keys.activity}", event.line)
        return None
    if transition and transition.lower() not in TRANSITIONS:
        left_out.add(f"events whose {keys.lifecycle} is '{transition}': neither a start nor an end", event.line)
        return None
    try:
        at = time_of(written, zone)
    except ValueError:
        line = event.values[keys.time][1]
        raise BadLog(f"line {line}: {keys.time}: '{written[:64]}' is no ISO 8601 time") from None
    return Happening(activity=activity, at=at, transition=transition, account=event.get(keys.resource) or None)


def _traces(found: Iterable[Piece], left_out: LeftOut) -> Iterator[_Trace]:
    """Yield the traces of a log, each when it ends."""
    depth = 0
    trace: _Trace | None = None
    event: _Said | None = None
    for piece in found:
        depth += piece.begins
        if depth == 1 and piece.begins and piece.name != "log":
            raise BadLog(f"line {piece.line}: <{piece.name}> is no XES log, which begins with <log>")
        if depth == _TRACE_DEPTH and piece.name == "trace":
            if piece.begins:
                trace = _Trace(_Said(piece.line, {}), [])
            elif trace is not None:
                yield trace
                trace = None
        elif depth == _TRACE_DEPTH and piece.name == "event" and piece.begins:
            left_out.add("events outside a trace", piece.line)
        elif trace is not None and piece.begins:
            event = _take(trace, event if depth > _EVENT_DEPTH else None, piece, depth)
        depth -= not piece.begins


def _take(trace: _Trace, event: _Said | None, piece: Piece, depth: int) -> _Said | None:
    """Take in what begins inside a trace: an event, an attribute of the trace, one of the event, or what is nested."""
    if depth == _EVENT_DEPTH and piece.name == "event":
        event = _Said(piece.line, {})
        trace.events.append(event)
        return event
    told = trace.said if depth == _EVENT_DEPTH else event if depth == _EVENT_DEPTH + 1 else None
    key, value = piece.attributes.get("key"), piece.attributes.get("value")
    if told is not None and key is not None and value is not None:
        told.values[key] = (value, piece.line)
    return event
