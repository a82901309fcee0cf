"""Records that hold no such value: logged, counted, and kept as dead letters before they count as read."""

from __future__ import annotations

import hashlib

import structlog
from msgspec import Struct

from schemas import topics
from schemas.clock import Clock
from schemas.codec import BadRecord, Codec
from schemas.dead_letter import DeadLetter, DeadLetterReason
from schemas.letter_keys import Sealed, messages, seal_alone
from schemas.log import Log, Outgoing, Record
from sinks.telemetry import Telemetry

_logger = structlog.get_logger(__name__)

_KEPT_BY_OTHERS = frozenset({topics.FLOW_EVENTS.name})
"""Bad flow events are the processors' dead letters; here they are only counted and logged."""


class Letters(Struct, kw_only=True):
    """The dead letters of the batch in hand, not yet on the log."""

    codec: Codec
    identity_key: bytes
    clock: Clock
    telemetry: Telemetry
    waiting: list[Sealed] = []

    def keep(self, record: Record, bad: BadRecord) -> None:
        """Say that a record could not be read, and keep it unless the processors do."""
        self.telemetry.undecodable.labels(record.topic).inc()
        _logger.error(
            "record not decoded", topic=record.topic, partition=record.partition, offset=record.offset, reason=str(bad)
        )
        if record.topic not in _KEPT_BY_OTHERS:
            self.waiting.append(self._letter(record, bad))

    def send(self, log: Log) -> None:
        """Put what waits onto the log and wait until it is durable. Raises LogUnavailable; then it still waits."""
        if not self.waiting:
            return
        log.append_and_wait(
            [
                Outgoing(
                    topic=message.topic,
                    partition=topics.partition_of(message.key, log.partitions(message.topic)),
                    key=message.key.encode(),
                    value=self.codec.encode(message.value),
                )
                for letter in self.waiting
                for message in messages(letter)
            ]
        )
        self.waiting.clear()

    def _letter(self, record: Record, bad: BadRecord) -> Sealed:
        body = record.value or b""
        place = f"sinks/{record.topic}/{record.partition}/{record.offset}"
        letter = DeadLetter(
            dead_letter_id=hashlib.sha256(place.encode()).hexdigest()[:32],
            stage="sinks",
            tool="",
            source="",
            reason=DeadLetterReason.UNKNOWN_SCHEMA if bad.unknown_schema else DeadLetterReason.BAD_RECORD,
            detail=str(bad),
            received_at=self.clock(),
            size_bytes=len(body),
            body_hash=hashlib.sha256(body).hexdigest(),
            body=b"",
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
        )
        return seal_alone(letter, body, self.identity_key)
