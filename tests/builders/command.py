"""The real `vsm` as people run it: a process of its own, its output as it comes, its signals and its end."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from vsm.data_dir import DataDir

DEADLINE_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.02


def environment(**more: str) -> dict[str, str]:
    """Return our environment without the product's variables and a terminal's size (of the tests' own), and `more`."""
    sized = {"COLUMNS", "LINES"}
    kept = {name: value for name, value in os.environ.items() if name not in sized and not name.startswith("VSM_")}
    return {**kept, "NO_COLOR": "1", **more}


def vsm(*arguments: str | Path, cwd: Path | None = None, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return ended(arguments, more, cwd=cwd)


def ended(
    arguments: Sequence[str | Path],
    more: Mapping[str, str],
    *,
    cwd: Path | None = None,
    seconds: float = DEADLINE_SECONDS,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, which may take so long."""
    return subprocess.run(
        [sys.executable, "-m", "vsm", *map(str, arguments)],
        cwd=cwd,
        env=environment(PYTHONPATH=str(Path(__file__).parents[2]), **more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


class Command:
    """A command that runs until it is ended."""

    def __init__(self, log: Path, *arguments: str | Path, **more: str) -> None:
        self._log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "vsm", *map(str, arguments)],
                env=environment(**more),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def said(self) -> str:
        """Return what it has said so far on either output."""
        return self._log.read_text(errors="replace")

    def until(self, text: str) -> None:
        """Wait until it has said something."""
        wait_for(lambda: text in self.said() or self._process.poll() is not None, self.said)
        assert text in self.said(), self.said()

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def status(self, seconds: float = DEADLINE_SECONDS) -> int:
        """Wait for its end and return the exit status; negative for the signal that killed it."""
        return self._process.wait(seconds)

    def kill(self) -> None:
        """End it as `kill -9` does; safe to repeat."""
        self._process.kill()
        self._process.wait()


@contextmanager
def running(log: Path, *arguments: str | Path, **more: str) -> Iterator[Command]:
    """Run a command for as long as the block; with it its children are gone."""
    command = Command(log, *arguments, **more)
    try:
        yield command
    finally:
        command.kill()


def children(pid: int) -> list[int]:
    """Return the processes that a process has started and that still run."""
    found = []
    for task in list(Path(f"/proc/{pid}/task").iterdir()):
        found += [int(child) for child in (task / "children").read_text().split()]
    return found


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that is dead and not yet asked for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def addresses(data: Path) -> Mapping[str, str]:
    """Return the addresses of the stack that runs on a directory, once it is announced."""
    wait_for(lambda: DataDir(data).running() is not None, lambda: f"no stack on {data}")
    run = DataDir(data).running()
    assert run is not None
    return run.addresses


def wait_for(holds: Callable[[], bool], told: Callable[[], str], seconds: float = DEADLINE_SECONDS) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, told()
        time.sleep(_LOOK_SECONDS)


def on_terminal(*arguments: str | Path, columns: int, **more: str) -> tuple[int, str]:
    """Run a command to its end on a terminal so wide; return its exit status and all that the terminal was sent."""
    here, there = pty.openpty()
    fcntl.ioctl(there, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "vsm", *map(str, arguments)],
        env=environment(TERM="xterm", **more),
        stdin=subprocess.DEVNULL,
        stdout=there,
        stderr=there,
    )
    os.close(there)
    sent = bytearray()
    try:
        while piece := os.read(here, 65_536):
            sent += piece
    except OSError:  # the other end is closed
        pass
    finally:
        os.close(here)
    return process.wait(DEADLINE_SECONDS), sent.decode()
