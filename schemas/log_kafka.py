"""The log on Kafka: librdkafka carries the records, this says what its answers mean."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from confluent_kafka import Consumer as GroupReader
from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from schemas.kafka_consumer import KafkaConsumer
from schemas.kafka_errors import QUIET, leader_moves
from schemas.kafka_producer import KafkaAppender
from schemas.kafka_recovery import read_to_marker
from schemas.log import (
    RECORD_BYTES,
    Consumer,
    Done,
    LogUnavailable,
    Outgoing,
    Record,
    RecordRefused,
    RecoveryStalled,
)
from schemas.log_waiting import waited
from schemas.topics import TOPICS

_TOPICS: Final = {topic.name: topic for topic in TOPICS}
_ANSWER_SECONDS: Final = 15.0
_STEP_SECONDS: Final = 0.1


class KafkaLog:
    """The log of a Kafka cluster whose topics were applied.

    `delivery_seconds`: an append not acknowledged after so long has failed; below `session_seconds`, after which the
    group gives a silent member's partitions to others. `settings`: more of librdkafka's own (security, mostly).
    """

    def __init__(
        self,
        bootstrap: str,
        *,
        delivery_seconds: float = 25.0,
        session_seconds: float = 45.0,
        stall_seconds: float = 60.0,
        linger_milliseconds: float = 2.0,
        settings: Mapping[str, object] | None = None,
    ) -> None:
        if delivery_seconds >= session_seconds:
            raise ValueError("an append must fail before its owner's session ends: delivery_seconds < session_seconds")
        self._settings: dict[str, object] = {
            "bootstrap.servers": bootstrap,
            "log_level": QUIET,
            **(settings or {}),
        }
        self._session_seconds = session_seconds
        self._stall_seconds = stall_seconds
        self._delivery_seconds = delivery_seconds
        self._counts: dict[str, int] = {}
        self._admin: Any = AdminClient(self._settings)
        self._appender = KafkaAppender(
            self._settings, delivery_seconds=delivery_seconds, linger_milliseconds=linger_milliseconds
        )

    def append(self, records: Sequence[Outgoing], done: Done) -> None:
        """Append records and call `done` once every in-sync replica has them all; see `Log.append`."""
        refusal = next((reason for record in records if (reason := self._refusal(record))), None)
        if refusal is not None:
            done(RecordRefused(refusal))
        elif not records:
            done(None)
        else:
            self._appender.append(records, done)

    def append_and_wait(self, records: Sequence[Outgoing], timeout_seconds: float = 30.0) -> None:
        """Append and block until acknowledged; see `Log.append_and_wait`. Not to be called from a `done`."""
        waited(partial(self.append, records), timeout_seconds)

    def partitions(self, topic: str) -> int:
        """Return the partition count of a topic, asked once. Raises RecordRefused, LogUnavailable."""
        if topic not in _TOPICS:
            raise RecordRefused(f"there is no topic {topic!r}")
        if topic not in self._counts:
            self._ask_counts()
        if topic not in self._counts:
            raise LogUnavailable(f"Kafka has no topic {topic} yet: apply the topics first")
        return self._counts[topic]

    def end_offsets(self, topic: str) -> Sequence[int]:
        """Return, for each partition, the offset the next record will get. Raises RecordRefused, LogUnavailable."""
        return self._offsets(topic, OffsetSpec.latest())

    def _offsets(self, topic: str, which: Any) -> Sequence[int]:  # noqa: ANN401 - confluent_kafka is untyped
        count = self.partitions(topic)
        deadline = time.monotonic() + _ANSWER_SECONDS
        while True:
            try:
                return self._ask_offsets(topic, count, which)
            except KafkaException as bad:  # a leader that moves is found again in a moment
                if not leader_moves(bad.args[0]) or time.monotonic() > deadline:
                    raise LogUnavailable(f"Kafka does not tell its offsets: {bad}") from bad
                time.sleep(_STEP_SECONDS)
                self._admin = AdminClient(self._settings)  # the old one keeps to the epoch of a leader that is gone

    def start_offsets(self, topic: str) -> Sequence[int]:
        """Return, for each partition, the offset of its first record. Raises RecordRefused, LogUnavailable."""
        return self._offsets(topic, OffsetSpec.earliest())

    def delete_before(self, topic: str, offsets: Sequence[int]) -> None:
        """Move the start of each partition up to an offset; see `Log.delete_before`. Compaction is the broker's own."""
        if _TOPICS[topic].compacted:
            return
        wanted = [
            TopicPartition(topic, partition, offset)
            for partition, (offset, start) in enumerate(zip(offsets, self.start_offsets(topic), strict=True))
            if offset > start
        ]
        if not wanted:
            return
        try:
            asked = self._admin.delete_records(wanted, request_timeout=_ANSWER_SECONDS)
            for answer in asked.values():
                answer.result()
        except KafkaException as bad:
            raise LogUnavailable(f"Kafka does not delete records: {bad}") from bad

    def group_offsets(self, group: str, topic: str) -> Sequence[int | None]:
        """Return what a group has committed, for each partition; see `Log.group_offsets`.

        A reader of its own asks, and joins nothing: the admin client's answer to the same question can end the process
        while the group's coordinator is only just coming up.
        """
        wanted = [TopicPartition(topic, partition) for partition in range(self.partitions(topic))]
        reader: Any = GroupReader({**self._settings, "group.id": group, "enable.auto.commit": False})
        try:
            found = {each.partition: each for each in reader.committed(wanted, timeout=_ANSWER_SECONDS)}
        except KafkaException as bad:
            raise LogUnavailable(f"Kafka does not tell the group's offsets: {bad}") from bad
        finally:
            reader.close()
        wrong = next((each.error for each in found.values() if each.error is not None), None)
        if wrong is not None:
            raise LogUnavailable(f"Kafka does not tell the group's offsets: {wrong}")
        return [int(at) if (at := found[each.partition].offset) >= 0 else None for each in wanted]

    def read_compacted(self, topic: str, partition: int) -> Iterator[Record]:
        """Yield a compacted topic's partition to a proven end; see `Log.read_compacted` and `kafka_recovery`.

        Appends a tombstone under a key of its own: consumers of a compacted topic pass over keys they do not know.
        """
        try:
            count = self.partitions(topic)
        except LogUnavailable as bad:
            raise RecoveryStalled(str(bad)) from bad
        if not 0 <= partition < count:
            raise RecordRefused(f"{topic} has no partition {partition}")
        yield from read_to_marker(
            self._settings,
            lambda records: self.append_and_wait(records, self._delivery_seconds + 5.0),
            topic,
            partition,
            stall_seconds=self._stall_seconds,
        )

    def consumer(
        self,
        group: str,
        topics: Sequence[str],
        *,
        assigned: Callable[[Sequence[tuple[str, int]]], None] | None = None,
        revoked: Callable[[Sequence[tuple[str, int]]], None] | None = None,
        from_start: bool = False,
    ) -> Consumer:
        """Join a group; see `Log.consumer`. Raises RecordRefused for an unknown topic."""
        unknown = next((topic for topic in topics if topic not in _TOPICS), None)
        if unknown is not None:
            raise RecordRefused(f"there is no topic {unknown!r}")
        return KafkaConsumer(
            self._settings,
            group,
            topics,
            session_seconds=self._session_seconds,
            assigned=assigned,
            revoked=revoked,
            from_start=from_start,
        )

    def close(self) -> None:
        """Wait for what is in flight and release everything. Safe to repeat."""
        self._appender.close()

    def _ask_offsets(self, topic: str, count: int, which: Any) -> Sequence[int]:  # noqa: ANN401
        wanted = [TopicPartition(topic, partition) for partition in range(count)]
        asked = self._admin.list_offsets(dict.fromkeys(wanted, which), request_timeout=_ANSWER_SECONDS)
        return [int(asked[partition].result().offset) for partition in wanted]

    def _ask_counts(self) -> None:
        try:
            found = self._admin.list_topics(timeout=_ANSWER_SECONDS).topics  # of all: asking for one may create it
        except KafkaException as bad:
            raise LogUnavailable(f"Kafka does not tell its topics: {bad}") from bad
        self._counts.update(
            {name: len(topic.partitions) for name, topic in found.items() if topic.error is None and topic.partitions}
        )

    def _refusal(self, record: Outgoing) -> str | None:
        if record.topic not in _TOPICS:
            return f"there is no topic {record.topic!r}"
        count = self._counts.get(record.topic)
        if record.partition < 0 or (count is not None and record.partition >= count):
            return f"{record.topic} has no partition {record.partition}"
        size = len(record.key) + len(record.value or b"")
        return f"{record.topic}: {size} bytes exceed {RECORD_BYTES}" if size > RECORD_BYTES else None
