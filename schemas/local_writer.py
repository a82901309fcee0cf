"""The one-machine log's writer: one thread a process commits whatever waits, a transaction a topic (group commit)."""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

import structlog
from msgspec import Struct

from schemas.local_file import append_batch
from schemas.log import Done, LogUnavailable, Outgoing
from schemas.topics import TOPICS, Topic

_BATCH_RECORDS: Final = 5_000
_BATCH_BYTES: Final = 16_000_000
_WAITING_BYTES: Final = 128_000_000
_TOPICS: Final = {topic.name: topic for topic in TOPICS}

_log = structlog.get_logger(__name__)


class _Append(Struct, frozen=True):
    """Some records that wait, and whom to tell."""

    records: Sequence[Outgoing]
    size_bytes: int
    done: Done


class LocalWriter:
    """Takes appends from any thread and makes them durable in order.

    `open_topic` gives a topic's connection, for this thread alone; `now` the time in microseconds UTC.
    """

    def __init__(self, open_topic: Callable[[Topic], sqlite3.Connection], now: Callable[[], int]) -> None:
        self._open_topic = open_topic
        self._now = now
        self._connections: dict[str, sqlite3.Connection] = {}
        self._waiting: deque[_Append] = deque()
        self._waiting_bytes = 0
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="local-log-writer", daemon=True)
        self._thread.start()

    def submit(self, records: Sequence[Outgoing], done: Done) -> None:
        """Queue records and return at once; `done` hears from the writer's thread, or here when nothing is taken."""
        size = sum(len(record.key) + len(record.value or b"") for record in records)
        refusal = None
        with self._changed:
            if self._closing:
                refusal = LogUnavailable("the log is closed")
            elif self._waiting_bytes + size > _WAITING_BYTES and self._waiting:
                refusal = LogUnavailable(f"{self._waiting_bytes} bytes already wait to be written")
            else:
                self._waiting.append(_Append(records, size, done))
                self._waiting_bytes += size
                self._changed.notify()
        if refusal is not None:
            done(refusal)

    def close(self) -> None:
        """Write what waits and end the thread. Safe to repeat."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread is not threading.current_thread():
            self._thread.join()

    def _run(self) -> None:
        try:
            while batch := self._take():
                self._write(batch)
        finally:  # should anything unforeseen end this thread, nobody waits for it in vain
            with self._changed:
                self._closing = True
            for connection in self._connections.values():
                connection.close()

    def _take(self) -> list[_Append]:
        """Wait for appends and take what one commit may hold; [] when closing and nothing is left."""
        with self._changed:
            while not self._waiting and not self._closing:
                self._changed.wait()
            batch: list[_Append] = []
            records = size = 0
            while self._waiting and records < _BATCH_RECORDS and size < _BATCH_BYTES:
                append = self._waiting.popleft()
                batch.append(append)
                records += len(append.records)
                size += append.size_bytes
            self._waiting_bytes -= size
            return batch

    def _write(self, batch: Sequence[_Append]) -> None:
        by_topic: dict[str, list[Outgoing]] = {}
        for append in batch:
            for record in append.records:
                by_topic.setdefault(record.topic, []).append(record)
        failures = {topic: failure for topic, records in by_topic.items() if (failure := self._commit(topic, records))}
        for append in batch:
            failure = (
                next((failures[r.topic] for r in append.records if r.topic in failures), None) if failures else None
            )
            try:
                append.done(failure)
            except Exception:  # noqa: BLE001 - a caller's fault must not end everybody's writer
                _log.exception("append_callback_raised")

    def _commit(self, topic: str, records: Sequence[Outgoing]) -> LogUnavailable | None:
        """Write one topic's records in one transaction; return why they are not durable, if they are not."""
        try:
            connection = self._connections.get(topic)
            if connection is None:
                connection = self._connections[topic] = self._open_topic(_TOPICS[topic])
            append_batch(connection, _TOPICS[topic], records, self._now())
        except LogUnavailable as bad:
            return bad
        except (sqlite3.Error, OSError, OverflowError) as bad:
            self._forget(topic)
            return LogUnavailable(f"{topic}: {bad}")
        return None

    def _forget(self, topic: str) -> None:
        """Drop a connection whose state nobody knows; the next append opens another."""
        connection = self._connections.pop(topic, None)
        if connection is None:
            return
        try:
            connection.close()
        except sqlite3.Error as bad:
            _log.warning("topic_file_close_failed", topic=topic, reason=str(bad))
