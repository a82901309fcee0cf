"""Records that are restored: what they come to depends on nothing but the last of each entity."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from processors.partition import Partition
from schemas.derived import Derived
from schemas.event import FlowEvent
from schemas.state import EntityRecord
from tests.builders import soak

STREAMS = soak.names(1)
DEFINED = soak.definition(STREAMS)
EVENTS = soak.events(STREAMS[0], 4, 15)


def folded(events: Iterable[FlowEvent]) -> tuple[Partition, dict[str, EntityRecord]]:
    """Return an engine that took these facts, and the records that it wrote last."""
    engine = Partition(DEFINED, 1)
    for event in events:
        engine.fold(event)
    return engine, {record.entity: record for record in engine.drain(1).records}


def restored(engine: Partition, records: Iterable[EntityRecord]) -> Partition:
    """Return the engine with these records restored."""
    for record in records:
        engine.restore(record)
    return engine


def rows(engine: Partition) -> list[Derived]:
    """Return every row, sorted."""
    return sorted((u.after for u in engine.rebuild() if u.after is not None), key=repr)


def test_signs_are_those_of_the_engine_that_wrote_the_records() -> None:
    """Whoever asks for signs first, before any row, gets those of all facts."""
    engine, records = folded(EVENTS)
    assert restored(Partition(DEFINED, 1), records.values()).signs() == engine.signs()


def test_rows_are_those_of_the_engine_that_wrote_the_records() -> None:
    """Asked for signs in between or not, every row is as it was."""
    engine, records = folded(EVENTS)
    fresh = restored(Partition(DEFINED, 1), records.values())
    fresh.signs()
    assert rows(fresh) == rows(engine)


def test_the_last_record_of_an_entity_stands() -> None:
    """Older records before the newer ones, asked about in between or not, leave no trace."""
    (_, older), (engine, newer) = folded(EVENTS[::2]), folded(EVENTS)
    asked = restored(Partition(DEFINED, 1), older.values())
    asked.signs()
    both = [restored(Partition(DEFINED, 1), [*older.values(), *newer.values()]), restored(asked, newer.values())]
    assert [(rows(each), each.signs()) for each in both] == [(rows(engine), engine.signs())] * 2


def test_a_fact_can_be_put_at_once() -> None:
    """The first fact after a restart finds what was restored."""
    _, records = folded(EVENTS[:-1])
    engine, _ = folded(EVENTS)
    fresh = restored(Partition(DEFINED, 1), records.values())
    fresh.fold(EVENTS[-1])
    assert (rows(fresh), fresh.signs()) == (rows(engine), engine.signs())


def test_signs_are_the_same_for_any_order_of_copies() -> None:
    """A copy that was received before its fact is said to have occurred tells how late that can have been."""
    fact = EVENTS[-1]
    late, early = fact, replace(fact, received_at=fact.occurred_at - 3_600_000_000)
    (one, _), (other, _) = folded([*EVENTS, late, early]), folded([*EVENTS[:-1], early, late])
    assert newest_occurred_at(one) == newest_occurred_at(other)


def newest_occurred_at(engine: Partition) -> int | None:
    """Return when the newest fact of the stream occurred."""
    return engine.signs()[STREAMS[0]].newest_occurred_at
