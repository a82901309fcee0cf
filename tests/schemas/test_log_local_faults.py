"""What the local log does when processes are killed, files are locked, broken or full, or data is gone."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.log import LogTruncated, LogUnavailable, Outgoing
from schemas.log_local import LocalLog, backup
from schemas.topics import STATE
from tests.builders.local_log import (
    acknowledgements,
    child_environment,
    count_of,
    everything,
    killed_child,
    rest,
    start_child,
    stop,
)
from tests.builders.log_traffic import EVENTS, own


@pytest.fixture
def log(tmp_path: Path) -> Iterator[LocalLog]:
    """A new log."""
    log = LocalLog(tmp_path / "log")
    yield log
    log.close()


def test_what_a_killed_process_had_acknowledged_is_there(tmp_path: Path) -> None:
    """Every acknowledged value of processes killed while appending is kept, none twice, none invented, no hole."""
    acknowledged: set[str] = set()
    for mark in ("a", "b", "c"):
        acknowledged |= killed_child(tmp_path / "log", mark, after=50)

    found = everything(tmp_path / "log")

    values = [(r.value or b"").decode() for r in found]
    holes = [p for p in (0, 1) if [r.offset for r in found if r.partition == p] != list(range(count_of(found, p)))]
    strange = [value for value in values if not re.fullmatch(r"[abc]-\d+", value)]
    assert (len(values) - len(set(values)), acknowledged - set(values), strange, holes) == (0, set(), [], [])


def test_two_processes_append_side_by_side(tmp_path: Path) -> None:
    """Two processes append at once while a third reads: nothing is lost, doubled or out of order."""
    children = [start_child(tmp_path / "log", mark) for mark in ("a", "b")]
    acknowledged: set[str] = set()
    for child in children:
        acknowledged |= acknowledgements(child, 100)
    for child in children:
        stop(child)
        acknowledged |= rest(child)

    values = [(r.value or b"").decode() for r in everything(tmp_path / "log")]

    first_of_five = [value for value in values if int(value[2:]) % 5 == 0]
    disordered = [
        mark
        for mark in ("a", "b")
        if (mine := [int(v[2:]) for v in first_of_five if v.startswith(mark)]) != sorted(mine)
    ]
    assert (len(values) - len(set(values)), acknowledged - set(values), disordered) == (0, set(), [])


def test_a_member_of_a_killed_process_lets_go(tmp_path: Path, log: LocalLog) -> None:
    """The lock of a process that is gone is free at once."""
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "log")], stdout=subprocess.PIPE, text=True, env=child_environment()
    )
    assert child.stdout is not None
    child.stdout.readline()
    consumer = log.consumer("group", [EVENTS])
    consumer.poll(1, 0.05)
    held = consumer.session_left_seconds()
    stop(child)
    rest(child)

    own(consumer)

    free = consumer.session_left_seconds()
    consumer.close()
    assert (held, free > 0) == (0.0, True)


def test_a_committed_offset_beyond_the_log_is_told(tmp_path: Path, log: LocalLog) -> None:
    """Data that was lost is an error at assignment, never silence."""
    log.append_and_wait([Outgoing(EVENTS, 0, b"key", b"value")])
    consumer = log.consumer("group", [EVENTS])
    consumer.poll(1, 1.0)
    consumer.commit([(EVENTS, 0, 1)])
    consumer.close()
    for path in (tmp_path / "log").glob(f"{EVENTS}*"):
        path.unlink()

    again = log.consumer("group", [EVENTS])

    with pytest.raises(LogTruncated):
        again.poll(1, 0.0)
    again.close()


def test_a_locked_file_is_an_outage(tmp_path: Path) -> None:
    """Another writer that holds the file past the wait makes the append fail, and the next one works."""
    log = LocalLog(tmp_path / "log", busy_seconds=0.05)
    log.append_and_wait([Outgoing(EVENTS, 0, b"key", b"1")])
    other = sqlite3.connect(tmp_path / "log" / f"{EVENTS}.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(LogUnavailable):
        log.append_and_wait([Outgoing(EVENTS, 0, b"key", b"2")])
    other.execute("ROLLBACK")
    other.close()

    log.append_and_wait([Outgoing(EVENTS, 0, b"key", b"3")])

    log.close()
    assert [r.value for r in everything(tmp_path / "log")] == [b"1", b"3"]


def test_a_full_disk_is_an_outage_that_breaks_nothing(tmp_path: Path) -> None:
    """A process whose files may not grow is told; what it had acknowledged is whole, and the log goes on."""
    child = subprocess.run(
        [sys.executable, "-c", FILL, str(tmp_path / "log")],
        capture_output=True,
        text=True,
        env=child_environment(),
        timeout=60,
        check=True,
    )
    acknowledged = int(child.stdout)
    log = LocalLog(tmp_path / "log")
    log.append_and_wait([Outgoing(EVENTS, 0, b"key", b"after")])
    log.close()

    found = everything(tmp_path / "log")

    assert (acknowledged > 0, found[-1].value, [r.offset for r in found]) == (
        True,
        b"after",
        list(range(acknowledged + 1)),
    )


def test_a_callback_that_raises_stops_nobody(log: LocalLog) -> None:
    """An append whose `done` raises leaves the next ones working."""

    def broken(_: Exception | None) -> None:
        raise RuntimeError

    log.append([Outgoing(EVENTS, 0, b"key", b"1")], broken)
    log.append_and_wait([Outgoing(EVENTS, 0, b"key", b"2")])

    assert log.end_offsets(EVENTS)[0] == 2


def test_a_file_of_a_newer_release_is_refused(tmp_path: Path, log: LocalLog) -> None:
    """A layout nobody here knows is not touched."""
    log.end_offsets(EVENTS)
    file = sqlite3.connect(tmp_path / "log" / f"{EVENTS}.sqlite")
    file.execute("PRAGMA user_version = 99")
    file.close()

    with pytest.raises(LogUnavailable, match="newer release"):
        log.end_offsets(EVENTS)


def test_a_file_that_is_no_log_is_an_outage(tmp_path: Path, log: LocalLog) -> None:
    """A broken file is told by name, not by a stack of SQLite's."""
    (tmp_path / "log" / f"{STATE.name}.sqlite").write_bytes(b"not a database at all" * 100)

    with pytest.raises(LogUnavailable, match=STATE.name):
        log.append_and_wait([Outgoing(STATE.name, 0, b"key", b"value")])


def test_a_backup_under_load_never_runs_ahead(tmp_path: Path) -> None:
    """While others append, and a reader commits as it goes, no committed offset in the copy lies beyond its records."""
    child = start_child(tmp_path / "log", "a")
    acknowledgements(child, 20)
    log = LocalLog(tmp_path / "log")
    consumer = log.consumer("group", [EVENTS])
    ahead = []
    for number in range(5):
        chunk = consumer.poll(1000, 1.0)
        consumer.commit([(r.topic, r.partition, r.offset + 1) for r in chunk])
        backup(tmp_path / "log", tmp_path / f"copy-{number}")
        copy = LocalLog(tmp_path / f"copy-{number}")
        reader = copy.consumer("group", [EVENTS])
        ahead += [p for p in (0, 1) if (reader.committed(EVENTS, p) or 0) > copy.end_offsets(EVENTS)[p]]
        reader.close()
        copy.close()
    stop(child)
    rest(child)
    consumer.close()
    log.close()

    assert ahead == []


HOLD = f"""
import sys, time
from pathlib import Path
from schemas.log_local import LocalLog
consumer = LocalLog(Path(sys.argv[1])).consumer("group", ["{EVENTS}"])
consumer.poll(1, 0.0)
print("held", flush=True)
time.sleep(60)
"""

FILL = f"""
import resource, signal, sys
from pathlib import Path
from schemas.log import LogUnavailable, Outgoing
from schemas.log_local import LocalLog
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
log = LocalLog(Path(sys.argv[1]))
log.append_and_wait([Outgoing("{EVENTS}", 0, b"key", b"first")])
resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000))
count = 1
try:
    while count < 1000:
        log.append_and_wait([Outgoing("{EVENTS}", 0, b"key", b"v" * 100_000)])
        count += 1
except LogUnavailable:
    print(count, flush=True)
"""
