"""The one-machine log's consumer: one member of a group reads at a time, held to that by a file lock."""

from __future__ import annotations

import fcntl
import math
import os
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Final

from schemas.local_file import (
    commit_offsets,
    committed_offset,
    data_version,
    end_offset,
    open_groups,
    open_topic,
    read_chunk,
    start_offset,
)
from schemas.log import LogTruncated, LogUnavailable, OwnershipLost, Record
from schemas.topics import Topic

_LOOK_SECONDS: Final = 0.01
_CHUNK_BYTES: Final = 16_000_000

Partition = tuple[str, int]
Told = Callable[[Sequence[Partition]], None]


class LocalConsumer:
    """A group's member. It owns every partition of its topics while it holds the group's lock, and none before.

    A second member waits (its polls return nothing) until the first is closed or its process is gone. Not to be shared
    between threads without a lock of the caller's.
    """

    def __init__(
        self,
        directory: Path,
        group: str,
        topics: Sequence[Topic],
        *,
        partitions: int,
        busy_seconds: float,
        assigned: Told | None,
        revoked: Told | None,
        from_start: bool,
    ) -> None:
        self._group = group
        self._assigned = assigned
        self._revoked = revoked
        self._from_start = from_start
        self._lock_path = directory / f"group-{group}.lock"
        self._lock: IO[str] | None = None
        self._offsets = open_groups(directory, busy_seconds)
        self._files: Mapping[str, sqlite3.Connection] = {
            topic.name: open_topic(directory, topic, busy_seconds) for topic in topics
        }
        self._cut = frozenset(topic.name for topic in topics if not topic.compacted)
        self._all: tuple[Partition, ...] = tuple((t.name, p) for t in topics for p in range(partitions))
        self._positions: dict[Partition, int] = {}
        self._paused: set[Partition] = set()
        self._seen: dict[str, int] = {}
        self._turn = 0
        self._closed = False

    def poll(self, max_records: int, timeout_seconds: float) -> list[Record]:
        """Return up to `max_records` records, each partition's in offset order; [] after the timeout.

        Raises LogUnavailable, and LogTruncated at assignment when the log ends before a committed offset.
        """
        deadline = time.monotonic() + timeout_seconds
        while True:
            if (self._lock is not None or self._join()) and (found := self._read(max_records)):
                return found
            left = deadline - time.monotonic()
            if left <= 0:
                return []
            time.sleep(min(_LOOK_SECONDS, left))

    def pause(self, partitions: Sequence[Partition]) -> None:
        """Stop returning records of these partitions."""
        self._paused.update(partitions)

    def resume(self, partitions: Sequence[Partition]) -> None:
        """Undo pause."""
        self._paused.difference_update(partitions)
        self._seen.clear()

    def seek(self, topic: str, partition: int, offset: int) -> None:
        """Read this partition from `offset` next. Raises OwnershipLost for one that is not owned."""
        if (topic, partition) not in self._positions:
            raise OwnershipLost(f"{topic}/{partition} is not assigned here")
        self._positions[topic, partition] = offset
        self._seen.clear()

    def commit(self, offsets: Sequence[tuple[str, int, int]]) -> None:
        """Durably commit (topic, partition, next offset to read). Raises OwnershipLost or LogUnavailable."""
        for topic, partition, _ in offsets:
            if (topic, partition) not in self._positions:
                raise OwnershipLost(f"{topic}/{partition} is not assigned here")
        if not offsets:
            return
        try:
            commit_offsets(self._offsets, self._group, offsets)
        except (sqlite3.Error, OSError) as bad:
            raise LogUnavailable(f"offsets of {self._group}: {bad}") from bad

    def committed(self, topic: str, partition: int) -> int | None:
        """Return the committed next offset, or None. Raises LogUnavailable."""
        try:
            return committed_offset(self._offsets, self._group, topic, partition)
        except sqlite3.Error as bad:
            raise LogUnavailable(f"offsets of {self._group}: {bad}") from bad

    def lag(self) -> int | None:
        """Return how many offsets of its partitions are not yet returned by `poll`; None while another member reads.

        Raises LogUnavailable.
        """
        if not self._positions:
            return None
        try:
            return sum(
                max(0, end_offset(self._files[topic], partition) - position)
                for (topic, partition), position in self._positions.items()
            )
        except sqlite3.Error as bad:
            raise LogUnavailable(str(bad)) from bad

    def session_left_seconds(self) -> float:
        """Return infinity while the group's lock is held (it cannot be taken from a living process), else 0."""
        return math.inf if self._lock is not None else 0.0

    def close(self) -> None:
        """Give the partitions back and let go of the group. Safe to repeat."""
        if self._closed:
            return
        self._closed = True
        try:
            if self._lock is not None and self._revoked is not None:
                self._revoked(self._all)
        finally:
            self._positions.clear()
            for connection in (*self._files.values(), self._offsets):
                connection.close()
            if self._lock is not None:
                if self._from_start:  # nothing of the group stays; the lock of one with offsets stays beside them
                    self._lock_path.unlink(missing_ok=True)
                self._lock.close()
                self._lock = None

    def _join(self) -> bool:
        """Try to become the group's reader; tell `assigned` if it worked."""
        if self._closed:
            raise LogUnavailable("the consumer is closed")
        try:
            lock = self._lock_path.open("a")
        except OSError as bad:
            raise LogUnavailable(f"{self._lock_path}: {bad}") from bad
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:  # another member holds it
            lock.close()
            return False
        if not os.fstat(lock.fileno()).st_nlink:  # whoever held it has taken the file away: another one counts now
            lock.close()
            return False
        try:
            self._positions = self._starts()
        except BaseException:
            lock.close()
            raise
        self._lock = lock
        self._seen.clear()
        if self._assigned is not None:
            self._assigned(self._all)
        return True

    def _starts(self) -> dict[Partition, int]:
        starts = {}
        try:
            for topic, partition in self._all:
                start, end = start_offset(self._files[topic], partition), end_offset(self._files[topic], partition)
                at = None if self._from_start else committed_offset(self._offsets, self._group, topic, partition)
                if at is not None and (at > end or (at < start and topic in self._cut)):
                    raise LogTruncated(f"{topic}/{partition} is [{start}, {end}), {self._group} had committed {at}")
                starts[topic, partition] = start if at is None else at
        except sqlite3.Error as bad:
            raise LogUnavailable(str(bad)) from bad
        return starts

    def _read(self, max_records: int) -> list[Record]:
        """Read what is there, beginning with another partition each time, so that none starves."""
        try:
            changed = self._changed_topics()
            found: list[Record] = []
            self._turn = (self._turn + 1) % len(self._all)
            for topic, partition in self._all[self._turn :] + self._all[: self._turn]:
                if topic not in changed or (topic, partition) in self._paused:
                    continue
                room = max_records - len(found)
                if room <= 0:
                    break
                chunk = read_chunk(
                    self._files[topic],
                    topic,
                    partition,
                    self._positions[topic, partition],
                    max_records=room,
                    max_bytes=_CHUNK_BYTES,
                )
                if chunk:
                    self._positions[topic, partition] = chunk[-1].offset + 1
                    found += chunk
        except sqlite3.Error as bad:
            raise LogUnavailable(str(bad)) from bad
        if not found:
            self._seen.update(changed)
        return found

    def _changed_topics(self) -> dict[str, int]:
        """Return the topics that may hold something unread, with the version their files had before reading."""
        versions = {topic: data_version(connection) for topic, connection in self._files.items()}
        return {topic: version for topic, version in versions.items() if self._seen.get(topic) != version}
