"""A replay: the facts of a whole log to rows and measurements at one clock, in bulk; pure.

The live engine derives after every fact; a replay gathers facts by entity, packs each record once in a while and
derives every row once, at the end. Records are the same for any order and number of copies, so the rows are the live
ones.
"""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from processors.engine import StepFailed
from processors.facts import ENCODING, Fact, attributes_of_rules, from_event, with_fact, with_facts, without_fact
from processors.measures import Measures
from processors.partition import Partition
from schemas.definition import Definition
from schemas.derived import Derived
from schemas.event import FlowEvent
from schemas.forgetting import FORGETS, ORDERS, TAKES_OUT
from schemas.measurement import Measurement
from schemas.state import EntityRecord

_PENDING: Final = 100_000
"""How many facts are held unpacked: some 100 MB."""

_Entity = tuple[str, str]


class Replayed(Struct, frozen=True):
    """What a replay came to: every row and every series at the clock; `failed` facts could not be kept."""

    rows: tuple[Derived, ...]
    measurements: tuple[Measurement, ...]
    failed: int


class Replay:
    """Takes a log's events in any order of the partitions, each partition's in its own; memory only."""

    def __init__(self, definition: Definition, generation: int = 1) -> None:
        """Start empty; `generation` is that of the rows to come."""
        self.failed = 0
        self._definition = definition
        self._generation = generation
        self._ruled = attributes_of_rules(definition)
        self._streams = {stream.name: stream for stream in definition.value_streams}
        self._pending: defaultdict[_Entity, list[Fact]] = defaultdict(list)
        self._count = 0
        self._packed: defaultdict[str, dict[str, bytes]] = defaultdict(dict)
        self._moved: set[_Entity] = set()

    def take(self, event: FlowEvent) -> None:
        """Take one fact, or obey an order to forget one; an event of a stream that is not defined is left aside."""
        if event.value_stream not in self._streams:
            return
        entity = event.value_stream, event.subject_id
        if event.type in ORDERS:
            if event.type in TAKES_OUT:
                self._forget(entity, event.attributes.get(FORGETS, ""))
            return
        try:
            fact = from_event(event, self._ruled)
        except StepFailed:
            self.failed += 1
            return
        self._pending[entity].append(fact)
        self._count += 1
        if self._count >= _PENDING:
            self.pack()

    def moved(self) -> list[EntityRecord]:
        """Return the records that changed since this was last asked; one without facts is gone."""
        self.pack()
        moved, self._moved = self._moved, set()
        return [
            EntityRecord(value_stream=stream, entity=uri, encoding=ENCODING, facts=self._packed[stream].get(uri, b""))
            for stream, uri in moved
        ]

    def restore(self, record: EntityRecord) -> None:
        """Take a record that `moved` gave; the last of an entity stands."""
        if record.facts:
            self._packed[record.value_stream][record.entity] = record.facts
        else:
            self._packed[record.value_stream].pop(record.entity, None)

    def records(self, stream: str) -> Mapping[str, bytes]:
        """Return the packed facts of a stream's entities; {} for one without any. Not to be changed."""
        self.pack()
        return self._packed.get(stream, {})

    def sizes(self) -> Mapping[str, int]:
        """Return how many bytes of facts there are of each stream, about what it costs to finish it."""
        self.pack()
        return {stream: sum(map(len, records.values())) for stream, records in self._packed.items() if records}

    def finish(self, now_micros: int) -> Replayed:
        """Derive every row and measure every series at a clock, microseconds UTC; the replay is empty after that."""
        streams = [self.finish_stream(stream, now_micros) for stream in sorted(self.sizes())]
        return Replayed(
            tuple(row for stream in streams for row in stream.rows),
            tuple(m for stream in streams for m in stream.measurements),
            self.failed,
        )

    def finish_stream(self, stream: str, now_micros: int) -> Replayed:
        """Return the rows and series of one stream at a clock; none of one without facts, and it is empty after that.

        `failed` counts the facts of every stream.
        """
        collecting = gc.isenabled()
        gc.disable()  # rows make no cycles, and each collection would go through all that are there
        try:
            return self._finished(stream, now_micros)
        finally:
            if collecting:
                gc.enable()

    def _finished(self, stream: str, now_micros: int) -> Replayed:
        self.pack()
        packed = self._packed.pop(stream, {})
        defined = self._streams.get(stream)
        if defined is None or not packed:
            return Replayed((), (), self.failed)
        alone = replace(self._definition, value_streams=(defined,))
        engine, measures = Partition(alone, self._generation), Measures(alone, now_micros, self._generation)
        while packed:  # given over one by one: the state is held once, not twice
            uri, facts = packed.popitem()
            engine.restore(EntityRecord(value_stream=stream, entity=uri, encoding=ENCODING, facts=facts))
        rows: list[Derived] = []
        for update in engine.rebuild():
            measures.observe(update)
            if update.after is not None:
                rows.append(update.after)
        return Replayed(tuple(rows), tuple(measures.measure_all(now_micros, engine.signs())), self.failed)

    def _forget(self, entity: _Entity, event_id: str) -> None:
        self._pack_one(entity, self._pending.pop(entity, []))
        self._moved.add(entity)
        stream, uri = entity
        left = without_fact(self._packed[stream].get(uri), event_id)
        if left is None:
            self._packed[stream].pop(uri, None)
        else:
            self._packed[stream][uri] = left

    def pack(self) -> None:
        """Pack what was taken so far into records."""
        pending, self._pending = self._pending, defaultdict(list)
        self._count = 0
        for entity, facts in pending.items():
            self._pack_one(entity, facts)

    def _pack_one(self, entity: _Entity, facts: list[Fact]) -> None:
        """Pack an entity's facts; where one cannot be packed the others are, one by one."""
        if not facts:
            return
        self._moved.add(entity)
        stream, uri = entity
        packed = self._packed[stream]
        try:
            packed[uri] = with_facts(packed.get(uri), facts)
        except StepFailed:
            for fact in facts:
                try:
                    packed[uri] = with_fact(packed.get(uri), fact)
                except StepFailed:
                    self.failed += 1
