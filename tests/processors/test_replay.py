"""A replay in bulk comes to what the live engine comes to, for any order of the facts."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.organisation import definition
from lab.simulate import deliveries
from processors.batch import derive
from processors.facts import from_event, with_fact, with_facts
from processors.measures import Measures
from processors.outputs import identity
from processors.partition import Partition
from processors.replay import Replay
from schemas.derived import Derived
from schemas.event import FlowEvent
from schemas.forgetting import forget_fact
from schemas.measurement import Measurement
from tests.builders.one_machine import END_MICROS
from vsm.truth.events import taken


def events() -> list[FlowEvent]:
    """Return what thirty items of the organisation make."""
    return taken(deliveries(3, 30, END_MICROS)).events


EVENTS = events()


def replayed(given: Iterable[FlowEvent]) -> tuple[list[Derived], list[Measurement]]:
    """Return the rows and measurements of a replay, sorted."""
    replay = Replay(definition())
    for event in given:
        replay.take(event)
    found = replay.finish(END_MICROS)
    return plain(found.rows), sorted(found.measurements, key=repr)


def plain(rows: Iterable[Derived]) -> list[Derived]:
    """Return rows sorted, without when they were known; what was withdrawn left out."""
    known = [msgspec.structs.replace(row, revision=0, known_at=0) for row in rows if not row.withdrawn]
    return sorted(known, key=repr)


def live(given: Iterable[FlowEvent]) -> tuple[list[Derived], list[Measurement]]:
    """Return what the live engine makes of the events, one drain each."""
    engine, measures = Partition(definition(), 1), Measures(definition(), END_MICROS)
    rows: dict[tuple[object, ...], Derived] = {}
    for number, event in enumerate(given, 1):
        engine.fold(event)
        for update in engine.drain(number).updates:
            measures.observe(update)
            if update.after is not None:
                rows[type(update.after), update.after.value_stream, identity(update.after)] = update.after
    return plain(rows.values()), sorted(measures.measure_all(END_MICROS, engine.signs()), key=repr)


def test_a_replay_comes_to_the_live_rows_and_measurements() -> None:
    """The rows and series of a bulk replay are those of the engine that derives after every fact."""
    assert replayed(EVENTS) == live(EVENTS)


def test_a_replay_comes_to_the_batch_oracle() -> None:
    """The rows of a bulk replay are those of the plain derivation."""
    assert replayed(EVENTS)[0] == plain(derive(EVENTS, definition()))


@settings(max_examples=5, deadline=None)
@given(st.randoms(use_true_random=False))
def test_order_and_copies_change_nothing(chance: Random) -> None:
    """Facts in another order, some of them twice, make the same rows and series."""
    shuffled = [*EVENTS, *EVENTS[::7]]
    chance.shuffle(shuffled)
    assert replayed(shuffled) == replayed(EVENTS)


def test_an_order_to_forget_is_obeyed() -> None:
    """A replay with an order in its log comes to a replay without the fact."""
    gone = EVENTS[len(EVENTS) // 2]
    rest = [e for e in EVENTS if (e.value_stream, e.event_id) != (gone.value_stream, gone.event_id)]
    assert replayed([*EVENTS, forget_fact(gone, END_MICROS)])[0] == replayed(rest)[0]


@pytest.mark.parametrize("count", [1, 50, 700])
def test_a_record_packed_at_once_is_the_one_packed_one_by_one(count: int) -> None:
    """Facts packed together give the same bytes as one after another, beyond what a record holds too."""
    base = from_event(EVENTS[0], frozenset())
    facts = [
        from_event(
            msgspec.structs.replace(EVENTS[0], event_id=f"{n:032x}", occurred_at=EVENTS[0].occurred_at + n), frozenset()
        )
        for n in range(count)
    ]
    one_by_one: bytes | None = None
    for fact in (base, *facts, base):
        one_by_one = with_fact(one_by_one, fact)
    assert with_facts(None, [base, *facts, base]) == one_by_one
