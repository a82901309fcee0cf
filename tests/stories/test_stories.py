from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest

from processors.batch import derive
from processors.partition import Partition
from schemas.definition import Definition
from schemas.derived import Derived
from schemas.event import FlowEvent
from tests.builders.stories import ALL, Story, as_written

Order = Callable[[Sequence[FlowEvent]], list[FlowEvent]]


def _shuffled(seed: int) -> Order:
    def order(events: Sequence[FlowEvent]) -> list[FlowEvent]:
        return random.Random(seed).sample(list(events) * 3, len(events) * 3)

    return order


ORDERS: dict[str, Order] = {
    "as sent": list,
    "backward": lambda events: list(reversed(events)),
    "everything twice": lambda events: [*events, *events],
    **{f"three times, shuffled {seed}": _shuffled(seed) for seed in range(4)},
}


def _streamed(events: Sequence[FlowEvent], definition: Definition) -> list[Derived]:
    """What stands after the facts were folded and drained one by one."""
    partition, standing = Partition(definition, 1), dict[tuple[str, str], Derived]()
    for place, event in enumerate(events):
        partition.fold(event)
        for update in partition.drain(place + 1).updates:
            row = update.after or update.before
            assert row is not None
            key = type(row).__name__, "\0".join(_identity(row))
            standing.pop(key, None)
            if update.after is not None and not update.after.withdrawn:
                standing[key] = update.after
    return list(standing.values())


def _identity(row: Derived) -> list[str]:
    names = ("value_stream", "item_id", "step", "visit", "change_id", "service", "deployment_id", "incident_id")
    own = names[:6] if hasattr(row, "item_id") or hasattr(row, "change_id") else (names[0], *names[6:])
    return [str(getattr(row, name, "")) for name in own]


@pytest.mark.parametrize("story", ALL, ids=lambda story: story.folder.name)
def test_a_story_comes_out_as_written_down(story: Story) -> None:
    """Its items, visits, deployments and incidents are what the definitions say, and nothing else is derived."""
    assert as_written(derive(story.events(), story.definition)) == story.expected


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("story", ALL, ids=lambda story: story.folder.name)
def test_a_story_comes_out_the_same_however_it_is_told(story: Story, order: str) -> None:
    """Fact by fact, in any order, with any duplicates."""
    assert as_written(_streamed(ORDERS[order](story.events()), story.definition)) == story.expected
