"""What every test folder shares: the order of its files, and a real Kafka, started only when a test asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from schemas import topics_kafka
from tests.builders.kafka_broker import NoKafka, cluster
from tests.builders.kafka_container import contained

PARTITIONS = 4


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take minutes: each is run by one worker, and none is to be the last one running."""
    items.sort(key=lambda item: "e2e" not in item.path.parts)


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a broker with the product's topics, four partitions each; its records outlive a test.

    A process if Java is there, else a container; where neither can be, the tests are skipped and the reason is said.
    """
    with ExitStack() as running:
        try:
            bootstrap = running.enter_context(cluster(tmp_path_factory.mktemp("kafka"))).bootstrap
        except NoKafka as no_process:
            try:
                bootstrap = running.enter_context(contained())
            except NoKafka as no_container:
                pytest.skip(f"NO REAL KAFKA HERE, so this was not tried: {no_process}; {no_container}")
        topics_kafka.apply(bootstrap, PARTITIONS, 1)
        yield bootstrap
