"""One member of a Kafka group: manual commits, cooperative assignment, no silent reset of an offset that is gone."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import structlog
from confluent_kafka import OFFSET_BEGINNING, OFFSET_INVALID, Consumer, KafkaError, KafkaException, TopicPartition

from schemas.kafka_errors import commit_failure, read_failure
from schemas.log import LogTruncated, LogUnavailable, OwnershipLost, Record

_ANSWER_SECONDS: Final = 15.0
_SETTLE_SECONDS: Final = 5.0
_STEP_SECONDS: Final = 0.02

Partition = tuple[str, int]
Told = Callable[[Sequence[Partition]], None]

_log = structlog.get_logger(__name__)


def _heartbeat_seconds(session_seconds: float) -> float:
    """Return how often a member says that it lives: seldom enough to cost nothing, a small part of what is sure."""
    return min(3.0, session_seconds / 10)


class KafkaConsumer:
    """A group's member; all calls from one thread.

    `session_seconds`: without a sign of life for so long the group gives its partitions to others.
    """

    def __init__(
        self,
        settings: Mapping[str, object],
        group: str,
        topics: Sequence[str],
        *,
        session_seconds: float,
        assigned: Told | None,
        revoked: Told | None,
        from_start: bool,
    ) -> None:
        self._assigned = assigned
        self._revoked = revoked
        self._from_start = from_start
        self._sure_seconds = session_seconds - _heartbeat_seconds(session_seconds)
        self._positions: dict[Partition, int] = {}
        self._failure: Exception | None = None
        self._ended: Exception | None = None
        self._polled_at = float("-inf")
        self._closed = False
        self._consumer: Any = Consumer(
            {
                **settings,
                "group.id": group,
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "error",
                "isolation.level": "read_committed",
                "partition.assignment.strategy": "cooperative-sticky",
                "session.timeout.ms": int(session_seconds * 1000),
                "heartbeat.interval.ms": int(_heartbeat_seconds(session_seconds) * 1000),
                "max.poll.interval.ms": int(max(300.0, session_seconds) * 1000),
                "allow.auto.create.topics": False,
                "error_cb": _heard,
            }
        )
        self._consumer.subscribe(
            list(topics), on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost
        )

    def poll(self, max_records: int, timeout_seconds: float) -> list[Record]:
        """Return up to `max_records` records; [] after the timeout.

        Raises LogUnavailable and LogTruncated; after the latter, or when the group's offsets could not be had at an
        assignment, it does so at every call: this member can only be closed.
        """
        deadline = time.monotonic() + timeout_seconds
        while True:
            self._raise_failure()
            if self._ended is not None:
                raise self._ended
            left = max(0.0, deadline - time.monotonic())
            records = self._look(max_records, left)
            if records or not left:
                return records

    def _look(self, max_records: int, timeout_seconds: float) -> list[Record]:
        """Return what comes first, and what is there beside it; [] also where that was only the end of a partition."""
        try:
            first = self._consumer.poll(timeout_seconds)  # consume() alone would wait for a full batch
            messages = [] if first is None else [first]
            if first is not None and max_records > 1:
                messages += self._consumer.consume(max_records - 1, 0.0)
        except KafkaException as bad:
            raise LogUnavailable(f"Kafka gives no records: {bad}") from bad
        except RuntimeError as closed:
            raise LogUnavailable("the consumer is closed") from closed
        self._polled_at = time.monotonic()
        return self._taken(messages)

    def pause(self, partitions: Sequence[Partition]) -> None:
        """Stop returning records of these partitions."""
        self._consumer.pause([TopicPartition(*partition) for partition in partitions])

    def resume(self, partitions: Sequence[Partition]) -> None:
        """Undo pause."""
        self._consumer.resume([TopicPartition(*partition) for partition in partitions])

    def seek(self, topic: str, partition: int, offset: int) -> None:
        """Read this partition from `offset` next. Raises OwnershipLost for one that is not owned, LogUnavailable."""
        self._owned(topic, partition)
        deadline = time.monotonic() + _SETTLE_SECONDS
        while True:
            try:
                self._consumer.seek(TopicPartition(topic, partition, offset))
            except KafkaException as bad:  # a partition just assigned is not yet being read
                if time.monotonic() > deadline:
                    raise LogUnavailable(f"{topic}/{partition}: {bad}") from bad
                time.sleep(_STEP_SECONDS)
            else:
                self._positions[topic, partition] = offset
                return

    def commit(self, offsets: Sequence[tuple[str, int, int]]) -> None:
        """Durably commit (topic, partition, next offset to read). Raises OwnershipLost or LogUnavailable.

        While the group is between two generations the commit is tried again for a few seconds: a partition that stays
        here must not be taken for lost.
        """
        for topic, partition, _ in offsets:
            self._owned(topic, partition)
        if not offsets:
            return
        deadline = time.monotonic() + _SETTLE_SECONDS
        while (error := self._commit_error(offsets)) is not None:
            if error.code() != KafkaError.REBALANCE_IN_PROGRESS or time.monotonic() > deadline:
                raise commit_failure(error)
            time.sleep(_STEP_SECONDS)

    def committed(self, topic: str, partition: int) -> int | None:
        """Return the committed next offset, or None. Raises LogUnavailable."""
        found = self._committed([TopicPartition(topic, partition)])[0]
        return None if found.offset == OFFSET_INVALID else int(found.offset)

    def lag(self) -> int | None:
        """Return how many offsets of the assigned partitions are not yet returned by `poll`.

        None with none assigned, and until the first answer of each. It is what the last answers to our fetches said of
        the partitions' ends: asking for them would wait behind a fetch, half a second for each.
        """
        if not self._positions:
            return None
        ends = {p: self._consumer.get_watermark_offsets(TopicPartition(*p), cached=True)[1] for p in self._positions}
        if any(end < 0 for end in ends.values()):
            return None
        return sum(max(0, int(end) - self._positions[partition]) for partition, end in ends.items())

    def session_left_seconds(self) -> float:
        """Return how long the session surely lasts, counted from the last poll; 0 with nothing assigned.

        The group may have heard from us a heartbeat's interval before that poll, and counts from then on.
        """
        if not self._positions:
            return 0.0
        return self._polled_at + self._sure_seconds - time.monotonic()

    def close(self) -> None:
        """Give the partitions back and leave the group. Safe to repeat."""
        if self._closed:
            return
        self._closed = True
        try:
            if self._positions:
                self._on_revoke(self._consumer, [TopicPartition(*partition) for partition in self._positions])
        finally:
            self._consumer.close()

    def _taken(self, messages: Sequence[Any]) -> list[Record]:
        records = []
        for message in messages:
            error = message.error()
            topic, partition, offset = message.topic(), message.partition(), message.offset()
            if error is not None and error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
                self._positions[topic, partition] = max(offset, self._positions[topic, partition])
                continue
            if error is not None:
                failure = read_failure(error)
                self._failure = self._failure or failure
                if isinstance(failure, LogTruncated):
                    self._ended = failure
                continue
            self._positions[topic, partition] = offset + 1
            records.append(
                Record(topic, partition, offset, message.key() or b"", message.value(), message.timestamp()[1] * 1000)
            )
        if not records:
            self._raise_failure()
        return records

    def _raise_failure(self) -> None:
        """Raise what went wrong, once, after the records before it were given."""
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def _owned(self, topic: str, partition: int) -> None:
        if (topic, partition) not in self._positions:
            raise OwnershipLost(f"{topic}/{partition} is not assigned here")

    def _commit_error(self, offsets: Sequence[tuple[str, int, int]]) -> Any:  # noqa: ANN401 - a KafkaError or None
        try:
            answers = self._consumer.commit(offsets=[TopicPartition(*offset) for offset in offsets], asynchronous=False)
        except KafkaException as bad:
            return bad.args[0]
        return next((answer.error for answer in answers or () if answer.error is not None), None)

    def _committed(self, partitions: Sequence[Any]) -> Sequence[Any]:
        try:
            found: Sequence[Any] = self._consumer.committed(list(partitions), timeout=_ANSWER_SECONDS)
        except KafkaException as bad:
            raise LogUnavailable(f"Kafka does not tell the group's offsets: {bad}") from bad
        wrong = next((answer.error for answer in found if answer.error is not None), None)
        if wrong is not None:
            raise LogUnavailable(f"Kafka does not tell the group's offsets: {wrong}")
        return found

    def _on_assign(self, consumer: Any, partitions: Sequence[Any]) -> None:  # noqa: ANN401
        """Start each partition at its committed offset, or at the beginning; never where a reset policy would."""
        try:
            starts = partitions if self._from_start or not partitions else self._committed(partitions)
        except LogUnavailable as bad:
            self._ended = bad
            raise
        wanted = [
            TopicPartition(
                start.topic,
                start.partition,
                OFFSET_BEGINNING if self._from_start or start.offset == OFFSET_INVALID else start.offset,
            )
            for start in starts
        ]
        consumer.incremental_assign(wanted)
        self._positions.update({(w.topic, w.partition): max(0, w.offset) for w in wanted})
        self._polled_at = time.monotonic()
        if wanted and self._assigned is not None:
            self._assigned([(w.topic, w.partition) for w in wanted])

    def _on_revoke(self, consumer: Any, partitions: Sequence[Any]) -> None:  # noqa: ANN401
        """Let the owner finish and commit, then give the partitions back."""
        mine = [(p.topic, p.partition) for p in partitions if (p.topic, p.partition) in self._positions]
        try:
            if mine and self._revoked is not None:
                self._revoked(mine)
        finally:
            for partition in mine:
                del self._positions[partition]
            consumer.incremental_unassign([TopicPartition(p.topic, p.partition) for p in partitions])

    def _on_lost(self, consumer: Any, partitions: Sequence[Any]) -> None:  # noqa: ANN401
        """Tell the owner of partitions that are already somebody else's; a commit of them is refused here."""
        mine = [(p.topic, p.partition) for p in partitions if (p.topic, p.partition) in self._positions]
        for partition in mine:
            del self._positions[partition]
        consumer.incremental_unassign([TopicPartition(p.topic, p.partition) for p in partitions])
        if mine and self._revoked is not None:
            self._revoked(mine)


def _heard(error: Any) -> None:  # noqa: ANN401
    _log.warning("broker_error_heard", reason=error.name(), fatal=error.fatal())
