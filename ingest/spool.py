"""A bounded, durable queue on disk for records that the log cannot take now; survives kill -9.

SQLite (write-ahead log, synchronous FULL) written by one thread, many appends to a commit. It holds encoded,
pseudonymised records and nothing else. One process a directory.
"""

from __future__ import annotations

import fcntl
import queue
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import structlog

from ingest.records import Pending
from schemas.log import Done, LogUnavailable

FILE: Final = "spool.sqlite"
FULL: Final = "the spool is full"
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS spooled
    (at INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS refused
    (at INTEGER PRIMARY KEY, topic TEXT NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL);
INSERT INTO spooled (topic, key, value) SELECT topic, key, value FROM refused ORDER BY at;
DELETE FROM refused;
"""
"""The queue, and what the log refused: at every start that is tried again, somebody may have mended the log."""

_TOUCH: Final = "PRAGMA user_version = 1"
"""Writes a page and changes nothing."""

_MOST_IN_A_COMMIT: Final = 1_000
_OVERHEAD_BYTES: Final = 64
_logger = structlog.get_logger(__name__)

_Entry = tuple[list[Pending], Done]


class SpoolBusy(RuntimeError):  # noqa: N818 - a broken configuration, shown as it is
    """Another process holds the spool's directory."""


class Spool:
    """The queue in `directory`, made if absent; takes at most `most_bytes` of records.

    Raises SpoolBusy, OSError, sqlite3.Error when it cannot be opened.
    """

    def __init__(self, directory: Path, most_bytes: int) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._most_bytes = most_bytes
        self._held = (directory / "lock").open("w")
        try:
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as bad:
            self._held.close()
            raise SpoolBusy(f"another process holds {directory}") from bad
        self._path = directory / FILE
        self._reader = self._connect()
        self._reader.executescript(f"BEGIN IMMEDIATE; {_TABLES} COMMIT")
        count, size = self._reader.execute(
            f"SELECT count(*), coalesce(sum(length(key) + length(value) + {_OVERHEAD_BYTES}), 0) FROM spooled"  # noqa: S608 - a constant
        ).fetchone()
        self._lock = threading.Lock()
        self._records: int = count
        self._bytes: int = size
        self._refused = 0
        self._broken = False
        self._full = False
        self._entries: queue.SimpleQueue[_Entry | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write, name="spool", daemon=True)
        self._thread.start()

    @property
    def records(self) -> int:
        """How many records it holds, those on their way to disk included."""
        return self._records

    @property
    def bytes(self) -> int:
        """How many bytes it holds, those on their way to disk and those set aside included."""
        return self._bytes

    @property
    def refused(self) -> int:
        """How many records it has set aside because the log refuses them."""
        return self._refused

    @property
    def broken(self) -> bool:
        """Whether the last write failed (a full disk, for one)."""
        return self._broken

    @property
    def full(self) -> bool:
        """Whether the last records did not fit, and nothing was taken out since."""
        return self._full

    def append(self, records: Sequence[Pending], done: Done) -> None:
        """Put records at the end; `done(None)` once they are on disk, LogUnavailable when full or not writable."""
        size = _size(records)
        with self._lock:
            full = self._full = self._bytes + size > self._most_bytes
            if not full:
                self._bytes += size
                self._records += len(records)
        if full:
            done(LogUnavailable(FULL))
        else:
            self._entries.put((list(records), done))

    def try_again(self) -> None:
        """Try to write, so that `broken` tells what is; nothing is kept."""
        self._entries.put(([], lambda _error: None))

    def head(self, most_records: int) -> list[tuple[int, Pending]]:
        """Return the oldest records with their positions. Raises sqlite3.Error."""
        rows = self._reader.execute(
            "SELECT at, topic, key, value FROM spooled ORDER BY at LIMIT ?", (most_records,)
        ).fetchall()
        return [(at, Pending(topic, key, value)) for at, topic, key, value in rows]

    def forget(self, head: Sequence[tuple[int, Pending]], refused: Sequence[int] = ()) -> None:
        """Remove the records of a `head` that the log has taken; set those `refused` aside, by their positions.

        Raises sqlite3.Error.
        """
        kept = [(at,) for at in refused]
        with self._reader:
            self._reader.execute("BEGIN IMMEDIATE")
            self._reader.executemany("INSERT INTO refused SELECT * FROM spooled WHERE at = ?", kept)
            self._reader.execute("DELETE FROM spooled WHERE at <= ?", (head[-1][0],))
        aside = frozenset(refused)
        self._took_back([record for at, record in head if at not in aside])
        with self._lock:
            self._records -= len(aside)
            self._refused += len(aside)

    def close(self) -> None:
        """Write what is queued and release the directory. Safe to repeat."""
        if self._thread.is_alive():
            self._entries.put(None)
            self._thread.join()
            self._reader.close()
            self._held.close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=5.0)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        return connection

    def _took_back(self, records: Sequence[Pending]) -> None:
        with self._lock:
            self._bytes -= _size(records)
            self._records -= len(records)
            self._full = False

    def _write(self) -> None:
        connection = self._connect()
        ended = False
        while not ended:
            entries = [self._entries.get()]
            while len(entries) < _MOST_IN_A_COMMIT and not self._entries.empty():
                entries.append(self._entries.get())
            ended = None in entries
            if entries != [None]:
                self._commit(connection, [entry for entry in entries if entry is not None])
        connection.close()

    def _commit(self, connection: sqlite3.Connection, entries: Sequence[_Entry]) -> None:
        rows = [(record.topic, record.key, record.value) for records, _ in entries for record in records]
        error: Exception | None = None
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO spooled (topic, key, value) VALUES (?, ?, ?)", rows)
            if not rows:
                connection.execute(_TOUCH)
            connection.execute("COMMIT")
        except sqlite3.Error as bad:
            if not self._broken:
                _logger.warning("the spool could not be written", error=type(bad).__name__)
            error = LogUnavailable(f"the spool could not be written: {type(bad).__name__}")
            if connection.in_transaction:
                connection.rollback()
        if self._broken and error is None:
            _logger.info("the spool was written again")
        self._broken = error is not None
        for records, done in entries:
            if error is not None:
                self._took_back(records)
            done(error)


def _size(records: Sequence[Pending]) -> int:
    return sum(len(record.key) + len(record.value) + _OVERHEAD_BYTES for record in records)
