"""Compares what a tool's API says happened with what the log holds; pure."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Final

import msgspec
from msgspec import Struct

from ingest.adapter import Adapter, Context, Ignored, Untranslatable
from ingest.environments import normalise
from ingest.history.history import Told
from schemas.definition import Source
from schemas.event import FlowEvent
from schemas.identity import entity_kind

NEAR_MICROS: Final = 5_000_000
"""A fact of the same subject and type this close is the same one: tools write some times twice, seconds apart."""


class Row(Struct, frozen=True):
    """One fact of the log; `at` is when it occurred, microseconds UTC."""

    event_id: str
    type: str
    subject_id: str
    at: int


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
        self.tallies: dict[str, Tally] = {}
        self.unreadable = 0

    def facts(self, told: Told) -> Sequence[FlowEvent]:
        """Return the facts that a delivery would become; () where it would be ignored or not understood."""
        translate = self._adapter.translate.get(self._adapter.event_type(told.headers, told.body))
        if translate is None:
            return ()
        try:
            found = translate(told.body, _context(told, self._source))
        except (Untranslatable, msgspec.MsgspecError):
            self.unreadable += 1
            return ()
        return () if isinstance(found, Ignored) else found

    def compare(self, batch: Sequence[tuple[Told, Sequence[FlowEvent]]], rows: Iterable[Row]) -> list[Told]:
        """Count the facts of deliveries against the log's rows of the same subjects; return what is to be sent again.

        A fact that several deliveries tell counts once.
        """
        known = _Known(rows)
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
        return found

    def _count_near(self, event: FlowEvent, known: _Known) -> bool:
        tally = self.tallies[entity_kind(event.subject_id)]
        if known.take_near(event):
            tally.near += 1
            return True
        tally.missing_facts += 1
        tally.missing[event.subject_id] = None
        return False


class _Known:
    """The log's facts of some subjects; each is taken once."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._ids: dict[str, Row] = {row.event_id: row for row in rows}
        self._times: dict[tuple[str, str], list[int]] = defaultdict(list)
        for row in sorted(self._ids.values(), key=lambda row: row.at):
            self._times[row.type, row.subject_id].append(row.at)

    def take(self, event: FlowEvent) -> bool:
        row = self._ids.pop(event.event_id, None)
        if row is None:
            return False
        self._times[row.type, row.subject_id].remove(row.at)
        return True

    def take_near(self, event: FlowEvent) -> bool:
        times = self._times.get((event.type, event.subject_id), [])
        place = bisect_left(times, event.occurred_at - NEAR_MICROS)
        if place < len(times) and times[place] <= event.occurred_at + NEAR_MICROS:
            del times[place]
            return True
        return False


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
