"""An organisation of many value streams for the soak: every item's whole life, and what goes wrong with some."""

from __future__ import annotations

import random
from collections.abc import Iterator

from msgspec.structs import replace

from schemas.definition import ROUTE_TO_LIVE, Definition, ValueStream, standard_map
from schemas.event import FlowEvent, LinkKind, Outcome, WorkKind
from schemas.identity import event_id
from tests.builders import engine_events as say

ITEMS_OF_A_STREAM = 50
"""Few: the batch definition is plain, and what it costs grows with the cube of a stream's size."""
RELEASE_OF = 5
"""So many items go to production together."""
_REVERTED = 0.03
_REJECTED = 0.2
_BROKEN = 0.1
_INCIDENT = 0.15
_KINDS = tuple(WorkKind)


def names(items: int) -> list[str]:
    """Return the names of the streams that hold so many items."""
    return [f"stream-{n:04d}" for n in range(-(-items // ITEMS_OF_A_STREAM))]


def definition(streams: list[str]) -> Definition:
    """Return the standard map for each of these streams."""
    steps = standard_map(ROUTE_TO_LIVE)
    values = tuple(ValueStream(name=name, select=({"project": f"jira/{name}"},), steps=steps) for name in streams)
    return Definition(version="v1", value_streams=values)


def definition_yaml(streams: list[str]) -> str:
    """Return the same as a file."""
    return "\n".join(
        ["version: 1", "value_streams:", *(f"  - {{name: {n}, select: [{{project: jira/{n}}}]}}" for n in streams)]
    )


def events(stream: str, seed: int, items: int = ITEMS_OF_A_STREAM) -> list[FlowEvent]:
    """Return every fact of one stream in the order of time."""
    chance = random.Random(f"{seed}/{stream}")
    told = [
        _of(stream, event)
        for release in range(0, items, RELEASE_OF)
        for event in _release(chance, release, min(items, release + RELEASE_OF))
    ]
    return sorted(told, key=lambda e: (e.occurred_at, e.event_id))


def _of(stream: str, event: FlowEvent) -> FlowEvent:
    """Return the fact as one of a stream, its id its own."""
    identity = event_id("tool", event.type, event.subject_id, event.occurred_at, (event.event_id, stream))
    return replace(event, event_id=identity, value_stream=stream, delivery_id=f"{stream}/{event.delivery_id}")


def _release(chance: random.Random, first: int, end: int) -> Iterator[FlowEvent]:
    begin = first * 3.0
    last = f"m{end - 1}"
    for number in range(first, end):
        yield from _item(chance, number, begin + chance.uniform(0, 20))
    staged = begin + 60.0
    yield say.began(f"s{first}", staged, last, "staging")
    yield say.deployed(f"s{first}", staged + 0.1, last, "staging")
    live, broke = staged + chance.uniform(2, 9), chance.random() < _BROKEN
    yield say.began(f"p{first}", live, last)
    yield say.deployed(f"p{first}", live + 0.2, last, outcome=Outcome.FAILURE if broke else Outcome.SUCCESS)
    if broke:
        yield say.began(f"q{first}", live + 1, last)
        yield say.deployed(f"q{first}", live + 1.2, last)
    if chance.random() < _INCIDENT:
        blamed = say.link(LinkKind.CAUSED_BY, f"deployment:cd/{chance.choice('pq')}{first}")
        yield say.incident("detected", f"i{first}", live + 2, *((blamed,) if chance.random() < 0.5 else ()))
        yield say.incident("resolved", f"i{first}", live + 2 + chance.uniform(0.2, 5))
        if first and chance.random() < 0.5:
            yield say.began(f"b{first}", live + 2.5, f"m{first - 1}")
            yield say.deployed(f"b{first}", live + 2.6, f"m{first - 1}")


def _item(chance: random.Random, number: int, begin: float) -> Iterator[FlowEvent]:
    key, own, merge = f"CHK-{number + 1}", f"c{number}", f"m{number}"
    hour = begin + chance.uniform(1, 8)
    ticketed = chance.random() < 0.9
    if ticketed:
        yield replace(say.created(key, begin), work_kind=chance.choice(_KINDS))
    yield say.committed(own, hour)
    hour += chance.uniform(1, 8)
    links = (say.named(key), say.contains(own)) if ticketed else (say.contains(own),)
    reverts = say.change(number - 1) if number and chance.random() < _REVERTED else ""
    yield say.opened(number, hour, *links, reverts=reverts)
    yield from _run(chance, 2 * number, hour, own)
    if chance.random() < _REJECTED:
        hour += chance.uniform(0.5, 6)
        yield say.reviewed(number, hour, "changes_requested")
        hour += chance.uniform(0.5, 6)
        yield say.committed(f"d{number}", hour, say.part_of(say.change(number)))
    hour += chance.uniform(0.5, 6)
    yield say.reviewed(number, hour)
    hour += chance.uniform(0.1, 3)
    yield say.merged(number, hour, merge)
    yield say.committed(merge, hour, branch="main")
    yield from _run(chance, 2 * number + 1, hour, merge)
    if ticketed and chance.random() < 0.8:
        yield say.closed(key, hour + 60)


def _run(chance: random.Random, number: int, hour: float, commit: str) -> Iterator[FlowEvent]:
    outcome = Outcome.FAILURE if chance.random() < _BROKEN else Outcome.SUCCESS
    yield say.run("queued", number, hour, commit)
    yield say.run("started", number, hour + 0.1, commit)
    yield say.run("finished", number, hour + 0.1 + chance.uniform(0.1, 0.5), commit, outcome)
