"""The SQLite files of the one-machine log: how they are made, opened and read; a file a topic, one for the groups.

A record's row id is its partition above and its offset below, so that an append goes to the end of its partition and a
reader walks it in order. In a compacted topic a newer record of a key replaces the older one and takes a new offset.
Where records were deleted, the row -1-partition keeps (as its time) the offset below which none is given again.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from schemas.log import LogUnavailable, Outgoing, Record
from schemas.topics import Topic

OFFSET_BITS: Final = 40
"""2^40 records a partition, 2^23 partitions."""

SUFFIX: Final = ".sqlite"
GROUPS_FILE: Final = f"groups{SUFFIX}"
"""Holds the partition count and every group's committed offsets."""

_LAYOUT: Final = 1
_CUT_LAYOUT: Final = 2
"""Of a file from which records were deleted: a release that does not know of that would give their offsets again."""

_SCRUB_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 0.05
_CHECKPOINT_PAGES: Final = 4000
_PLAIN: Final = (
    "CREATE TABLE IF NOT EXISTS records (id INTEGER PRIMARY KEY, key BLOB NOT NULL, value BLOB, at INTEGER NOT NULL)"
)
_COMPACTED: Final = (
    "CREATE TABLE IF NOT EXISTS records (id INTEGER PRIMARY KEY, key BLOB NOT NULL, value BLOB, at INTEGER NOT NULL, "
    "partition INTEGER NOT NULL, UNIQUE (partition, key))"
)
_GROUPS: Final = (
    "CREATE TABLE IF NOT EXISTS layout (partitions INTEGER NOT NULL);"
    "CREATE TABLE IF NOT EXISTS offsets (member TEXT NOT NULL, topic TEXT NOT NULL, partition INTEGER NOT NULL, "
    "next INTEGER NOT NULL, PRIMARY KEY (member, topic, partition)) WITHOUT ROWID"
)
_INSERT_PLAIN: Final = "INSERT INTO records (id, key, value, at) VALUES (?, ?, ?, ?)"
_REPLACE_PLAIN: Final = "INSERT OR REPLACE INTO records (id, key, value, at) VALUES (?, ?, ?, ?)"
_INSERT_COMPACTED: Final = "INSERT OR REPLACE INTO records (id, key, value, at, partition) VALUES (?, ?, ?, ?, ?)"


def open_topic(directory: Path, topic: Topic, busy_seconds: float) -> sqlite3.Connection:
    """Open a topic's file, made if it is not there yet. Raises LogUnavailable."""
    return _open(directory / f"{topic.name}{SUFFIX}", _COMPACTED if topic.compacted else _PLAIN, busy_seconds)


def open_groups(directory: Path, busy_seconds: float) -> sqlite3.Connection:
    """Open the groups' file, made if it is not there yet. Raises LogUnavailable."""
    return _open(directory / GROUPS_FILE, _GROUPS, busy_seconds)


def append_batch(connection: sqlite3.Connection, topic: Topic, records: Sequence[Outgoing], at: int) -> None:
    """Append records of one topic in one durable transaction; all or none. Raises sqlite3.Error."""
    with _transaction(connection, "BEGIN IMMEDIATE"):
        nexts: dict[int, int] = {}
        rows = []
        for record in records:
            partition = record.partition
            offset = nexts.get(partition)
            if offset is None:
                offset = end_offset(connection, partition)
            nexts[partition] = offset + 1
            row = (partition << OFFSET_BITS | offset, record.key, record.value, at)
            rows.append((*row, partition) if topic.compacted else row)
        connection.executemany(_INSERT_COMPACTED if topic.compacted else _INSERT_PLAIN, rows)


def end_offset(connection: sqlite3.Connection, partition: int) -> int:
    """Return the offset that the next record of a partition will get. Raises sqlite3.Error."""
    found = connection.execute(
        "SELECT max(id) FROM records WHERE id >= ? AND id < ?", _span(partition, 0)
    ).fetchone()  # the newest record of a partition is never replaced but by a newer one
    kept = connection.execute("SELECT at FROM records WHERE id = ?", (-1 - partition,)).fetchone()
    end = 0 if found[0] is None else int(found[0]) - (partition << OFFSET_BITS) + 1
    return end if kept is None else max(end, int(kept[0]))


def start_offset(connection: sqlite3.Connection, partition: int) -> int:
    """Return the offset of a partition's first record, of its end without one. Raises sqlite3.Error."""
    found = connection.execute("SELECT min(id) FROM records WHERE id >= ? AND id < ?", _span(partition, 0)).fetchone()
    return end_offset(connection, partition) if found[0] is None else int(found[0]) - (partition << OFFSET_BITS)


def delete_before(connection: sqlite3.Connection, topic: Topic, offsets: Sequence[int]) -> None:
    """Delete records before an offset of each partition, of a compacted topic the tombstones. Raises sqlite3.Error."""
    connection.execute("PRAGMA secure_delete = ON")
    only = " AND value IS NULL" if topic.compacted else ""
    with _transaction(connection, "BEGIN IMMEDIATE"):
        for partition, offset in enumerate(offsets):
            kept = (-1 - partition, b"", None, end_offset(connection, partition))
            row = (*kept, -1 - partition) if topic.compacted else kept
            connection.execute(_INSERT_COMPACTED if topic.compacted else _REPLACE_PLAIN, row)
            first = partition << OFFSET_BITS
            connection.execute(f"DELETE FROM records WHERE id >= ? AND id < ?{only}", (first, first + offset))  # noqa: S608 - our own words
        connection.execute(f"PRAGMA user_version = {_CUT_LAYOUT}")


def scrub(connection: sqlite3.Connection) -> None:
    """Write a file anew, so that nothing is left of what was ever deleted or replaced in it.

    Whoever appends waits meanwhile. Raises sqlite3.Error, also when readers did not let go of the old pages in time.
    """
    connection.execute("VACUUM")
    deadline = time.monotonic() + _SCRUB_SECONDS
    while connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
        if time.monotonic() > deadline:
            raise sqlite3.OperationalError("somebody still reads the old pages")
        time.sleep(_LOOK_SECONDS)


def read_chunk(
    connection: sqlite3.Connection, topic: str, partition: int, offset: int, *, max_records: int, max_bytes: int
) -> list[Record]:
    """Return records from `offset` on, at most `max_records`, and no more after `max_bytes` are reached.

    Its read transaction is over when it returns. Raises sqlite3.Error.
    """
    found = []
    taken = 0
    cursor = connection.execute(
        "SELECT id, key, value, at FROM records WHERE id >= ? AND id < ? ORDER BY id LIMIT ?",
        (*_span(partition, offset), max_records),
    )
    try:
        for row in cursor:
            found.append(_record(topic, partition, row))
            taken += len(row[2] or b"")
            if taken >= max_bytes:
                break
    finally:
        cursor.close()
    return found


def read_snapshot(connection: sqlite3.Connection, topic: str, partition: int) -> Iterator[Record]:
    """Yield the live record of every key of a compacted topic's partition, as of one moment. Raises sqlite3.Error."""
    cursor = connection.execute(
        "SELECT id, key, value, at FROM records WHERE id >= ? AND id < ? AND value IS NOT NULL ORDER BY id",
        _span(partition, 0),
    )
    for row in cursor:
        yield _record(topic, partition, row)


def commit_offsets(connection: sqlite3.Connection, group: str, offsets: Sequence[tuple[str, int, int]]) -> None:
    """Store a group's next offsets durably. Raises sqlite3.Error."""
    with _transaction(connection, "BEGIN IMMEDIATE"):
        connection.executemany(
            "INSERT OR REPLACE INTO offsets (member, topic, partition, next) VALUES (?, ?, ?, ?)",
            [(group, *offset) for offset in offsets],
        )


def committed_offset(connection: sqlite3.Connection, group: str, topic: str, partition: int) -> int | None:
    """Return a group's next offset, or None if it never committed. Raises sqlite3.Error."""
    found = connection.execute(
        "SELECT next FROM offsets WHERE member = ? AND topic = ? AND partition = ?", (group, topic, partition)
    ).fetchone()
    return None if found is None else int(found[0])


def fixed_partitions(connection: sqlite3.Connection, wanted: int) -> int:
    """Return the partition count the log was made with; `wanted` becomes it if the log is new. Raises sqlite3.Error."""
    with _transaction(connection, "BEGIN IMMEDIATE"):
        found = connection.execute("SELECT partitions FROM layout").fetchone()
        if found is not None:
            return int(found[0])
        connection.execute("INSERT INTO layout (partitions) VALUES (?)", (wanted,))
        return wanted


def data_version(connection: sqlite3.Connection) -> int:
    """Return a number that changes when another connection commits to the file: far cheaper than reading it."""
    return int(connection.execute("PRAGMA data_version").fetchone()[0])


def _record(topic: str, partition: int, row: tuple[int, bytes, bytes | None, int]) -> Record:
    return Record(topic, partition, row[0] - (partition << OFFSET_BITS), row[1], row[2], row[3])


def _span(partition: int, offset: int) -> tuple[int, int]:
    return partition << OFFSET_BITS | offset, partition + 1 << OFFSET_BITS


@contextmanager
def _transaction(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _open(path: Path, tables: str, busy_seconds: float) -> sqlite3.Connection:
    try:
        connection = _connect(path, busy_seconds)
        layout = _layout(connection)
        if layout == 0:
            _make(path, tables, busy_seconds)
            layout = _layout(connection)
    except (sqlite3.Error, OSError) as bad:
        raise LogUnavailable(f"{path}: {bad}") from bad
    if layout not in {_LAYOUT, _CUT_LAYOUT}:
        connection.close()
        raise LogUnavailable(f"{path}: written by a newer release (layout {layout}, this one knows {_CUT_LAYOUT})")
    return connection


def _connect(path: Path, busy_seconds: float) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=busy_seconds, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
    return connection


def _layout(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _make(path: Path, tables: str, busy_seconds: float) -> None:
    """Make a file's tables under a lock: two processes that switch a new one to WAL refuse each other."""
    with (path.parent / "create.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        connection = _connect(path, busy_seconds)
        if _layout(connection) == 0:
            connection.execute("PRAGMA journal_mode = WAL")
            with _transaction(connection, "BEGIN IMMEDIATE"):
                for statement in tables.split(";"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {_LAYOUT}")
        connection.close()
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
