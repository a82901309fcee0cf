"""Reads a compacted topic's partition to a proven end: appends a marker and reads until it comes back."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition

from schemas.kafka_errors import read_failure
from schemas.log import LogTruncated, LogUnavailable, Outgoing, Record, RecordRefused, RecoveryStalled

MARKER_KEY: Final = b"\x00vsm.marker\x00"
"""What the keys of markers begin with. Their value is null, so that compaction takes them away."""

_CHUNK: Final = 2_000
_LOOK_SECONDS: Final = 0.5


def read_to_marker(
    settings: Mapping[str, object],
    append: Callable[[Sequence[Outgoing]], None],
    topic: str,
    partition: int,
    *,
    stall_seconds: float,
) -> Iterator[Record]:
    """Yield the partition's records up to a marker that `append` puts at its end, markers left out.

    A key's older records may come before its newest, and its tombstone after them. Raises RecoveryStalled when nothing
    comes for `stall_seconds` before the marker does.
    """
    marker = MARKER_KEY + uuid.uuid4().hex.encode()
    try:
        append([Outgoing(topic, partition, marker, None)])
    except (LogUnavailable, RecordRefused) as bad:
        raise RecoveryStalled(f"{topic}/{partition}: no marker could be appended: {bad}") from bad
    consumer = Consumer(
        {
            **settings,
            "group.id": "vsm-recovery",  # the client wants a name; with assign() no group is joined
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "allow.auto.create.topics": False,
        }
    )
    try:
        consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING)])
        yield from _until(consumer, marker, topic, partition, stall_seconds)
    except KafkaException as bad:
        raise RecoveryStalled(f"{topic}/{partition}: {bad}") from bad
    finally:
        consumer.close()


def _until(consumer: Any, marker: bytes, topic: str, partition: int, stall_seconds: float) -> Iterator[Record]:  # noqa: ANN401
    deadline = time.monotonic() + stall_seconds
    while time.monotonic() < deadline:
        first = consumer.poll(_LOOK_SECONDS)
        messages = [] if first is None else [first, *consumer.consume(_CHUNK, 0.0)]
        for message in messages:
            error = message.error()
            if error is not None:
                _raise_if_final(error, topic, partition)
                continue
            key = message.key() or b""
            if key == marker:
                return
            deadline = time.monotonic() + stall_seconds
            if not key.startswith(MARKER_KEY):
                yield Record(topic, partition, message.offset(), key, message.value(), message.timestamp()[1] * 1000)
    raise RecoveryStalled(f"{topic}/{partition}: nothing came for {stall_seconds} s and its end was not reached")


def _raise_if_final(error: Any, topic: str, partition: int) -> None:  # noqa: ANN401
    failure = read_failure(error)
    if isinstance(failure, LogTruncated | LogUnavailable):
        raise RecoveryStalled(f"{topic}/{partition}: {failure}")
