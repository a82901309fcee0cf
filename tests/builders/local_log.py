"""Processes that append to a local log until they are killed, and what is found in it afterwards."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from schemas.log import Record
from schemas.log_local import LocalLog
from tests.builders.log_traffic import EVENTS


def child_environment() -> dict[str, str]:
    """Return an environment in which our packages are found."""
    return {"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": ""}


def start_child(directory: Path, mark: str) -> subprocess.Popen[str]:
    """Start a process that appends and prints what was acknowledged."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.builders.appending_child", str(directory), mark],
        stdout=subprocess.PIPE,
        text=True,
        env=child_environment(),
    )


def acknowledgements(child: subprocess.Popen[str], count: int) -> set[str]:
    """Return the first so many values that the process says were acknowledged."""
    assert child.stdout is not None
    return {child.stdout.readline().strip() for _ in range(count)}


def stop(child: subprocess.Popen[str]) -> None:
    """Kill a process as a power cut would."""
    child.send_signal(signal.SIGKILL)
    child.wait()


def rest(child: subprocess.Popen[str]) -> set[str]:
    """Return the whole lines that a killed process had still printed."""
    assert child.stdout is not None
    with child.stdout:
        return {line.strip() for line in child.stdout if line.endswith("\n")}


def killed_child(directory: Path, mark: str, *, after: int) -> set[str]:
    """Start an appending process, kill it after so many acknowledgements, and return all that it printed."""
    child = start_child(directory, mark)
    said = acknowledgements(child, after)
    stop(child)
    return said | rest(child)


def everything(directory: Path) -> list[Record]:
    """Return all flow events of a log, each partition's in order."""
    log = LocalLog(directory)
    consumer = log.consumer("everything", [EVENTS], from_start=True)
    found: list[Record] = []
    while chunk := consumer.poll(1000, 0.0):
        found += chunk
    consumer.close()
    log.close()
    return found


def count_of(found: list[Record], partition: int) -> int:
    """Return how many of the records are in a partition."""
    return sum(record.partition == partition for record in found)
