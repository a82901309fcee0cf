"""The small state update that every contender of P1 makes: per item, how many events and the newest time. Pure."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from processors.engine import Beat, Drained, StreamSigns, no_beat
from schemas.derived import Update, WorkItem, revision
from schemas.event import FlowEvent, Link, LinkKind, LinkMethod
from schemas.measurement import Measurement
from schemas.state import EntityRecord

ITEMS = 20_000
STREAMS = 16

Totals = dict[str, int]


def update(totals: Totals | None, event: FlowEvent) -> Totals:
    """Return an item's totals with one event more."""
    if totals is None:
        return {"count": 1, "newest": event.occurred_at}
    totals["count"] += 1
    totals["newest"] = max(totals["newest"], event.occurred_at)
    return totals


def events(count: int, seed: int = 7) -> Iterator[FlowEvent]:
    """Yield events of random items, about 300 bytes each as Avro."""
    chance = random.Random(seed)  # noqa: S311 - a bench needs the same items each time
    for number in range(count):
        item = chance.randrange(ITEMS)
        yield FlowEvent(
            event_id=f"{number:032x}",
            type="change.updated",
            occurred_at=1_700_000_000_000_000 + number * 1_000_000,
            received_at=1_700_000_000_500_000 + number * 1_000_000,
            tool="github",
            source="acme",
            delivery_id=f"{number:08x}-7c1f-11ee-8c99-0242ac120002",
            subject_id=f"change:github.com/acme/checkout/{item}",
            value_stream=f"stream-{item % STREAMS}",
            links=(Link(uri=f"ticket:*/CHK-{item}", kind=LinkKind.PART_OF, method=LinkMethod.KEY_IN_BRANCH),),
            state="open",
            attributes={"repository": "github.com/acme/checkout", "branch": f"CHK-{item}-faster"},
        )


class SmallEngine:
    """The step as the driver asks for it: one row and one record an item."""

    def __init__(self) -> None:
        self._totals: dict[tuple[str, str], Totals] = {}
        self._touched: set[tuple[str, str]] = set()

    def restore(self, record: EntityRecord) -> None:
        """Take a record."""
        self._totals[record.value_stream, record.entity] = msgspec.msgpack.decode(record.facts, type=Totals)

    def rebuild(self, beat: Beat = no_beat) -> Iterator[Update]:
        """Yield nothing: the bench begins with an empty log."""
        beat()
        return iter(())

    def fold(self, event: FlowEvent) -> None:
        """Update one item's totals."""
        key = event.value_stream, event.subject_id
        self._totals[key] = update(self._totals.get(key), event)
        self._touched.add(key)

    def drain(self, progress: int) -> Drained:
        """Return what was touched."""
        records, updates = [], []
        for stream, item in self._touched:
            totals = self._totals[stream, item]
            records.append(
                EntityRecord(value_stream=stream, entity=item, encoding=1, facts=msgspec.msgpack.encode(totals))
            )
            row = WorkItem(
                value_stream=stream, item_id=item, started_at=totals["newest"], revision=revision(1, progress)
            )
            updates.append(Update(before=None, after=row))
        self._touched.clear()
        return Drained(records=tuple(records), updates=tuple(updates))

    def signs(self) -> Mapping[str, StreamSigns]:
        """Return none."""
        return {}


class NoWatch:
    """Measures nothing: measuring is part of no contender's work."""

    def observe(self, update: Update) -> None:
        """Take no notice."""

    def measure(self, now_micros: int, signs: Mapping[str, StreamSigns]) -> Sequence[Measurement]:  # noqa: ARG002
        """Return none."""
        return ()

    def measure_all(self, now_micros: int, signs: Mapping[str, StreamSigns]) -> Sequence[Measurement]:  # noqa: ARG002
        """Return none."""
        return ()
