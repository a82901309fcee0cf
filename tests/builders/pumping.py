"""A pump in a thread, and what a test waits for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self

from msgspec import Struct

from schemas import topics
from schemas.codec import Codec
from schemas.log import Log, Outgoing
from schemas.topics import partition_of
from sinks.clickhouse.client import ClickHouse
from sinks.clickhouse.pump import Limits, Pump
from sinks.clickhouse.rows import TABLES
from sinks.letters import Letters
from sinks.telemetry import Telemetry
from tests.builders.derived_rows import T0

CODEC = Codec()
_TOPIC = {table.kind: table.topic for table in TABLES}


class Pumping:
    """Runs a pump while the block lasts; `failure` is what it died of."""

    def __init__(
        self,
        log: Log,
        store: ClickHouse,
        *,
        batch_rows: int = 100,
        batch_bytes: int = 1 << 24,
        flush_seconds: float = 0.02,
        retry_seconds: float = 0.2,
    ) -> None:
        self.telemetry = Telemetry()
        self.failure: Exception | None = None
        letters = Letters(codec=CODEC, identity_key=b"k" * 32, clock=lambda: T0, telemetry=self.telemetry)
        limits = Limits(
            batch_rows=batch_rows, batch_bytes=batch_bytes, flush_seconds=flush_seconds, retry_seconds=retry_seconds
        )
        self.pump = Pump(log, CODEC, store, letters, self.telemetry, limits)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(30)

    def gauge(self, name: str) -> float:
        """Return a telemetry value, 0 if it was never set."""
        return self.telemetry.registry.get_sample_value(name) or 0.0

    def _run(self) -> None:
        try:
            self.pump.run(self._stop)
        except Exception as failure:  # noqa: BLE001 - the test asks for it
            self.failure = failure


def append(log: Log, values: Iterable[Struct], *, partition: int | None = None) -> None:
    """Put values onto their topics and wait until they are durable."""
    log.append_and_wait([outgoing(log, value, partition) for value in values])


def outgoing(log: Log, value: Struct, partition: int | None = None) -> Outgoing:
    """Return the record of a value."""
    stream = getattr(value, "value_stream", "")
    topic = _TOPIC[type(value)]
    owner = partition_of(stream, log.partitions(topic)) if partition is None else partition
    return Outgoing(topic, owner, topics.key(stream, repr(value)[:200]), CODEC.encode(value))


def wait_until(holds: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait until a condition holds; raises TimeoutError when it does not in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError("the condition did not come to hold")
        time.sleep(0.01)


def committed(log: Log, group: str, topic: str, partition: int) -> int | None:
    """Return how far a group has committed a partition; call it when no member is running."""
    consumer = log.consumer(group, (topic,))
    try:
        return consumer.committed(topic, partition)
    finally:
        consumer.close()
