"""Work shared out among processes: what it comes to, how it fails, and that nothing of it is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders.command import is_alive, wait_for
from vsm.sharing import WorkerDied, cores, shared, shares

SIZES = {f"stream-{n}": n for n in range(7)}


def made(sizes: Mapping[str, int], workers: int) -> dict[str, str]:
    """Return what work that names its name comes to."""
    with shared(lambda name: name.upper(), sizes, workers) as each:
        return dict(each)


@pytest.mark.parametrize("workers", [0, 1, 2, 3, 20])
def test_any_number_of_workers_comes_to_the_same(workers: int) -> None:
    """Each name is worked on once, however many share the work."""
    assert made(SIZES, workers) == {name: name.upper() for name in SIZES}


def test_no_work_takes_no_worker() -> None:
    """Without names nothing is made."""
    assert made({}, 4) == {}


def test_workers_are_processes_of_their_own() -> None:
    """Two shares are worked off in two processes, and this one is neither."""
    with shared(lambda _: os.getpid(), {"a": 1, "b": 1}, 2) as each:
        found = {pid for _, pid in each}
    assert len(found - {os.getpid()}) == 2


def test_one_share_is_worked_off_here() -> None:
    """Without anybody to share with no process is begun."""
    with shared(lambda _: os.getpid(), {"a": 1, "b": 1}, 1) as each:
        assert {pid for _, pid in each} == {os.getpid()}


@given(st.dictionaries(st.text(max_size=3), st.integers(1, 1_000)), st.integers(1, 9))
def test_shares_are_about_the_same(sizes: dict[str, int], most: int) -> None:
    """Every name is in one share, and none is fuller than another by more than the name it got last."""
    found = shares(sizes, most)
    filled = [sum(sizes[name] for name in share) for share in found]
    without_last = [full - sizes[share[-1]] for full, share in zip(filled, found, strict=True)]
    names = sorted(name for share in found for name in share)
    assert (names, max(without_last, default=0) <= min(filled, default=0)) == (sorted(sizes), True)


def ended_by(name: str) -> str:
    """Do what ends a process in the middle of its work."""
    if name == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if name == "left":
        os._exit(3)
    return name


@pytest.mark.parametrize(("name", "told"), [("killed", "at 'killed' was ended by SIGKILL"), ("left", "with status 3")])
def test_a_process_that_dies_is_told(name: str, told: str) -> None:
    """A process that ends before its share is done fails the whole, and says what it was at."""
    with pytest.raises(WorkerDied, match=told), shared(ended_by, {name: 2, "other": 1}, 2) as each:
        list(each)


def test_a_process_that_dies_while_it_speaks_is_told(tmp_path: Path) -> None:
    """Half of what it was saying is nothing, and fails the whole as nothing does."""
    told = tmp_path / "pid"

    def work(name: str) -> bytes:
        if name != "long":
            return b""
        told.write_text(str(os.getpid()))
        return bytes(8 << 20)  # more than a pipe holds: it is not said before somebody listens

    with shared(work, {"long": 2, "other": 1}, 2) as each:
        wait_for(lambda: told.exists() and waits(told.read_text()), lambda: "it did not begin to speak")
        os.kill(int(told.read_text()), signal.SIGKILL)
        with pytest.raises(WorkerDied, match="at 'long' was ended by SIGKILL"):
            list(each)


def waits(pid: str) -> bool:
    """Return whether a process waits for something: for whoever reads what it says."""
    return bool(pid) and Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] == "S"


def test_work_that_fails_fails_the_whole(capfd: pytest.CaptureFixture[str]) -> None:
    """An error in the work ends its process, which says it."""
    with pytest.raises(WorkerDied, match="'a'"), shared(lambda name: {"b": 1}[name], {"a": 1, "b": 1}, 2) as each:
        list(each)
    assert "KeyError: 'a'" in capfd.readouterr().err


def test_whoever_gives_up_leaves_nobody_working() -> None:
    """The other processes end with the one that shared their work out, in the middle of it."""
    receiver, sender = os.pipe()

    def work(name: str) -> None:
        os.write(sender, f"{os.getpid()}\n".encode())
        if name == "endless":
            signal.pause()

    with shared(work, {"endless": 1, "short": 1}, 2) as each:
        next(each)
        pids = told_pids(receiver, 2)
    os.close(sender)
    assert not any(map(is_alive, pids))


def told_pids(receiver: int, count: int) -> list[int]:
    """Return so many pids that were written into a pipe."""
    told = b""
    while told.count(b"\n") < count:
        told += os.read(receiver, 100)
    return [int(line) for line in told.split()]


_KILLED = """
import os, signal
from vsm.sharing import shared

def work(name):
    print(os.getpid(), flush=True)
    signal.pause()

signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs in the background may have begun without it
with shared(work, {"a": 1, "b": 1}, 2) as each:
    list(each)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nobody_outlives_the_one_that_shared_out(how: signal.Signals) -> None:
    """Whatever ends a process ends those that it shared its work out among."""
    with subprocess.Popen(
        (sys.executable, "-c", _KILLED), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=Path.cwd()
    ) as begun:
        assert begun.stdout is not None
        pids = told_pids(begun.stdout.fileno(), 2)
        begun.send_signal(how)
    wait_for(lambda: not any(map(is_alive, pids)), lambda: f"{pids} live on")


def test_this_process_may_use_a_core() -> None:
    """There is at least one core to run on."""
    assert cores() >= 1
