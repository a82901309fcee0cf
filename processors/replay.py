"""A replay: the facts of a whole log to rows and measurements at one clock, in bulk; pure.

The live engine derives after every fact; a replay gathers facts by entity, packs each record once in a while and
derives every row once, at the end. Records are the same for any order and number of copies, so the rows are the live
ones.
"""

from __future__ import annotations

import gc
from collections import defaultdict
from typing import Final

from msgspec import Struct

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
        self._streams = frozenset(stream.name for stream in definition.value_streams)
        self._pending: defaultdict[_Entity, list[Fact]] = defaultdict(list)
        self._count = 0
        self._packed: dict[_Entity, bytes] = {}
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
            EntityRecord(value_stream=stream, entity=uri, encoding=ENCODING, facts=self._packed.get((stream, uri), b""))
            for stream, uri in moved
        ]

    def restore(self, record: EntityRecord) -> None:
        """Take a record that `moved` gave; the last of an entity stands."""
        if record.facts:
            self._packed[record.value_stream, record.entity] = record.facts
        else:
            self._packed.pop((record.value_stream, record.entity), None)

    def engine(self) -> Partition:
        """Return an engine that holds every fact taken; the replay is empty after that."""
        self.pack()
        engine = Partition(self._definition, self._generation)
        while self._packed:  # given over one by one: the state is held once, not twice
            (stream, uri), packed = self._packed.popitem()
            engine.restore(EntityRecord(value_stream=stream, entity=uri, encoding=ENCODING, facts=packed))
        return engine

    def finish(self, now_micros: int) -> Replayed:
        """Derive every row and measure every series at a clock, microseconds UTC; the replay is empty after that."""
        collecting = gc.isenabled()
        gc.disable()  # rows make no cycles, and each collection would go through all that are there
        try:
            return self._finished(now_micros)
        finally:
            if collecting:
                gc.enable()

    def _finished(self, now_micros: int) -> Replayed:
        engine = self.engine()
        measures = Measures(self._definition, now_micros, self._generation)
        rows: list[Derived] = []
        for update in engine.rebuild():
            measures.observe(update)
            if update.after is not None:
                rows.append(update.after)
        return Replayed(tuple(rows), tuple(measures.measure_all(now_micros, engine.signs())), self.failed)

    def _forget(self, entity: _Entity, event_id: str) -> None:
        self._pack_one(entity, self._pending.pop(entity, []))
        self._moved.add(entity)
        left = without_fact(self._packed.get(entity), event_id)
        if left is None:
            self._packed.pop(entity, None)
        else:
            self._packed[entity] = left

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
        try:
            self._packed[entity] = with_facts(self._packed.get(entity), facts)
        except StepFailed:
            for fact in facts:
                try:
                    self._packed[entity] = with_fact(self._packed.get(entity), fact)
                except StepFailed:
                    self.failed += 1
