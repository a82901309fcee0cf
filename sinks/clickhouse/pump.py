"""The ClickHouse sink: poll, batch by size and age, write, and only then commit."""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Sequence
from threading import Event
from typing import Final

import msgspec
import pyarrow as pa
import structlog
from msgspec import Struct

from schemas.codec import BadRecord, Codec
from schemas.event import FlowEvent
from schemas.forgetting import ACTOR_FORGOTTEN, FACT_FORGOTTEN, FORGETS, ORDERS
from schemas.log import Consumer, Log, LogUnavailable, OwnershipLost, Record
from schemas.topics import DEAD_LETTERS
from sinks.clickhouse.client import ClickHouse, StoreUnavailable
from sinks.clickhouse.erasing import Erasures
from sinks.clickhouse.rows import BY_TOPIC, Table, block
from sinks.letters import Letters
from sinks.telemetry import Telemetry

GROUP: Final = "vsm-sink-clickhouse"
_FIRST_PAUSE_SECONDS: Final = 0.2
_POLL_SECONDS: Final = 0.5
"""Longest wait for a record: whoever asks us to stop is heard however long a batch may gather."""
_PAUSED_POLL_SECONDS: Final = 0.2
_LAG_SECONDS: Final = 0.5
_REST: Final = 4
"""A batch gathers for at least so many times as long as the last one took to write: a busy store gets larger ones."""
_LONGEST_AGE: Final = 2.0

_logger = structlog.get_logger(__name__)


class Block(Struct, frozen=True, kw_only=True):
    """Rows of one table that are written as they are until they are in; `token` names exactly them."""

    table: str
    rows: pa.Table
    token: str


class Limits(Struct, frozen=True, kw_only=True):
    """When a batch is written (so many rows, bytes as they came, or seconds), and how long a refused one rests."""

    batch_rows: int
    batch_bytes: int
    flush_seconds: float
    retry_seconds: float


class Pump:
    """Moves records of the log into the tables. One thread; everything it holds is bounded by a batch."""

    def __init__(
        self, log: Log, codec: Codec, store: ClickHouse, letters: Letters, telemetry: Telemetry, limits: Limits
    ) -> None:
        self._log = log
        self._codec = codec
        self._store = store
        self._letters = letters
        self._telemetry = telemetry
        self._limits = limits
        self._assigned: set[tuple[str, int]] = set()
        self._paused: set[tuple[str, int]] = set()
        self._batch = Batch()
        self._blocks: list[Block] = []
        self._pause = 0.0
        self._retry_at = 0.0
        self._lag_at = 0.0
        self._age = limits.flush_seconds
        self._stop = Event()
        telemetry.lagged("clickhouse", None)

    def ready(self) -> bool:
        """Return whether the last try to write, if there was one, went in."""
        return not self._pause

    def run(self, stop: Event) -> None:
        """Move records until `stop` is set; then write and commit what is in hand, if the store takes it.

        Raises BlockRefused when the store will never take a block, and whatever the log raises.
        """
        consumer = self._log.consumer(GROUP, tuple(BY_TOPIC), assigned=self._on_assigned, revoked=self._on_revoked)
        try:
            while not stop.is_set():
                self._turn(consumer)
                self._tell_lag(consumer)
            self._write(consumer)
        finally:
            consumer.close()

    def _tell_lag(self, consumer: Consumer) -> None:
        """Say how far behind we are, seldom enough to cost nothing."""
        now = time.monotonic()
        if now >= self._lag_at:
            self._telemetry.lagged("clickhouse", consumer.lag())
            self._lag_at = now + _LAG_SECONDS

    def _turn(self, consumer: Consumer) -> None:
        if self._pause:
            self._stay(consumer)
            if time.monotonic() >= self._retry_at:
                self._write(consumer)
            return
        now = time.monotonic()
        wait = min(_POLL_SECONDS, self._batch.age_left(now, self._age))
        records = consumer.poll(self._limits.batch_rows - self._batch.rows, wait)
        self._take(records)
        if self._is_full() or not self._batch.age_left(time.monotonic(), self._age):
            self._write(consumer)

    def _is_full(self) -> bool:
        return self._batch.rows >= self._limits.batch_rows or self._batch.size_bytes >= self._limits.batch_bytes

    def _stay(self, consumer: Consumer) -> None:
        """Keep the membership while paused; what a new assignment still brought is read again later."""
        for record in consumer.poll(1, _PAUSED_POLL_SECONDS):
            consumer.seek(record.topic, record.partition, record.offset)
        self._pause_all(consumer)

    def _pause_all(self, consumer: Consumer) -> None:
        """Pause what is assigned and not paused yet."""
        consumer.pause(sorted(self._assigned - self._paused))
        self._paused = set(self._assigned)

    def _take(self, records: Sequence[Record]) -> None:
        now = time.monotonic()
        for record in records:
            table = BY_TOPIC[record.topic]
            if record.value is None:
                self._batch.erase(table, record, now)
                continue
            try:
                value = self._codec.decode(record.value, table.kind)
            except BadRecord as bad:
                self._letters.keep(record, bad)
                self._batch.skip(record, now)
            else:
                if isinstance(value, FlowEvent) and value.type in ORDERS:
                    self._batch.obey(record, value, now)
                else:
                    self._batch.add(table, record, value, now)
        self._telemetry.waiting.set(self._batch.rows)

    def _write(self, consumer: Consumer) -> None:
        """Try every block that is not in yet; when all are, commit."""
        if not self._blocks and not self._batch.offsets:
            return
        self._blocks = self._blocks or self._batch.blocks()
        began = time.monotonic()
        try:
            self._letters.send(self._log)
            self._batch.erasures.apply(self._store)
            self._batch.erasures = Erasures()  # what is written from now on is newer
            while self._blocks:
                first = self._blocks[0]
                self._store.insert(first.table, first.rows, first.token)
                self._telemetry.rows.labels(first.table).inc(first.rows.num_rows)
                self._blocks.pop(0)
        except (StoreUnavailable, LogUnavailable) as away:
            self._rest(consumer, away)
            return
        took = time.monotonic() - began
        self._telemetry.flush.observe(took)
        self._age = min(max(self._limits.flush_seconds, took * _REST), max(self._limits.flush_seconds, _LONGEST_AGE))
        self._resume(consumer)
        self._commit(consumer)
        self._batch = Batch()
        self._telemetry.waiting.set(0)

    def _commit(self, consumer: Consumer) -> None:
        offsets = [(*place, offset) for place, offset in self._batch.offsets.items() if place in self._assigned]
        try:
            consumer.commit(offsets)
        except (OwnershipLost, LogUnavailable) as refused:
            _logger.warning("offsets not committed, records will come again", reason=str(refused))

    def _rest(self, consumer: Consumer, away: Exception) -> None:
        code = getattr(away, "code", None)
        self._telemetry.refusals.labels(str(code) if code is not None else "unreachable").inc()
        self._telemetry.outage.set(1)
        self._pause_all(consumer)
        self._pause = min(self._pause * 2 or _FIRST_PAUSE_SECONDS, self._limits.retry_seconds)
        self._retry_at = time.monotonic() + self._pause
        _logger.warning("block not taken, reading paused", code=code, pause_seconds=self._pause, reason=str(away)[:300])

    def _resume(self, consumer: Consumer) -> None:
        if self._pause:
            self._pause = 0.0
            consumer.resume(sorted(self._paused & self._assigned))
            self._paused.clear()
            self._telemetry.outage.set(0)
            _logger.info("blocks taken again, reading resumed")

    def _on_assigned(self, partitions: Sequence[tuple[str, int]]) -> None:
        self._assigned.update(partitions)

    def _on_revoked(self, partitions: Sequence[tuple[str, int]]) -> None:
        self._assigned.difference_update(partitions)
        self._paused.difference_update(partitions)


class Batch:
    """Values read and not yet written, by table, and how far they reach in the log."""

    def __init__(self) -> None:
        self.rows = 0
        self.size_bytes = 0
        self.offsets: dict[tuple[str, int], int] = {}
        self._first: dict[tuple[str, int], int] = {}
        self.erasures = Erasures()
        self._fresh = ""
        self._held: dict[str, _Held] = {}
        self._since: float | None = None

    def age_left(self, now: float, seconds: float) -> float:
        """Return the seconds until the oldest record has waited long enough; all of them when there is none."""
        return seconds if self._since is None else max(0.0, self._since + seconds - now)

    def skip(self, record: Record, now: float) -> None:
        """Count a record as read, whether or not it makes a row."""
        place = (record.topic, record.partition)
        self._first.setdefault(place, record.offset)
        self.offsets[place] = record.offset + 1
        self.size_bytes += len(record.value or b"")
        self._since = now if self._since is None else self._since

    def add(self, table: Table, record: Record, value: Struct, now: float) -> None:
        """Take a record's value."""
        self.skip(record, now)
        self._of(table).add(value)
        self.rows += 1

    def erase(self, table: Table, record: Record, now: float) -> None:
        """Take a tombstone: of its key no row stands that came before it. It counts as a row, for it has no bytes."""
        self.skip(record, now)
        self.rows += 1
        if table.names or table.topic == DEAD_LETTERS.name:
            key = record.key.decode("utf-8", "replace")
            self._fresh = uuid.uuid4().hex
            self._of(table).erase(key)
            self.erasures.row(table, key)

    def obey(self, record: Record, order: FlowEvent, now: float) -> None:
        """Take an order to forget: what it names of what came before it is not written."""
        self.skip(record, now)
        self._fresh = uuid.uuid4().hex
        events, told = self._of(BY_TOPIC[record.topic]), order.attributes.get(FORGETS)
        if order.type == FACT_FORGOTTEN:
            events.erase(f"{order.value_stream}\0{told}")
        if order.type == ACTOR_FORGOTTEN:
            events.hide(order.value_stream, told)
        self.erasures.order(order)

    def _of(self, table: Table) -> _Held:
        return self._held.setdefault(table.name, _Held(table))

    def blocks(self) -> list[Block]:
        """Return the values as blocks, one a table, each with a token that names its stretch of the log."""
        return [
            Block(table=held.table.name, rows=block(held.table, values), token=self._token(held.table))
            for held in self._held.values()
            if (values := held.values())
        ]

    def _token(self, table: Table) -> str:
        stretch = sorted(
            f"{topic}/{partition}/{first}-{self.offsets[topic, partition]}"
            for (topic, partition), first in self._first.items()
            if topic == table.topic
        )
        # rows that were deleted and come again must not be taken for the block that they were in before
        return hashlib.sha256(f"{table.name}:{','.join(stretch)}{self._fresh}".encode()).hexdigest()


class _Held:
    """A table's values in their order, with holes where some were erased.

    Where each key stands is known from the first erasure on: no further one goes through the values.
    """

    def __init__(self, table: Table) -> None:
        self.table = table
        self._values: list[Struct | None] = []
        self._places: dict[str, list[int]] | None = None

    def values(self) -> list[Struct]:
        """Return what stands."""
        return [value for value in self._values if value is not None]

    def add(self, value: Struct) -> None:
        """Hold a value."""
        if self._places is not None:
            self._places.setdefault(_key(self.table, value), []).append(len(self._values))
        self._values.append(value)

    def erase(self, key: str) -> None:
        """Let go of the values of a key."""
        if self._places is None:
            self._places = {}
            for place, value in enumerate(self._values):
                if value is not None:
                    self._places.setdefault(_key(self.table, value), []).append(place)
        for place in self._places.pop(key, ()):
            self._values[place] = None

    def hide(self, stream: str | None, actor: str | None) -> None:
        """Make an actor's flow events in a stream nobody's."""
        for place, value in enumerate(self._values):
            if isinstance(value, FlowEvent) and (value.value_stream, value.actor) == (stream, actor):
                self._values[place] = msgspec.structs.replace(value, actor=None)


def _key(table: Table, value: Struct) -> str:
    return "\0".join(str(getattr(value, column)) for column in table.key)
