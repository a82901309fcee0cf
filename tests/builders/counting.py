"""A tiny engine and measures that know every event by its id: what the driver's tests check with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from processors.engine import Beat, Core, Derivation, Drained, StepFailed, StreamSigns, no_beat
from schemas.derived import Update, WorkItem, revision
from schemas.event import FlowEvent
from schemas.measurement import Measurement
from schemas.state import EntityRecord

Key = tuple[str, str]


class CountingEngine:
    """One item an entity, whose links are the ids of its events.

    An event with the attribute `poison` fails in the step; with `bug` it raises what no step may raise.
    """

    def __init__(self, generation: int = 1) -> None:
        self._generation = generation
        self._facts: dict[Key, set[str]] = {}
        self._rows: dict[Key, WorkItem] = {}
        self._touched: set[Key] = set()

    def restore(self, record: EntityRecord) -> None:
        """Take a record."""
        self._facts[record.value_stream, record.entity] = set(msgspec.msgpack.decode(record.facts, type=list[str]))

    def rebuild(self, beat: Beat = no_beat) -> Iterator[Update]:
        """Derive every row."""
        beat()
        for key in sorted(self._facts):
            self._rows[key] = self._derive(key, 0)
            yield Update(before=None, after=self._rows[key])

    def fold(self, event: FlowEvent) -> None:
        """Note an id."""
        if "poison" in event.attributes:
            raise StepFailed("the event is poisoned")
        if "bug" in event.attributes:
            raise RuntimeError("a bug in the step")
        key = event.value_stream, event.subject_id
        self._facts.setdefault(key, set()).add(event.event_id)
        self._touched.add(key)

    def drain(self, progress: int) -> Drained:
        """Return what was touched."""
        records, updates = [], []
        for key in sorted(self._touched):
            facts = msgspec.msgpack.encode(sorted(self._facts[key]))
            records.append(EntityRecord(value_stream=key[0], entity=key[1], encoding=1, facts=facts))
            row = self._derive(key, progress)
            updates.append(Update(before=self._rows.get(key), after=row))
            self._rows[key] = row
        self._touched.clear()
        return Drained(records=tuple(records), updates=tuple(updates))

    def signs(self) -> Mapping[str, StreamSigns]:
        """Return how many facts each stream has."""
        counts: dict[str, int] = {}
        for (stream, _), ids in self._facts.items():
            counts[stream] = counts.get(stream, 0) + len(ids)
        return {stream: StreamSigns(facts=count) for stream, count in counts.items()}

    def _derive(self, key: Key, progress: int) -> WorkItem:
        return WorkItem(
            value_stream=key[0],
            item_id=key[1],
            links=tuple(sorted(self._facts[key])),
            revision=revision(self._generation, progress),
        )


class CountingWatch:
    """One series a stream: how many ids its rows hold, kept by differences."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._changed: set[str] = set()

    def observe(self, update: Update) -> None:
        """Add the difference that a row makes."""
        for row, sign in ((update.before, -1), (update.after, 1)):
            if isinstance(row, WorkItem):
                self._counts[row.value_stream] = self._counts.get(row.value_stream, 0) + sign * len(row.links)
                self._changed.add(row.value_stream)

    def measure(self, now_micros: int, signs: Mapping[str, StreamSigns]) -> Sequence[Measurement]:
        """Return the streams that changed."""
        changed, self._changed = sorted(self._changed), set()
        return [self._measurement(stream, now_micros, signs) for stream in changed]

    def measure_all(self, now_micros: int, signs: Mapping[str, StreamSigns]) -> Sequence[Measurement]:
        """Return every stream."""
        self._changed = set()
        return [self._measurement(stream, now_micros, signs) for stream in sorted(self._counts)]

    def _measurement(self, stream: str, now_micros: int, signs: Mapping[str, StreamSigns]) -> Measurement:
        return Measurement(
            measured_at=now_micros,
            value_stream=stream,
            metric="ids",
            statistic="count",
            value=float(self._counts[stream]),
            n=signs[stream].facts if stream in signs else 0,
        )


def counting(generation: int = 1, packing: str = "sets") -> Derivation:
    """Return the counting derivation."""
    return Derivation(
        new_core=lambda: Core(CountingEngine(generation), CountingWatch()), version="counting", packing=packing
    )
