"""The pure core of one partition: folds facts into entity records, and says which derived rows they made or changed.

It remembers records alone. What a row was before is derived from the records as they were, just before a fact that can
change it is put; so memory grows with facts, not with rows, and a restart finds what it would have remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Final, TypeVar

from msgspec.structs import replace

from processors.engine import Beat, Drained, StepFailed, StreamSigns, no_beat
from processors.every_unit import every_unit
from processors.facts import ENCODING, Fact, attributes_of_rules, from_event, with_fact, without_fact
from processors.links import Reading, read, stands_alone
from processors.presupposed import Presupposed
from processors.reach import incidents_of, is_shipped, reach
from processors.rows import Kind, Unit, unit_rows
from processors.world import World, has_place
from schemas.definition import Definition, ValueStream
from schemas.derived import Change, Derived, StepVisit, Update, WorkItem, revision
from schemas.event import FlowEvent
from schemas.forgetting import FACT_FORGOTTEN, FORGETS, ORDERS, TAKES_OUT
from schemas.identity import entity_kind
from schemas.state import EntityRecord

_AT_ONCE: Final = 1_000
"""How many entities are gone through between two beats."""

Thing = TypeVar("Thing")


class Partition:
    """The engine of one partition; memory only, changed in place."""

    def __init__(self, definition: Definition, generation: int) -> None:
        self._definition = definition
        self._generation = generation
        self._ruled = attributes_of_rules(definition)
        self._streams: dict[str, _Stream] = {}
        self._dirty: dict[str, _Stream] = {}

    def restore(self, record: EntityRecord) -> None:
        """Take one record of the changelog; any order, the last of a key stands; streams not defined are left aside.

        Raises ValueError for a packing that this code cannot read.
        """
        if record.encoding != ENCODING:
            raise ValueError(f"the state is packed in encoding {record.encoding}, which this release cannot read")
        stream = self._stream(record.value_stream)
        if stream is not None:
            stream.restore(record.entity, record.facts)

    def rebuild(self, beat: Beat = no_beat) -> Iterator[Update]:
        """Derive everything anew and yield every row, `before` None, at the first revision of the generation."""
        at = revision(self._generation, 0)
        for stream in self._streams.values():
            for row in stream.every_row(beat):
                yield Update(before=None, after=stream.stamped(row, at))

    def fold(self, event: FlowEvent) -> None:
        """Put one fact, or obey an order to forget one; of a stream that is not defined nothing is derived.

        Raises StepFailed, leaving no trace.
        """
        stream = self._stream(event.value_stream)
        if stream is None:
            return
        if event.type not in ORDERS:
            stream.fold(event.subject_id, from_event(event, self._ruled))
        elif event.type in TAKES_OUT:
            if FORGETS not in event.attributes:
                raise StepFailed("an order to forget names no fact")
            erases = event.type == FACT_FORGOTTEN
            stream.forget(event.subject_id, event.attributes[FORGETS], erases=erases)
        self._dirty[event.value_stream] = stream

    def drain(self, progress: int) -> Drained:
        """Return what was touched since the last drain, rows at the revision of `progress` (next source offset)."""
        at = revision(self._generation, progress)
        records: list[EntityRecord] = []
        updates: list[Update] = []
        for stream in self._dirty.values():
            records += stream.touched_records()
            updates += stream.updates(at)
        self._dirty = {}
        return Drained(records=tuple(records), updates=tuple(updates))

    def signs(self) -> Mapping[str, StreamSigns]:
        """Return each stream's signs; `squeezed` counts the entities whose record could not hold all their facts."""
        told = {name: stream.told_signs() for name, stream in self._streams.items()}
        return {name: signs for name, signs in told.items() if signs.facts}

    def _stream(self, name: str) -> _Stream | None:
        found = self._streams.get(name)
        if found is None:
            defined = self._definition.stream(name)
            if defined is not None:
                found = self._streams[name] = _Stream(defined, self._definition.derived_version)
        return found


class _Stream:
    """One value stream of a partition: its world, and the units touched since the last drain as they were before."""

    def __init__(self, stream: ValueStream, version: str) -> None:
        self.signs = StreamSigns()
        self._presupposed = Presupposed()
        self._world = World(stream)
        self._version = version
        self._before: dict[Unit, list[Derived]] = {}
        self._erasing: set[Unit] = set()
        self._aged = False
        self._brought_forward = False
        self._touched: dict[str, None] = {}
        self._restored = False

    def told_signs(self) -> StreamSigns:
        """Return the signs with what the facts presuppose."""
        self._settle()
        if self._aged or self._brought_forward:
            self._renew_signs()
        if self._presupposed.stale:
            self._presupposed = Presupposed()
            for uri in self._world.trace:
                self._presupposed.move(uri, (), self._world.trace.facts(uri))
            self._world.forget()
        told = self._presupposed.told()
        return replace(self.signs, days=told.days, twice=told.twice)

    def restore(self, uri: str, packed: bytes) -> None:
        """Set a record; signs and indexes, which need all of them, follow when they are first asked for."""
        self._world.trace.records.put(uri, packed)
        self._restored = True

    def every_row(self, beat: Beat) -> Iterator[Derived]:
        """Yield every row as it stands."""
        if self._restored:
            self._index(beat)
        for unit in every_unit(self._world):
            yield from unit_rows(self._world, unit, self._version)
        self._world.forget()

    def fold(self, uri: str, fact: Fact) -> None:
        """Put one fact and note what it reaches, as it was before. Raises StepFailed before anything is changed."""
        self._settle()
        self._set(uri, with_fact(self._world.trace.record(uri), fact), self._note)

    def forget(self, uri: str, event_id: str, *, erases: bool) -> None:
        """Take one fact out and note what it reached; what vanishes with it is erased, or else withdrawn.

        An unknown one changes nothing.

        The rows of changes below name the entity, whose older rows a sink deletes: they are told again, whole.
        """
        self._settle()
        below = self._world.trace.below(uri)
        self._note(frozenset((Kind.CHANGE, x) for x in below if entity_kind(x) == "change"))
        note = self._note_erasing if erases else self._note
        self._set(uri, without_fact(self._world.trace.record(uri), event_id), note)

    def _set(self, uri: str, new: bytes | None, note: Callable[[frozenset[Unit]], None]) -> None:
        world = self._world
        old = world.trace.record(uri)
        self._touched[uri] = None
        if new == old:
            note(reach(world, (uri,)).units)
            return
        self._count(uri, new)
        within = world.trace.may_move(uri, new)
        own = {(Kind.ITEM, uri)} if stands_alone(uri) else set()
        if not within and not is_shipped(uri):
            note(reach(world, (uri,)).units | own)
            world.put(uri, new, (uri,))
            return
        within = within or {uri}
        was = reach(world, within | world.trace.met(uri, new))
        note(was.units | own)
        world.put(uri, new, within)
        grown = world.trace.below(uri) - within
        if grown:
            within |= grown
            world.refresh(within)
        now = reach(world, within | incidents_of(was.units), was.landed)
        if not grown and now.landed - was.landed <= within and now.units <= self._before.keys():
            return
        world.put(uri, old, within)
        note(now.units | reach(world, within | incidents_of(now.units), now.landed).units)
        world.put(uri, new, within)

    def touched_records(self) -> list[EntityRecord]:
        """Return the records touched since the last drain, and forget that they were."""
        name, trace = self._world.stream.name, self._world.trace
        records = [
            EntityRecord(value_stream=name, entity=uri, encoding=ENCODING, facts=trace.record(uri) or b"")
            for uri in self._touched
        ]
        self._touched = {}
        return records

    def updates(self, at: int) -> Iterator[Update]:
        """Yield the rows touched since the last drain, before and after, and forget that they were touched.

        A row that is no longer derived comes back withdrawn; an item says where it went.
        """
        before, self._before = self._before, {}
        erasing, self._erasing = self._erasing, set()
        if self._aged:  # rows say when the newest was received
            self._renew_signs()
        for unit, rows in before.items():
            known = {_identity(row): row for row in rows}
            for row in unit_rows(self._world, unit, self._version):
                was = known.pop(_identity(row), None)
                yield Update(before=None if was is None else self.stamped(was, at), after=self.stamped(row, at))
            for row in known.values():
                gone = self._withdrawn(row, at)
                yield Update(before=self.stamped(row, at), after=gone, erased=unit in erasing)
        self._world.forget()

    def stamped(self, row: Derived, at: int) -> Derived:
        """Return the row as known now."""
        return replace(row, revision=at, known_at=self.signs.newest_received_at or 0)

    def _withdrawn(self, row: Derived, at: int) -> Derived:
        gone = replace(self.stamped(row, at), withdrawn=True)
        if isinstance(gone, WorkItem):
            gone = replace(gone, moved_to=next(iter(self._world.trace.items(gone.item_id)), None))
        return gone

    def _note(self, units: frozenset[Unit]) -> None:
        for unit in units:
            if unit not in self._before:
                self._before[unit] = unit_rows(self._world, unit, self._version)

    def _note_erasing(self, units: frozenset[Unit]) -> None:
        self._erasing |= units
        self._note(units)

    def _was_newest(self, reading: Reading) -> bool:
        """Return whether a record holds what is newest in some way."""
        return any(_occurred_by(f) == self.signs.newest_occurred_at for f in reading.plausible) or any(
            f.received_at == self.signs.newest_received_at for f in reading.facts
        )

    def _renew_signs(self) -> None:
        """Find anew what is newest, after what may have been it was forgotten, or was said to have occurred earlier.

        When the newest fact was received stands unless it was forgotten: rows were known then.
        """
        received = None if self._aged else self.signs.newest_received_at
        self._aged = self._brought_forward = False
        trace = self._world.trace
        signs = _signs_of(read(uri, packed) for uri in trace if (packed := trace.record(uri)))
        self.signs = signs if received is None else replace(signs, newest_received_at=received)

    def _settle(self) -> None:
        if self._restored:
            self._index(no_beat)
            self._world.forget()

    def _index(self, beat: Beat) -> None:
        """Index all records and take their signs; what was read is remembered, as far as it is not too much."""
        self._restored = False
        self._world = world = World(self._world.stream, self._world.trace.records)
        self._presupposed = Presupposed()
        placed: list[str] = []
        self.signs = _signs_of(self._related(placed, beat))
        for uris in batched(placed, _AT_ONCE):
            beat()
            world.index(uris)

    def _related(self, placed: list[str], beat: Beat) -> Iterator[Reading]:
        """Yield what every record says, its relations told; note what will have a place in the indexes."""
        for records in batched(self._world.trace.records.items(), _AT_ONCE):
            beat()
            for uri, record in records:
                reading = self._world.trace.index(uri, record)
                if has_place(uri, reading):
                    placed.append(uri)
                self._presupposed.move(uri, (), reading.plausible)
                yield reading

    def _count(self, uri: str, new: bytes | None) -> None:
        """Take a record that is about to be put into the signs."""
        had, has = self._world.trace.reading(uri), self._world.trace.read(uri, new)
        signs = self.signs
        newest = _newest(None, (_occurred_by(f) for f in has.plausible))
        if newest is not None and not has.squeezed:  # a copy that was received before its fact is said to occur
            self._brought_forward |= any(newest < _occurred_by(f) == signs.newest_occurred_at for f in had.plausible)
        self._presupposed.move(uri, had.plausible, has.plausible)
        self._aged = self._aged or (len(has.facts) < len(had.facts) and self._was_newest(had))
        self.signs = StreamSigns(
            newest_occurred_at=_newest(signs.newest_occurred_at, (_occurred_by(f) for f in has.plausible)),
            newest_received_at=_newest(signs.newest_received_at, (f.received_at for f in has.facts)),
            facts=signs.facts + len(has.facts) - len(had.facts),
            implausible=signs.implausible + _implausible(has) - _implausible(had),
            squeezed=signs.squeezed + has.squeezed - had.squeezed,
        )


def _occurred_by(fact: Fact) -> int:
    """Return when a fact had occurred at the latest: no tool can tell of it before, whatever its clock says."""
    return min(fact.occurred_at, fact.received_at)


def _signs_of(readings: Iterable[Reading]) -> StreamSigns:
    """Return the signs of all facts, without what they presuppose."""
    occurred, received, facts, implausible, squeezed = None, None, 0, 0, 0
    for reading in readings:
        for fact in reading.plausible:
            at = _occurred_by(fact)
            if occurred is None or at > occurred:
                occurred = at
        for fact in reading.facts:
            at = fact.received_at
            if received is None or at > received:
                received = at
            implausible += fact.implausible
        facts += len(reading.facts)
        squeezed += reading.squeezed
    return StreamSigns(
        newest_occurred_at=occurred,
        newest_received_at=received,
        facts=facts,
        implausible=implausible,
        squeezed=squeezed,
    )


def _implausible(reading: Reading) -> int:
    return sum(fact.implausible for fact in reading.facts)


def _newest(known: int | None, times: Iterator[int]) -> int | None:
    newest = max(times, default=None)
    return newest if known is None or (newest is not None and newest > known) else known


def _identity(row: Derived) -> tuple[str, ...]:
    """Return what tells a row from the others of its unit."""
    match row:
        case StepVisit():
            return row.step, str(row.visit)
        case Change():
            return (row.service,)
        case _:
            return ()


def batched(things: Iterable[Thing], size: int) -> Iterator[list[Thing]]:
    """Yield things in lists of that size, the last one shorter."""
    rest = iter(things)
    while batch := list(islice(rest, size)):
        yield batch
