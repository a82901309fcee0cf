"""Applying the topics to a real Kafka: made once, verified ever after, never changed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

from schemas import topics_kafka
from schemas.log import LogUnavailable
from schemas.topics import FLOW_EVENTS, STATE, TOPICS
from schemas.topics_kafka import TopicsRefused, apply
from tests.builders.kafka_broker import Cluster, NoKafka, cluster

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A broker."""
    try:
        with cluster(tmp_path_factory.mktemp("bare")) as running:
            yield running
    except NoKafka as missing:
        pytest.skip(f"NO REAL KAFKA HERE: {missing}")


@pytest.fixture
def bootstrap(bare: Cluster) -> str:
    """A cluster without topics."""
    admin = AdminClient({"bootstrap.servers": bare.bootstrap})
    names = [name for name in admin.list_topics(timeout=10).topics if name.startswith("vsm.")]
    for deleted in (admin.delete_topics(names) if names else {}).values():
        deleted.result()
    deadline = time.monotonic() + 20.0
    while any(name.startswith("vsm.") for name in admin.list_topics(timeout=10).topics):
        assert time.monotonic() < deadline, "the topics are still there"
        time.sleep(0.05)
    return bare.bootstrap


def test_every_topic_is_made(bootstrap: str) -> None:
    """A line for each, and each is there with its partitions."""
    lines = apply(bootstrap, 3, 1)

    found = AdminClient({"bootstrap.servers": bootstrap}).list_topics(timeout=10).topics
    assert (len(lines), {t.name: len(found[t.name].partitions) for t in TOPICS}) == (10, {t.name: 3 for t in TOPICS})


def test_applying_again_changes_nothing(bootstrap: str) -> None:
    """The second time every topic is as it must be."""
    apply(bootstrap, 3, 1)

    assert all(line.endswith("is as it must be") for line in apply(bootstrap, 3, 1))


class Forgetful(AdminClient):  # type: ignore[misc]  # untyped
    """A client that loses the connection it asks through, the first time."""

    lost = 0

    def create_topics(self, *asked: Any, **how: Any) -> Any:  # noqa: ANN401 - as the client's own
        """Ask, and lose the answer the first time."""
        answers = super().create_topics(*asked, **how)
        if self.lost:
            return answers
        type(self).lost = len(answers)
        for answer in answers.values():
            answer.result()
        failed: Future[None] = Future()
        failed.set_exception(KafkaException(KafkaError(KafkaError._DESTROY_BROKER)))
        return dict.fromkeys(answers, failed)


def test_a_connection_that_is_lost_at_first_is_no_failure(bootstrap: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked once more, the cluster has the topics already, which is what was wanted."""
    monkeypatch.setattr(topics_kafka, "AdminClient", Forgetful)

    assert (len(apply(bootstrap, 3, 1)), Forgetful.lost) == (10, 10)


def test_another_partition_count_is_refused(bootstrap: str) -> None:
    """The count decides who owns a stream; the error says what is there and what to do."""
    apply(bootstrap, 3, 1)

    with pytest.raises(TopicsRefused, match="has 3 partitions, not 4"):
        apply(bootstrap, 4, 1)


def test_a_topic_that_would_forget_is_refused(bootstrap: str) -> None:
    """A state topic without compaction, or events with a retention, would lose what everything is rebuilt from."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    wrong = [
        NewTopic(STATE.name, num_partitions=3, replication_factor=1, config={"cleanup.policy": "delete"}),
        NewTopic(FLOW_EVENTS.name, num_partitions=3, replication_factor=1),
    ]
    for created in admin.create_topics(wrong).values():
        created.result()

    with pytest.raises(TopicsRefused) as refused:
        apply(bootstrap, 3, 1)
    assert [line.split()[0] for line in str(refused.value).splitlines()] == [FLOW_EVENTS.name, STATE.name]


def test_more_replicas_than_brokers_cannot_be_made(bootstrap: str) -> None:
    """The cluster's own reason is passed on."""
    with pytest.raises(LogUnavailable, match="replication"):
        apply(bootstrap, 3, 3)


def test_an_absent_cluster_is_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens there."""
    monkeypatch.setattr("schemas.topics_kafka._ANSWER_SECONDS", 0.5)

    with pytest.raises(LogUnavailable):
        apply("127.0.0.1:1", 3, 1)
