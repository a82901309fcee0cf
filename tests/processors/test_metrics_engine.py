"""From facts to numbers: any order and any chunks of facts measure as the plain batch derivation does."""

from __future__ import annotations

from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from processors.batch import derive
from processors.measures import Measures
from processors.partition import Partition
from schemas.event import FlowEvent
from tests.builders.engine_worlds import definition, worlds
from tests.builders.measured import DAY, by_series, new

DEFINITION = definition()


@given(worlds(), st.randoms(use_true_random=False), st.integers(min_value=1, max_value=9))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_any_order_of_facts_gives_the_same_numbers(world: list[FlowEvent], random: Random, chunk: int) -> None:
    """Facts twice and shuffled, measured on the way, end at what fresh measures say of the rows of a batch."""
    now = max(event.occurred_at for event in world) + DAY
    told = [*world, *world]
    random.shuffle(told)
    partition, measures = Partition(DEFINITION, 1), Measures(DEFINITION, now - 2 * DAY)
    for start in range(0, len(told), chunk):
        for event in told[start : start + chunk]:
            partition.fold(event)
        for update in partition.drain(start + chunk).updates:
            measures.observe(update)
        measures.measure(now - DAY, partition.signs())
    batch = Measures(DEFINITION, now)
    for row in derive(world, DEFINITION):
        batch.observe(new(row))
    signs = partition.signs()
    assert by_series(measures.measure_all(now, signs)) == by_series(batch.measure_all(now, signs))
