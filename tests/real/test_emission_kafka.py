"""Emissions to a real Kafka: how many series a partition has is bounded by no queue."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from schemas import topics, topics_kafka
from schemas.log_kafka import KafkaLog
from tests.builders.emitting import emitter, held, owned
from tests.builders.kafka_broker import NoKafka, cluster

SERIES = 250_000
"""More than a producer has room for."""
pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]


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
    asyncio.run(emitter(log, owned(held(SERIES))).emit())

    written = [record.key for record in log.read_compacted(topics.MEASUREMENTS.name, 0)]
    assert (len(written), len(set(written))) == (SERIES, SERIES)
