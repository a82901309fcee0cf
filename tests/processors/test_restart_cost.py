"""What a restart costs: a restored item is read, related and derived in few instructions, however many there are."""

from __future__ import annotations

from collections.abc import Callable

from processors.facts import ENCODING, from_event, with_facts
from processors.partition import Partition
from schemas.event import FlowEvent
from schemas.state import EntityRecord
from tests.builders import engine_events as say
from tests.builders import soak
from tests.builders.work_done import instructions

STREAMS = [say.STREAM]
DEFINED = soak.definition(STREAMS)
BUDGET = 14_000
"""Python's instructions from the records of an item in review to its rows."""


def in_review(n: int) -> list[FlowEvent]:
    """Return the facts of a ticket in progress, its commit and its change."""
    key, name = f"CHK-{n}", f"c{n}"
    links = say.named(key), say.contains(name)
    return [
        say.created(key, n),
        say.moved(key, "In Progress", n + 4),
        say.committed(name, n + 9, say.named(key)),
        say.opened(n, n + 9.1, *links),
    ]


def rebuilding(items: int) -> Callable[[], object]:
    """Return the restart of a partition of so many items, its records at hand."""
    told: dict[str, list[FlowEvent]] = {}
    for event in (e for n in range(items) for e in in_review(n)):
        told.setdefault(event.subject_id, []).append(event)
    records = [
        EntityRecord(
            value_stream=say.STREAM,
            entity=uri,
            encoding=ENCODING,
            facts=with_facts(None, [from_event(e, frozenset()) for e in events]),
        )
        for uri, events in told.items()
    ]

    def restart() -> int:
        partition = Partition(DEFINED, 1)
        for record in records:
            partition.restore(record)
        return sum(1 for _ in partition.rebuild())

    return restart


def test_an_item_is_rebuilt_in_few_instructions() -> None:
    """Each record is read twice, its relations told once, and nothing is asked twice of what hangs together."""
    assert instructions(rebuilding(100)) < 100 * BUDGET


def test_the_cost_of_an_item_does_not_grow_with_their_number() -> None:
    """Four times the items take four times the instructions."""
    few, many = instructions(rebuilding(100)), instructions(rebuilding(400))

    assert many < 4.2 * few
