"""Processes that are kept running end in order, whoever asks for it again meanwhile."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import httpx
import pytest

from tests.builders.command import is_alive, wait_for
from vsm.one_machine.ending import ended_by_signals
from vsm.one_machine.ports import HOST, free_ports
from vsm.one_machine.supervisor import Job, Supervisor

pytestmark = pytest.mark.timeout(120)


def board(name: str, port: int, data: Path) -> Job:
    """Return a board that has nothing to show."""
    told = {"VSM_DATA": str(data), "VSM_HOST": HOST, "VSM_BOARD_PORT": str(port), "VSM_CLICKHOUSE": f"http://{HOST}:1"}
    return Job(name=name, arguments=("board",), environment=told)


@pytest.fixture
def ports() -> list[int]:
    """Two ports that are free."""
    return list(free_ports(2))


@pytest.fixture
def jobs(tmp_path: Path, ports: list[int]) -> list[Job]:
    """Two processes to keep running."""
    return [board(f"board-{port}", port, tmp_path) for port in ports]


def is_served(port: int) -> bool:
    """Return whether a board answers there."""
    try:
        return httpx.get(f"http://{HOST}:{port}/health/live").is_success
    except httpx.TransportError:
        return False


def test_whoever_asks_while_it_ends_interrupts_nothing(tmp_path: Path, jobs: list[Job], ports: list[int]) -> None:
    """All of them have ended when `end` returns, in order, though the end was asked for in the middle of it."""
    with ended_by_signals() as ending:
        supervisor = Supervisor(jobs, tmp_path, ending)
        supervisor.start()
        wait_for(lambda: all(map(is_served, ports)), (tmp_path / f"{jobs[0].name}.log").read_text)
        pids = [child.pid for child in supervisor.children.values()]
        asks = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGTERM))
        asks.start()
        supervisor.end()
        asks.join()
    assert (ending.times_asked, [pid for pid in pids if pid is None or is_alive(pid)]) == (1, [])


def test_a_process_that_was_replaced_is_another(tmp_path: Path, jobs: list[Job], ports: list[int]) -> None:
    """The one before has ended, and the new one is kept running in its place."""
    with ended_by_signals() as ending:
        supervisor = Supervisor(jobs, tmp_path, ending)
        supervisor.start()
        try:
            wait_for(lambda: all(map(is_served, ports)), lambda: "no board answers")
            before = supervisor.children[jobs[0].name].pid
            supervisor.replace(jobs[0])
            after = supervisor.children[jobs[0].name].pid
        finally:
            supervisor.end()
    assert before is not None
    assert (after is not None, after != before, is_alive(before)) == (True, True, False)
