"""Compares what a tool's API says happened with what the log holds; pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Final

import msgspec
from msgspec import Struct

from ingest.adapter import Adapter, Context, Ignored
from ingest.history.history import Told
from ingest.receive import BROKEN
from ingest.vocabulary.environments import normalise
from schemas.definition import Source
from schemas.event import FlowEvent
from schemas.identity import entity_kind

NEAR_MICROS: Final = 5_000_000
"""A fact this close that says the same is the same one: tools write some times twice, seconds apart."""


_TELLING: Final = ("action", "branch", "decision", "label")
"""Attributes by which facts of one subject, type and second differ."""

_HASH: Final = re.compile("~[0-9a-f]*")


class Row(Struct, frozen=True):
    """One fact of the log; `at` is when it occurred, microseconds UTC."""

    event_id: str
    type: str
    subject_id: str
    at: int
    state: str | None = None
    attributes: Mapping[str, str] = {}


class Tally(Struct):
    """How many facts of a kind of entity the API tells, and what became of each.

    `near` were found at another second. `missing` are the subjects of those that were not found, each once.
    """

    expected: int = 0
    found: int = 0
    near: int = 0
    missing_facts: int = 0
    missing: dict[str, None] = msgspec.field(default_factory=dict)


class Reconciliation:
    """The comparison, batch by batch."""

    def __init__(self, adapter: Adapter, source: Source) -> None:
        self._adapter = adapter
        self._source = source
        self._seen: set[str] = set()
        self._taken: set[str] = set()
        self.tallies: dict[str, Tally] = {}
        self.unreadable = 0

    def facts(self, told: Told) -> Sequence[FlowEvent]:
        """Return the facts that a delivery would become; () where it would be ignored or not understood."""
        try:
            translate = self._adapter.translate.get(self._adapter.event_type(told.headers, told.body))
            found = () if translate is None else translate(told.body, _context(told, self._source))
        except BROKEN:
            self.unreadable += 1
            return ()
        return () if isinstance(found, Ignored) else found

    def compare(self, batch: Sequence[tuple[Told, Sequence[FlowEvent]]], rows: Iterable[Row]) -> list[Told]:
        """Count the facts of deliveries against the log's rows of the same subjects; return what is to be sent again.

        A fact that several deliveries tell counts once.
        """
        known = _Known(row for row in rows if row.event_id not in self._taken)
        told_now = {event.event_id: event for _, events in batch for event in events}
        fresh = {event_id: event for event_id, event in told_now.items() if event_id not in self._seen}
        self._seen.update(fresh)
        left = [event for event in fresh.values() if not self._count_found(event, known)]
        missing = {event.event_id for event in left if not self._count_near(event, known)}
        return [told for told, events in batch if any(event.event_id in missing for event in events)]

    def _count_found(self, event: FlowEvent, known: _Known) -> bool:
        tally = self.tallies.setdefault(entity_kind(event.subject_id), Tally())
        tally.expected += 1
        found = known.take(event)
        tally.found += found
        self._taken.update([event.event_id] if found else [])
        return found

    def _count_near(self, event: FlowEvent, known: _Known) -> bool:
        tally = self.tallies[entity_kind(event.subject_id)]
        if (near := known.take_near(event)) is not None:
            tally.near += 1
            self._taken.add(near)
            return True
        tally.missing_facts += 1
        tally.missing[event.subject_id] = None
        return False


class _Known:
    """The log's facts of some subjects; each is taken once."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = {row.event_id: row for row in rows}
        self._alike: dict[tuple[str | None, ...], list[Row]] = defaultdict(list)
        for row in self._rows.values():
            self._alike[_kind(row.type, row.subject_id, row.state, row.attributes)].append(row)

    def take(self, event: FlowEvent) -> bool:
        row = self._rows.pop(event.event_id, None)
        if row is not None:
            self._alike[_kind(row.type, row.subject_id, row.state, row.attributes)].remove(row)
        return row is not None

    def take_near(self, event: FlowEvent) -> str | None:
        """Take the nearest fact that says the same within seconds; return its id."""
        alike = self._alike.get(_kind(event.type, event.subject_id, event.state, event.attributes), [])
        nearest = min(alike, key=lambda row: abs(row.at - event.occurred_at), default=None)
        if nearest is None or abs(nearest.at - event.occurred_at) > NEAR_MICROS:
            return None
        alike.remove(nearest)
        return nearest.event_id


def _kind(event_type: str, subject: str, state: str | None, attributes: Mapping[str, str]) -> tuple[str | None, ...]:
    """Return what facts have in common that may be the same: all that tells facts apart but time and keyed hashes."""
    told = [_HASH.sub("~", attributes.get(name, "")) for name in _TELLING]
    return (event_type, subject, state, *told)


def ratio(tallies: Iterable[Tally]) -> float | None:
    """Return the share of the expected facts that the log holds, in [0, 1]; None where none is expected."""
    all_of_them = list(tallies)
    expected = sum(tally.expected for tally in all_of_them)
    held = sum(tally.found + tally.near for tally in all_of_them)
    return held / expected if expected else None


def _context(told: Told, source: Source) -> Context:
    return Context(
        tool=source.tool,
        source=source.name,
        delivery_id="",
        received_at=told.at,
        headers=told.headers,
        pseudonym=lambda _account: "",
        environment=partial(normalise, own=source.environments),
        tells_paths=False,
    )
