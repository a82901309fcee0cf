"""Appends to Kafka: an idempotent producer, every replica's acknowledgement, and one thread that hears them."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any, Final

import structlog
from confluent_kafka import KafkaException, Producer

from schemas.kafka_errors import append_failure
from schemas.log import Done, LogUnavailable, Outgoing, RecordRefused

_POLL_SECONDS: Final = 0.2
_BATCH_BYTES: Final = 1_048_000
"""Just under a broker's default limit: a record of RECORD_BYTES fits with what surrounds it."""

_log = structlog.get_logger(__name__)


class KafkaAppender:
    """Takes appends from any thread.

    `delivery_seconds`: after so long without acknowledgement an append has failed; below the consumers' session.
    """

    def __init__(self, settings: Mapping[str, object], *, delivery_seconds: float, linger_milliseconds: float) -> None:
        self._settings = {
            **settings,
            "acks": "all",
            "enable.idempotence": True,
            "linger.ms": linger_milliseconds,
            "message.timeout.ms": int(delivery_seconds * 1000),
            "message.max.bytes": _BATCH_BYTES,
            "socket.keepalive.enable": True,
            "queue.buffering.max.messages": 200_000,
            "queue.buffering.max.kbytes": 262_144,
            "error_cb": self._heard,
        }
        self._delivery_seconds = delivery_seconds
        self._renewing = threading.Lock()
        self._fatal = False
        self._closed = False
        self._producer = Producer(self._settings)
        self._thread = threading.Thread(target=self._listen, name="kafka-acknowledgements", daemon=True)
        self._thread.start()

    def append(self, records: Sequence[Outgoing], done: Done) -> None:
        """Hand records over and return at once; `done` hears once, when all are acknowledged or any has failed."""
        if self._closed:
            done(LogUnavailable("the log is closed"))
            return
        producer = self._working()
        pending = _Pending(len(records), done)
        for number, record in enumerate(records):
            try:
                producer.produce(
                    record.topic, record.value, record.key, record.partition, on_delivery=pending.delivered
                )
            except BufferError:
                pending.failed(LogUnavailable("too many records already wait for Kafka"), len(records) - number)
                return
            except KafkaException as bad:
                pending.failed(append_failure(bad.args[0]), len(records) - number)
                return

    def flush(self) -> None:
        """Wait until every append so far has its outcome."""
        self._producer.flush(self._delivery_seconds + 5.0)

    def close(self) -> None:
        """Wait for what is in flight, and end. Safe to repeat."""
        if self._closed:
            return
        self._closed = True
        self._thread.join()
        if self._producer.flush(self._delivery_seconds + 5.0):
            self._producer.purge()
            self._producer.flush(5.0)

    def _working(self) -> Any:  # noqa: ANN401 - confluent_kafka is untyped
        """Return the producer, a new one if the last can never send again."""
        if self._fatal:
            with self._renewing:
                if self._fatal:
                    _log.warning("producer_renewed")
                    old, self._producer = self._producer, Producer(self._settings)
                    self._fatal = False
                    old.purge()
                    old.flush(1.0)
        return self._producer

    def _listen(self) -> None:
        while not self._closed:
            self._producer.poll(_POLL_SECONDS)

    def _heard(self, error: Any) -> None:  # noqa: ANN401
        if error.fatal():
            self._fatal = True
        _log.warning("broker_error_heard", reason=error.name(), fatal=error.fatal())


class _Pending:
    """One append's records in flight, and whom to tell when none is left."""

    __slots__ = ("_done", "_failure", "_left", "_lock")

    def __init__(self, count: int, done: Done) -> None:
        self._left = count
        self._done = done
        self._failure: LogUnavailable | RecordRefused | None = None
        self._lock = threading.Lock()

    def delivered(self, error: Any, _message: object) -> None:  # noqa: ANN401
        """Hear of one record."""
        if error is None:
            self._settle(None, 1)
        else:
            self._settle(append_failure(error), 1)

    def failed(self, failure: LogUnavailable | RecordRefused, count: int) -> None:
        """Hear that so many records were never handed over."""
        self._settle(failure, count)

    def _settle(self, failure: LogUnavailable | RecordRefused | None, count: int) -> None:
        with self._lock:
            self._left -= count
            self._failure = self._failure or failure
            finished = self._left == 0
        if finished:
            try:
                self._done(self._failure)
            except Exception:  # noqa: BLE001 - escaping from poll() it would stall every other acknowledgement
                _log.exception("append_callback_raised")
