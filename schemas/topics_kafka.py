"""Makes or verifies the product's topics on a Kafka cluster; safe to repeat, never changes what is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic, ResourceType

from schemas.kafka_errors import QUIET
from schemas.log import LogUnavailable
from schemas.topics import TOPICS, Topic

_REACH_SECONDS: Final = 10.0
_ANSWER_SECONDS: Final = 30.0
_SAFE_REPLICATION: Final = 3
_TRIES: Final = 3
_LOST: Final = KafkaError._DESTROY_BROKER  # noqa: SLF001 - librdkafka's own codes are spelled so
"""The client lost the connection it asked through, because it just got to know a better one: to be asked again."""


class TopicsRefused(ValueError):  # noqa: N818 - it says what was refused; an operator has to decide
    """A topic is there but not as it must be; one line a difference."""


def apply(
    bootstrap: str, partitions: int, replication: int, *, settings: Mapping[str, object] | None = None
) -> list[str]:
    """Create the topics that are missing and verify those that are there; return a line for each.

    Raises TopicsRefused when a topic has another partition count or configuration (nothing is created then), and
    LogUnavailable when the cluster does not answer or refuses to create.
    """
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": QUIET, **(settings or {})})
    try:
        found = admin.list_topics(timeout=_REACH_SECONDS).topics
        there = [topic for topic in TOPICS if topic.name in found]
        counts = {topic.name: len(found[topic.name].partitions) for topic in there}
        differences = [
            *(_count_difference(name, count, partitions) for name, count in counts.items() if count != partitions),
            *_config_differences(admin, there),
        ]
        if differences:
            raise TopicsRefused("\n".join(differences))
        _create(admin, [topic for topic in TOPICS if topic.name not in found], partitions, replication)
    except KafkaException as bad:
        raise LogUnavailable(f"{bootstrap}: {bad.args[0].str()}") from bad
    return [_line(topic, partitions, replication, created=topic not in there) for topic in TOPICS]


def apply_if_none(
    bootstrap: str, partitions: int, replication: int, *, settings: Mapping[str, object] | None = None
) -> list[str]:
    """Create the topics on a cluster that has none of ours and return a line for each; [] where there are some.

    Raises LogUnavailable.
    """
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": QUIET, **(settings or {})})
    try:
        found = admin.list_topics(timeout=_REACH_SECONDS).topics
    except KafkaException as bad:
        raise LogUnavailable(f"{bootstrap}: {bad.args[0].str()}") from bad
    there = any(topic.name in found for topic in TOPICS)
    return [] if there else apply(bootstrap, partitions, replication, settings=settings)


def _count_difference(name: str, count: int, wanted: int) -> str:
    return (
        f"{name} has {count} partitions, not {wanted}: the count decides which partition owns a value stream and "
        f"cannot be changed; apply with {count}, or give the product topics of its own"
    )


def _config_differences(admin: Any, topics: Sequence[Topic]) -> list[str]:  # noqa: ANN401 - confluent_kafka is untyped
    if not topics:
        return []
    resources = {ConfigResource(ResourceType.TOPIC, topic.name): topic for topic in topics}
    answers = admin.describe_configs(list(resources), request_timeout=_ANSWER_SECONDS)
    return [
        f"{topic.name} has {name}={entries[name].value}, not {value}: set it, or records that are needed may be deleted"
        for resource, future in answers.items()
        for topic, entries in [(resources[resource], future.result())]
        for name, value in topic.config.items()
        if _parts(entries[name].value) != _parts(value)
    ]


def _parts(value: str) -> frozenset[str]:
    return frozenset(value.split(","))


def _create(admin: Any, topics: Sequence[Topic], partitions: int, replication: int) -> None:  # noqa: ANN401
    if not topics:
        return
    safety = {"min.insync.replicas": "2"} if replication >= _SAFE_REPLICATION else {}
    wanted = [
        NewTopic(
            topic.name, num_partitions=partitions, replication_factor=replication, config={**topic.config, **safety}
        )
        for topic in topics
    ]
    for _ in range(_TRIES):
        asked = admin.create_topics(wanted, operation_timeout=_ANSWER_SECONDS)
        failures = [failure for future in asked.values() if (failure := _failure(future)) is not None]
        if all(failure.args[0].code() != _LOST for failure in failures):
            break
    if failures:
        raise failures[0]


def _failure(asked: Future[None]) -> KafkaException | None:
    """Wait; return why a topic was not made, None if it is there: another process may apply at the same time."""
    try:
        asked.result()
    except KafkaException as bad:
        return None if bad.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS else bad
    return None


def _line(topic: Topic, partitions: int, replication: int, *, created: bool) -> str:
    what = f"created with {partitions} partitions, {replication} replicas" if created else "is as it must be"
    return f"{topic.name} {what}"
