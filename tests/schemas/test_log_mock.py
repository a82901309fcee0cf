"""The log on librdkafka's mock cluster keeps the contract as far as that cluster is a Kafka."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from confluent_kafka import Producer

from schemas.log_kafka import KafkaLog
from schemas.topics import TOPICS
from tests.builders.log_traffic import own
from tests.schemas.log_contract import AppendContract, GroupContract, Joining, group, token

__all__ = ["group", "token"]


@pytest.fixture(scope="module")
def mock_bootstrap() -> Iterator[str]:
    """A cluster inside this process, its topics made by being asked for."""
    host = Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "none", "log_level": 0})
    brokers = host.list_topics(timeout=10).brokers.values()
    address = ",".join(f"{broker.host}:{broker.port}" for broker in brokers)
    asking = Producer({"bootstrap.servers": address, "log_level": 0})
    for topic in TOPICS:
        asking.list_topics(topic.name, timeout=10)
    yield address
    host.flush(0)


@pytest.fixture
def log(mock_bootstrap: str) -> Iterator[KafkaLog]:
    """A log on the mock cluster."""
    log = KafkaLog(mock_bootstrap, delivery_seconds=5.0, session_seconds=6.0, stall_seconds=10.0)
    yield log
    log.close()


class TestMockLog(AppendContract):
    pass


@pytest.mark.real  # it runs without a Kafka, but each join of a group takes this cluster three seconds
class TestMockGroups(GroupContract):
    def test_a_session_is_counted_from_the_last_heartbeat_at_the_latest(self, group: str, join: Joining) -> None:
        """The group may have heard of a member a heartbeat, a tenth of six seconds, before its last poll."""
        consumer = join(group)
        own(consumer)

        assert 0 < consumer.session_left_seconds() <= 5.4
