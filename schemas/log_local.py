"""The log of one machine: durable, started at once, nothing to install. SQLite files in one directory.

A record is on disk before its append is done (write-ahead log, synchronous FULL). Any number of processes append and
read at the same time; a group has one reader at a time. Beyond one machine the log is Kafka.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from schemas.local_consumer import LocalConsumer
from schemas.local_file import (
    GROUPS_FILE,
    SUFFIX,
    committed_offset,
    delete_before,
    end_offset,
    fixed_partitions,
    open_groups,
    open_topic,
    read_snapshot,
    scrub,
    start_offset,
)
from schemas.local_writer import LocalWriter
from schemas.log import RECORD_BYTES, Consumer, Done, LogUnavailable, Outgoing, Record, RecordRefused
from schemas.log_waiting import waited
from schemas.topics import DEAD_LETTERS, FLOW_EVENTS, LETTER_KEYS, TOPICS, Topic

_TOPICS: Final = {topic.name: topic for topic in TOPICS}
_COPY_BUSY_SECONDS: Final = 5.0
_GROUP: Final = re.compile(r"[A-Za-z0-9._-]{1,100}")


def now_micros() -> int:
    """Return the machine's time in microseconds UTC."""
    return time.time_ns() // 1_000


class LocalLog:
    """The log in `directory`, made if it is not there.

    `partitions` is the count of a new log; one that exists keeps the count it was made with. `busy_seconds`: how long
    to wait for another process that is writing. `now`: the append time, microseconds UTC.
    """

    def __init__(
        self,
        directory: Path,
        partitions: int = 4,
        *,
        busy_seconds: float = 5.0,
        now: Callable[[], int] = now_micros,
    ) -> None:
        self._directory = directory
        self._busy_seconds = busy_seconds
        try:
            directory.mkdir(parents=True, exist_ok=True)
            groups = open_groups(directory, busy_seconds)
            try:
                self._partitions = fixed_partitions(groups, partitions)
            finally:
                groups.close()
        except (OSError, sqlite3.Error) as bad:
            raise LogUnavailable(f"{directory}: {bad}") from bad
        self._writer = LocalWriter(self._open, now)

    def append(self, records: Sequence[Outgoing], done: Done) -> None:
        """Append records in order and call `done` once all are on disk; see `Log.append`."""
        refusal = next((reason for record in records if (reason := self._refusal(record))), None)
        if refusal is not None:
            done(RecordRefused(refusal))
        elif not records:
            done(None)
        else:
            self._writer.submit(records, done)

    def append_and_wait(self, records: Sequence[Outgoing], timeout_seconds: float = 30.0) -> None:
        """Append and block until durable; see `Log.append_and_wait`. Not to be called from a `done`."""
        waited(partial(self.append, records), timeout_seconds)

    def partitions(self, topic: str) -> int:
        """Return the partition count of a topic. Raises RecordRefused for an unknown topic."""
        self._known(topic)
        return self._partitions

    def end_offsets(self, topic: str) -> Sequence[int]:
        """Return, for each partition, the offset the next record will get. Raises RecordRefused, LogUnavailable."""
        return self._asked(topic, end_offset)

    def start_offsets(self, topic: str) -> Sequence[int]:
        """Return, for each partition, the offset of its first record; see `Log.start_offsets`."""
        return self._asked(topic, start_offset)

    def delete_before(self, topic: str, offsets: Sequence[int]) -> None:
        """Delete records and write the file anew; see `Log.delete_before`. Whoever appends to it waits meanwhile."""
        known = self._known(topic)
        connection = self._open(known)
        try:
            delete_before(connection, known, offsets)
            scrub(connection)
        except sqlite3.Error as bad:
            raise LogUnavailable(f"{topic}: {bad}") from bad
        finally:
            connection.close()

    def group_offsets(self, group: str, topic: str) -> Sequence[int | None]:
        """Return what a group has committed, for each partition; see `Log.group_offsets`."""
        name = self._known(topic).name
        groups = open_groups(self._directory, self._busy_seconds)
        try:
            return [committed_offset(groups, group, name, partition) for partition in range(self._partitions)]
        except sqlite3.Error as bad:
            raise LogUnavailable(f"offsets of {group}: {bad}") from bad
        finally:
            groups.close()

    def read_compacted(self, topic: str, partition: int) -> Iterator[Record]:
        """Yield the newest record of every key as of one moment, tombstones left out; see `Log.read_compacted`.

        Exhaust or close the iterator soon: while it is open the file's write-ahead log cannot shrink.
        """
        connection = self._open(self._known(topic))
        try:
            yield from read_snapshot(connection, topic, partition)
        except sqlite3.Error as bad:
            raise LogUnavailable(f"{topic}: {bad}") from bad
        finally:
            connection.close()

    def consumer(
        self,
        group: str,
        topics: Sequence[str],
        *,
        assigned: Callable[[Sequence[tuple[str, int]]], None] | None = None,
        revoked: Callable[[Sequence[tuple[str, int]]], None] | None = None,
        from_start: bool = False,
    ) -> Consumer:
        """Join a group; see `Log.consumer`. Raises RecordRefused for an unknown topic or a group with odd letters."""
        if not _GROUP.fullmatch(group):
            raise RecordRefused(f"a group is named by letters, digits, '.', '_' and '-': {group!r}")
        return LocalConsumer(
            self._directory,
            group,
            [self._known(topic) for topic in topics],
            partitions=self._partitions,
            busy_seconds=self._busy_seconds,
            assigned=assigned,
            revoked=revoked,
            from_start=from_start,
        )

    def close(self) -> None:
        """Write what waits and release everything. Safe to repeat."""
        self._writer.close()

    def _asked(self, topic: str, ask: Callable[[sqlite3.Connection, int], int]) -> Sequence[int]:
        connection = self._open(self._known(topic))
        try:
            return [ask(connection, partition) for partition in range(self._partitions)]
        except sqlite3.Error as bad:
            raise LogUnavailable(f"{topic}: {bad}") from bad
        finally:
            connection.close()

    def _open(self, topic: Topic) -> sqlite3.Connection:
        return open_topic(self._directory, topic, self._busy_seconds)

    def _known(self, topic: str) -> Topic:
        found = _TOPICS.get(topic)
        if found is None:
            raise RecordRefused(f"there is no topic {topic!r}")
        return found

    def _refusal(self, record: Outgoing) -> str | None:
        if record.topic not in _TOPICS:
            return f"there is no topic {record.topic!r}"
        if not 0 <= record.partition < self._partitions:
            return f"{record.topic} has {self._partitions} partitions, not a partition {record.partition}"
        size = len(record.key) + len(record.value or b"")
        return f"{record.topic}: {size} bytes exceed {RECORD_BYTES}" if size > RECORD_BYTES else None


def backup(directory: Path, to: Path) -> None:
    """Copy what cannot be derived again (flow events, dead letters and their keys) of a local log into `to`.

    A LocalLog opens the copy as it is; it holds no offsets and no derived topic, so that everything is derived anew.
    The log may be in use.
    Raises LogUnavailable, and FileExistsError if `to` holds a log.
    """
    if (to / GROUPS_FILE).exists():
        raise FileExistsError(f"{to} already holds a log")
    groups = open_groups(directory, _COPY_BUSY_SECONDS)
    try:
        partitions = fixed_partitions(groups, 1)
    finally:
        groups.close()
    LocalLog(to, partitions).close()
    for topic in (DEAD_LETTERS, LETTER_KEYS, FLOW_EVENTS):  # no letter without its key, which was there first
        if (directory / f"{topic.name}{SUFFIX}").exists():
            _copy(directory / f"{topic.name}{SUFFIX}", to / f"{topic.name}{SUFFIX}")


def forget_offsets(directory: Path, group: str) -> None:
    """Let a group of an existing log, at rest, read from the beginning again. Raises LogUnavailable."""
    groups = open_groups(directory, _COPY_BUSY_SECONDS)
    try:
        groups.execute("DELETE FROM offsets WHERE member = ?", (group,))
        groups.commit()
    except sqlite3.Error as bad:
        raise LogUnavailable(f"{directory}: {bad}") from bad
    finally:
        groups.close()


def _copy(source: Path, target: Path) -> None:
    try:
        reading = sqlite3.connect(source)
        writing = sqlite3.connect(target)
        try:
            writing.execute("PRAGMA synchronous = FULL")
            reading.backup(writing)
        finally:
            writing.close()
            reading.close()
    except sqlite3.Error as bad:
        raise LogUnavailable(f"{source} to {target}: {bad}") from bad
