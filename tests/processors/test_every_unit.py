"""Every unit of a world has one turn, however much of what hangs together is brought forward."""

from __future__ import annotations

from collections import Counter

import pytest

from processors.every_unit import every_unit
from processors.facts import from_event, with_fact
from processors.rows import Kind, Unit
from processors.world import World
from schemas.definition import ROUTE_TO_LIVE, ValueStream, standard_map
from schemas.identity import entity_kind
from tests.builders import soak


def world(items: int) -> World:
    """Return the world of one stream's whole lives, a work item without a ticket among them."""
    made = World(ValueStream(name="s", select=({"project": "*"},), steps=standard_map(ROUTE_TO_LIVE)))
    packed: dict[str, bytes] = {}
    for event in soak.events("s", 7, items):
        packed[event.subject_id] = with_fact(packed.get(event.subject_id), from_event(event, frozenset()))
    for uri, record in packed.items():
        made.put(uri, record, (uri,))
    return made


def expected(made: World) -> Counter[Unit]:
    """Return every unit once, found without an order: each item of anything, and each thing with rows of its own."""
    units: set[Unit] = {(Kind.ITEM, item) for uri in made.trace for item in made.trace.items(uri)}
    own = {"change": Kind.CHANGE, "deployment": Kind.DEPLOYMENT, "incident": Kind.INCIDENT}
    units |= {(own[kind], uri) for uri in made.trace if (kind := entity_kind(uri)) in own}
    return Counter(units)


@pytest.mark.parametrize("seats", [0, 1, 3, 16])
def test_every_unit_comes_once_however_many_turns_are_brought_forward(
    monkeypatch: pytest.MonkeyPatch, seats: int
) -> None:
    """Whether all turns are brought forward, some or none, no unit is missed or told twice."""
    monkeypatch.setattr("processors.pages._SEATS", seats)
    made = world(60)

    units = Counter(every_unit(made))

    assert units == expected(made)
