"""The local log keeps the contract of a log, and what it alone promises."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.log import Outgoing, RecordRefused
from schemas.log_local import LocalLog, backup, forget_offsets
from schemas.topics import LETTER_KEYS, STATE
from tests.builders.log_traffic import EVENTS
from tests.schemas.cut_contract import CutContract
from tests.schemas.log_contract import LogContract, group, token

__all__ = ["group", "token"]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[LocalLog]:
    """A new log."""
    log = LocalLog(tmp_path / "log")
    yield log
    log.close()


class TestLocalLog(CutContract, LogContract):
    members_share = False


def test_a_second_member_waits_for_the_first(log: LocalLog) -> None:
    """While the first holds the group, the second's polls return nothing; when it is gone, everything."""
    log.append_and_wait([Outgoing(EVENTS, 0, b"key", b"value")])
    first, second = log.consumer("group", [EVENTS]), log.consumer("group", [EVENTS])
    first.poll(10, 0.0)
    while_held = second.poll(10, 0.05)
    first.close()

    after = second.poll(10, 1.0)

    second.close()
    assert (while_held, len(after)) == ([], 1)


def test_a_group_that_keeps_no_offsets_leaves_no_file(tmp_path: Path, log: LocalLog) -> None:
    """Its members still read one at a time: the lock that one takes away with it is never held by two."""
    log.append_and_wait([Outgoing(EVENTS, 0, b"key", b"value")])
    before = {path.name for path in (tmp_path / "log").glob("*.lock")}
    first, second, third = (log.consumer("group", [EVENTS], from_start=True) for _ in range(3))
    read = [len(member.poll(10, 0.0)) for member in (first, second)]
    first.close()
    read += [len(member.poll(10, 0.0)) for member in (third, second)]
    third.close()
    second.close()
    left = {path.name for path in (tmp_path / "log").glob("*.lock")} - before
    assert (read, left) == ([1, 0, 1, 0], set())


def test_the_partition_count_is_fixed(tmp_path: Path) -> None:
    """A log keeps the count it was made with, whatever a later process asks for."""
    LocalLog(tmp_path / "log", partitions=3).close()
    again = LocalLog(tmp_path / "log", partitions=8)

    count = again.partitions(EVENTS)

    again.close()
    assert count == 3


def test_a_compacted_topic_stays_small(tmp_path: Path, log: LocalLog) -> None:
    """A key written a thousand times takes one row."""
    for number in range(1000):
        log.append([Outgoing(STATE.name, 0, b"key", str(number).encode())], lambda _: None)
    log.close()

    rows = sqlite3.connect(tmp_path / "log" / f"{STATE.name}.sqlite")
    count = rows.execute("SELECT count(*) FROM records").fetchone()[0]

    rows.close()
    assert count == 1


def test_reading_keeps_the_write_ahead_log_short(tmp_path: Path, log: LocalLog) -> None:
    """A consumer that keeps reading ends its transactions, so that the write-ahead log is reused."""
    consumer = log.consumer("group", [EVENTS])
    for _ in range(40):
        log.append_and_wait([Outgoing(EVENTS, 0, b"key", b"v" * 900_000)])
        consumer.poll(1, 1.0)

    size = (tmp_path / "log" / f"{EVENTS}.sqlite-wal").stat().st_size

    consumer.close()
    assert size < 25_000_000


def test_a_snapshot_does_not_see_what_comes_later(log: LocalLog) -> None:
    """Reading a compacted topic while it is written gives one moment of it."""
    log.append_and_wait([Outgoing(STATE.name, 0, key, b"1") for key in (b"a", b"b", b"c")])
    reading = log.read_compacted(STATE.name, 0)
    first = next(reading)

    log.append_and_wait([Outgoing(STATE.name, 0, key, b"2") for key in (b"a", b"b", b"c")])

    assert [r.value for r in (first, *reading)] == [b"1", b"1", b"1"]


def test_a_group_is_named_plainly(log: LocalLog) -> None:
    """A group's name becomes a file's, so it may not climb out of the directory."""
    with pytest.raises(RecordRefused):
        log.consumer("../elsewhere", [EVENTS])


def test_a_backup_of_a_log_in_use_holds_what_cannot_be_derived(tmp_path: Path) -> None:
    """A copy holds the events of the moment it was made, the partition count, no offsets and no state."""
    log = LocalLog(tmp_path / "log", partitions=3)
    log.append_and_wait([Outgoing(EVENTS, 0, b"key", b"1"), Outgoing(STATE.name, 1, b"key", b"1")])
    consumer = log.consumer("group", [EVENTS])
    consumer.poll(1, 1.0)
    consumer.commit([(EVENTS, 0, 1)])
    backup(tmp_path / "log", tmp_path / "copy")
    log.append_and_wait([Outgoing(EVENTS, 0, b"key", b"2")])
    consumer.close()
    log.close()

    copy = LocalLog(tmp_path / "copy")
    reader = copy.consumer("group", [EVENTS])
    state = list(copy.read_compacted(STATE.name, 1))
    found = (list(copy.end_offsets(EVENTS)), reader.committed(EVENTS, 0), state)
    reader.close()
    copy.close()

    assert found == ([1, 0, 0], None, [])


def test_a_group_whose_offsets_are_forgotten_reads_from_the_beginning(tmp_path: Path, log: LocalLog) -> None:
    """Only that group's offsets go."""
    for name in ("one", "two"):
        consumer = log.consumer(name, [EVENTS])
        consumer.poll(1, 0.0)
        consumer.commit([(EVENTS, 0, 7)])
        consumer.close()

    forget_offsets(tmp_path / "log", "one")

    readers = [log.consumer(name, [EVENTS]) for name in ("one", "two")]
    found = [reader.committed(EVENTS, 0) for reader in readers]
    for reader in readers:
        reader.close()
    assert found == [None, 7]


def test_a_backup_never_overwrites_a_log(tmp_path: Path, log: LocalLog) -> None:
    """A directory that already holds a log is left alone."""
    log.append_and_wait([Outgoing(EVENTS, 0, b"key", b"1")])

    with pytest.raises(FileExistsError):
        backup(tmp_path / "log", tmp_path / "log")


def test_nothing_is_left_of_what_was_deleted_or_replaced(tmp_path: Path, log: LocalLog) -> None:
    """Not in the file, not in its write-ahead log; what stays is read as before, by readers that were there, too."""
    reader = log.consumer("reader", [EVENTS, STATE.name])
    kept = [Outgoing(EVENTS, 0, b"kept", b"k" * 3_000), Outgoing(STATE.name, 0, b"gone", None)]
    log.append_and_wait([Outgoing(EVENTS, 0, b"gone", b"planted-word" * 300)])
    log.append_and_wait([Outgoing(STATE.name, 0, b"gone", b"planted-word"), *kept])
    seen = [record.key for _ in range(3) for record in reader.poll(10, 0.1)]
    log.delete_before(EVENTS, [1, 0, 0, 0])
    log.delete_before(STATE.name, log.end_offsets(STATE.name))
    log.append_and_wait([Outgoing(EVENTS, 0, b"new", b"n")])

    after = [record.key for record in reader.poll(10, 1.0)]

    reader.close()
    files = b"".join(path.read_bytes() for path in (tmp_path / "log").iterdir())
    assert (b"gone" in seen, after, b"planted-word" in files, b"gone" in files) == (True, [b"new"], False, False)


def test_a_backup_holds_the_keys_of_dead_letters(tmp_path: Path, log: LocalLog) -> None:
    """Without them nobody could open the letters of the copy."""
    log.append_and_wait([Outgoing(LETTER_KEYS.name, 1, b"key", b"sealed")])
    backup(tmp_path / "log", tmp_path / "copy")
    copy = LocalLog(tmp_path / "copy")

    found = [(record.key, record.value) for record in copy.read_compacted(LETTER_KEYS.name, 1)]

    copy.close()
    assert found == [(b"key", b"sealed")]
