"""What every test folder shares: a real Kafka, started once and only when a test asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas import topics_kafka
from tests.builders.kafka_broker import Cluster, NoKafka, cluster

PARTITIONS = 4


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A broker with the product's topics, four partitions each; its records outlive a test."""
    folder: Path = tmp_path_factory.mktemp("kafka")
    try:
        with cluster(folder) as running:
            topics_kafka.apply(running.bootstrap, PARTITIONS, 1)
            yield running
    except NoKafka as missing:
        pytest.skip(f"NO REAL KAFKA HERE, so nothing marked `real` was tried: {missing}")
