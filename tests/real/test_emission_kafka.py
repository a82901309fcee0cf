"""Emissions to a real Kafka: how many series a partition has is bounded by no queue."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from processors.board import Signs
from processors.dead_letters import Budget
from processors.departure import Departure
from processors.emit import Emitter
from processors.engine import Core
from processors.measures import Measures
from processors.outputs import Outputs
from processors.ownership import Holding, Ownership
from processors.partition import Partition
from processors.parts import Parts
from processors.progress import Progress
from processors.settings import Settings
from processors.telemetry import Telemetry
from processors.watchdog import Watchdog
from schemas import topics, topics_kafka
from schemas.codec import Codec
from schemas.log_kafka import KafkaLog
from schemas.measurement import Measurement
from tests.builders import soak
from tests.builders.engine_events import HOUR, at
from tests.builders.kafka_broker import NoKafka, cluster

STREAM = "checkout"
DEFINITION = soak.definition([STREAM])
SERIES = 250_000
"""More than a producer has room for."""
pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]


class _Many(Measures):
    """A stream's measures, told for so many services that no queue holds them."""

    def measure_all(self, now_micros: int, signs: Mapping[str, Signs]) -> list[Measurement]:
        one = super().measure_all(now_micros, signs)[0]
        return [replace(one, service=f"service-{n}") for n in range(SERIES)]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[KafkaLog]:
    """A broker of this test's own, with our topics."""
    try:
        with cluster(tmp_path) as running:
            topics_kafka.apply(running.bootstrap, 1, 1)
            with closing(KafkaLog(running.bootstrap)) as opened:
                yield opened
    except NoKafka as missing:
        pytest.skip(f"NO REAL KAFKA HERE, so this was not tried: {missing}")


def test_more_series_than_a_producer_has_room_for_are_all_written(log: KafkaLog) -> None:
    """A partition of a quarter of a million series: all are in the log, once, after one emission."""
    asyncio.run(_emitted(log))

    written = [record.key for record in log.read_compacted(topics.MEASUREMENTS.name, 0)]
    assert (len(written), len(set(written))) == (SERIES, SERIES)


async def _emitted(log: KafkaLog) -> None:
    codec = Codec()
    departure = Departure(lambda: None, 1.0)
    parts = Parts(
        settings=Settings(),
        log=log,
        codec=codec,
        outputs=Outputs(codec, {topics.MEASUREMENTS.name: 1}),
        telemetry=Telemetry(),
        departure=departure,
        watchdog=Watchdog(60.0, departure),
    )
    ownership = Ownership(lambda: 60.0, 1.0)
    ownership.take(_holding())
    await Emitter(parts, ownership, lambda: at(24)).emit()


def _holding() -> Holding:
    partition, watch = Partition(DEFINITION, 1), _Many(DEFINITION, at(0) + HOUR)
    for event in soak.events(STREAM, 1, 1):
        partition.fold(event)
    for update in partition.drain(1).updates:
        watch.observe(update)
    return Holding(0, Core(partition, watch), Progress(chunk_records=0), Budget(run=1, share=1.0, window=1))
