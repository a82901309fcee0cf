"""Every unit of a world has one turn, however much of what hangs together is brought forward."""

from __future__ import annotations

from collections import Counter

import pytest
from msgspec.structs import replace

from processors.every_unit import every_unit
from processors.facts import from_event, with_fact
from processors.pages import Records
from processors.rows import Kind, Unit
from processors.world import World
from schemas.definition import ROUTE_TO_LIVE, ValueStream, standard_map
from schemas.identity import entity_kind
from tests.builders import soak


def world(items: int, seats: int) -> World:
    """Return the world of one stream's whole lives; all that is told of some commits is of no time that can be."""
    stream = ValueStream(name="s", select=({"project": "*"},), steps=standard_map(ROUTE_TO_LIVE))
    made = World(stream, Records(seats))
    packed: dict[str, bytes] = {}
    for event in soak.events("s", 7, items):
        fact = from_event(event, frozenset())
        if event.subject_id.startswith("commit:") and len(packed) % 2:
            fact = replace(fact, implausible=True)
        packed[event.subject_id] = with_fact(packed.get(event.subject_id), fact)
    for uri, record in packed.items():
        made.put(uri, record, (uri,))
    return made


def expected(made: World) -> Counter[Unit]:
    """Return every unit once, found without an order: each item with members, and each thing with rows of its own."""
    items = {item for uri in made.trace for item in made.trace.items(uri)}
    units: set[Unit] = {(Kind.ITEM, item) for item in items if made.trace.members(item)}
    own = {"change": Kind.CHANGE, "deployment": Kind.DEPLOYMENT, "incident": Kind.INCIDENT}
    units |= {(own[kind], uri) for uri in made.trace if (kind := entity_kind(uri)) in own}
    return Counter(units)


@pytest.mark.parametrize("seats", [0, 1, 3, 16])
def test_every_unit_comes_once_however_many_turns_are_brought_forward(seats: int) -> None:
    """Whether all turns are brought forward, some or none, no unit is missed or told twice."""
    made = world(60, seats)

    units = Counter(every_unit(made))

    assert units == expected(made)
