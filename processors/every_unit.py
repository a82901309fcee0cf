"""Every unit of a world once, what hangs together in one go where that can be: then each record is read once; pure.

A unit has its turn: an item's is that of its entity, or of its first member where it has no facts of its own; a
change's, deployment's and incident's its own. Whichever entity of an item comes first brings forward the turns of the
others that are still to come; that is marked at their seats. The turn of an entity without a seat is not brought
forward, and nothing is missed or told twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from processors.rows import Kind, Unit
from processors.world import World
from schemas.identity import entity_kind

_OWN: Final = {"change": Kind.CHANGE, "deployment": Kind.DEPLOYMENT, "incident": Kind.INCIDENT}


def every_unit(world: World) -> Iterator[Unit]:
    """Yield every unit of a world once; nothing may be put meanwhile."""
    trace, records = world.trace, world.trace.records
    ahead = bytearray(records.seats)
    for uri, seat in records.seated():
        if seat is not None and ahead[seat]:
            continue
        items = trace.items(uri)
        yield from _turn(world, uri, items)
        if len(items) != 1 or seat is None:
            continue
        for other in trace.members(items[0]):
            later = None if other == uri else records.seat(other)
            if later is not None and later > seat and not ahead[later] and trace.items(other) == items:
                ahead[later] = True
                yield from _turn(world, other, items)


def _turn(world: World, uri: str, items: Iterable[str]) -> list[Unit]:
    """Return the units whose turn is that of an entity of these items."""
    trace, found = world.trace, list[Unit]()
    for item in items:
        if item == uri if trace.facts(item) else trace.members(item)[:1] == [uri]:
            found.append((Kind.ITEM, item))
    own = _OWN.get(entity_kind(uri))
    if own is not None:
        found.append((own, uri))
    return found
