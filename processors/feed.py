"""From the source log to the agent and back: chunks in, offsets out. One thread, the only one with the consumer.

A partition is taken in three steps: assigned (paused at once), recovered on a thread of its own while polling goes on,
and read from the offset that its state names. While one batch is worked on the next is polled; it is handed over only
when every chunk of the one before has been settled.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, wait
from typing import Final

import structlog

from processors.agent import Chunk
from processors.assignment import Assignment, Recoveries
from processors.dead_letters import Budget
from processors.departure import BROKEN, DAMAGED, UNAVAILABLE
from processors.ownership import Holding, Ownership
from processors.parts import Parts
from processors.recovery import GenerationRefused, Recovery
from processors.telemetry import UNKNOWN
from schemas import topics
from schemas.log import Consumer, LogTruncated, LogUnavailable, OwnershipLost, Record, RecoveryStalled

SOURCE: Final = topics.FLOW_EVENTS.name
GROUP: Final = "vsm-processors"

_POLL_SECONDS: Final = 0.1
_OUTAGE_PAUSE_SECONDS: Final = 0.5
_LAG_SECONDS: Final = 1.0
_GRACE_SECONDS: Final = 10.0
_STANDBY_SECONDS: Final = 10.0

_log = structlog.get_logger(__name__)

Pairs = Sequence[tuple[str, int]]


class SourceDamaged(Exception):  # noqa: N818 - a state of the world that somebody has to look at
    """The source log does not go on where the state has read to: records are gone."""


class Feed:
    """Reads the source for the agent. `ownership` says what this process holds."""

    def __init__(self, parts: Parts, recovery: Recovery) -> None:
        self.ownership = Ownership(self._session_left_seconds, parts.settings.fence_seconds)
        self._log = parts.log
        self._settings = parts.settings
        self._telemetry = parts.telemetry
        self._departure = parts.departure
        self._watchdog = parts.watchdog
        self._recoveries = Recoveries(recovery, parts.watchdog.beat, self.ownership.is_sure)
        self._assignments: dict[int, Assignment] = {}
        self._in_hand: list[Chunk] = []
        self._consumer: Consumer | None = None
        self._send: Callable[[Chunk], object] | None = None
        self._joined_at = float("inf")
        self._lag_at = 0.0
        self._lag: int | None = None
        self._away = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="feed", daemon=True)

    def start(self, send: Callable[[Chunk], object]) -> None:
        """Begin to read; `send` hands a chunk to the agent, from the feed's thread."""
        self._send = send
        self._thread.start()

    def stop(self) -> None:
        """Settle what is in hand, commit, leave the group; blocks. Safe to repeat."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(2 * _GRACE_SECONDS)

    @property
    def ready(self) -> bool:
        """Whether every partition it was given is recovered; a member that waits in vain for one stands by, ready."""
        given = tuple(self._assignments.copy().values())
        waited = time.monotonic() - self._joined_at > _STANDBY_SECONDS
        return self._consumer is not None and all(a.holding is not None for a in given) and (bool(given) or waited)

    def _run(self) -> None:
        code, reason = BROKEN, "the feed ended"
        try:
            self._consume()
        except (SourceDamaged, LogTruncated, GenerationRefused) as damaged:
            code, reason = DAMAGED, str(damaged)
        except (LogUnavailable, RecoveryStalled) as away:
            code, reason = UNAVAILABLE, f"the log could not be read: {away}"
        finally:
            self._recoveries.close()
            if not self._stopping.is_set():
                self._departure.leave(reason, code, sys.exc_info()[1])

    def _consume(self) -> None:
        consumer = self._log.consumer(GROUP, (SOURCE,), assigned=self._assigned, revoked=self._revoked)
        self._consumer = consumer
        self._joined_at = time.monotonic()
        try:
            while not self._stopping.is_set():
                self._round(consumer)
            self._settle(self._in_hand)
            self._commit(consumer)
        finally:
            self._consumer = None
            consumer.close()

    def _round(self, consumer: Consumer) -> None:
        records = self._poll(consumer)
        self._begin(consumer)
        self._settle(self._in_hand)
        self._in_hand = self._cut(records)
        for chunk in self._in_hand:
            self._hand_over(chunk)
        self._commit(consumer)
        self._resume(consumer)
        self._look(consumer)

    def _poll(self, consumer: Consumer) -> list[Record]:
        try:
            records = consumer.poll(self._settings.chunk_records, _POLL_SECONDS)
        except LogUnavailable as away:
            _log.warning("waited for the log", error=str(away))
            self._away = True
            self._stopping.wait(_OUTAGE_PAUSE_SECONDS)
            return []
        else:
            self._away = False
            return records

    def _assigned(self, pairs: Pairs) -> None:
        for _, partition in pairs:
            self._assignments[partition] = Assignment(partition)
            _log.info("was given a partition", partition=partition)

    def _revoked(self, pairs: Pairs) -> None:
        """Finish the chunks in hand of these partitions, commit what is durable, forget the rest."""
        gone = {partition for _, partition in pairs}
        self._settle([chunk for chunk in self._in_hand if chunk.holding.partition in gone])
        if self._consumer is not None:
            self._commit(self._consumer)
        for partition in sorted(gone):
            self._forget(partition)
            _log.info("gave a partition up", partition=partition)

    def _forget(self, partition: int) -> None:
        self.ownership.forget(partition)
        if (assignment := self._assignments.pop(partition, None)) is not None:
            assignment.revoked = True

    def _begin(self, consumer: Consumer) -> None:
        """Pause what is new or spoilt and start to recover it."""
        for assignment in self._assignments.values():
            if assignment.holding is None and assignment.recovering is None:
                consumer.pause([(SOURCE, assignment.partition)])
                assignment.committed = _committed(consumer, assignment.partition)
                self._recoveries.begin(assignment)

    def _resume(self, consumer: Consumer) -> None:
        """Read those partitions whose state is recovered from where it has read to."""
        for assignment in self._assignments.values():
            if assignment.recovering is None or not assignment.recovering.done():
                continue
            recovering, assignment.recovering = assignment.recovering, None
            try:
                core, progress = recovering.result()
            except OwnershipLost as lost:
                _log.info("began a recovery anew", partition=assignment.partition, error=str(lost))
                continue
            budget = Budget(
                run=self._settings.dead_letter_run,
                share=self._settings.dead_letter_share,
                window=self._settings.dead_letter_window,
            )
            assignment.holding = Holding(assignment.partition, core, progress, budget)
            assignment.next_offset = progress.offset
            consumer.seek(SOURCE, assignment.partition, progress.offset)
            consumer.resume([(SOURCE, assignment.partition)])
            self.ownership.take(assignment.holding)
            seconds = time.monotonic() - assignment.since
            self._telemetry.recovery_seconds.labels(str(assignment.partition)).set(seconds)
            _log.info(
                "recovered a partition",
                partition=assignment.partition,
                offset=progress.offset,
                committed=assignment.committed,
                seconds=round(seconds, 3),
            )

    def _cut(self, records: Iterable[Record]) -> list[Chunk]:
        """Cut records into one chunk a partition; those of partitions not (any more) held are dropped, they come again.

        Raises SourceDamaged where offsets do not follow one another.
        """
        by_partition: dict[int, list[Record]] = {}
        for record in records:
            by_partition.setdefault(record.partition, []).append(record)
        chunks = []
        for partition, part in by_partition.items():
            assignment = self._assignments.get(partition)
            if assignment is None or assignment.holding is None:
                continue
            for record in part:
                if record.offset != assignment.next_offset:
                    raise SourceDamaged(
                        f"{SOURCE}/{partition} goes on at {record.offset} where {assignment.next_offset} must come"
                    )
                assignment.next_offset += 1
            chunks.append(Chunk(assignment.holding, part, Future()))
        return chunks

    def _hand_over(self, chunk: Chunk) -> None:
        if self._send is not None:
            self._send(chunk)

    def _settle(self, chunks: Sequence[Chunk]) -> None:
        """Wait for chunks; have the partition of one that was dropped recovered anew."""
        deadline = None
        while wait([chunk.done for chunk in chunks], _OUTAGE_PAUSE_SECONDS).not_done:
            if self._stopping.is_set() or self._departure.code is not None:
                deadline = deadline or time.monotonic() + _GRACE_SECONDS
                if time.monotonic() > deadline:
                    return
        for chunk in chunks:
            if chunk.done.exception() is None:
                self._watchdog.beat()
            else:
                self._drop(chunk.holding)

    def _drop(self, holding: Holding) -> None:
        self._telemetry.dropped_chunks.inc()
        assignment = self._assignments.get(holding.partition)
        if assignment is not None and assignment.holding is holding:
            self.ownership.forget(holding.partition)
            assignment.holding = None
            _log.info("dropped a chunk", partition=holding.partition)

    def _commit(self, consumer: Consumer) -> None:
        """Commit what is durable. A refusal means that somebody else has the partition: it changes nothing."""
        due = {
            a.partition: a.holding.progress.offset
            for a in self._assignments.values()
            if a.holding is not None and a.holding.progress.offset != a.committed
        }
        if not due:
            return
        try:
            consumer.commit([(SOURCE, partition, offset) for partition, offset in due.items()])
        except OwnershipLost as lost:
            self._telemetry.refused_commits.inc()
            _log.info("was refused a commit", error=str(lost))
        except LogUnavailable as away:
            _log.warning("put a commit off", error=str(away))
        else:
            for partition, offset in due.items():
                self._assignments[partition].committed = offset

    def _look(self, consumer: Consumer) -> None:
        """Take the lag once a second; nothing to do counts as progress, an outage does not."""
        if self._away:
            return
        if time.monotonic() - self._lag_at >= _LAG_SECONDS:
            try:
                self._lag = consumer.lag()
            except LogUnavailable:
                return
            self._lag_at = time.monotonic()
            self._telemetry.lag.set(UNKNOWN if self._lag is None else self._lag)
        held = [a for a in self._assignments.values() if a.holding is not None]
        self._telemetry.owned.set(len(held))
        self._telemetry.recovering.set(len(self._assignments) - len(held))
        self._telemetry.rebuilt.set(len(held) == len(self._assignments) and all(_whole(a) for a in held))
        if not self._lag and not self._in_hand and len(held) == len(self._assignments):
            self._watchdog.beat()

    def _session_left_seconds(self) -> float:
        consumer = self._consumer
        return 0.0 if consumer is None else consumer.session_left_seconds()


def _whole(assignment: Assignment) -> bool:
    return assignment.holding is not None and assignment.holding.progress.whole


def _committed(consumer: Consumer, partition: int) -> int | None:
    """Return what the group has committed; None also where the log does not tell: the state knows better."""
    try:
        return consumer.committed(SOURCE, partition)
    except LogUnavailable:
        return None
