"""An order to a running stack is heard from the moment the stack can be found, whichever command runs it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.builders.command import addresses, running
from tests.vsm.replay.test_keeping import Told
from vsm.commands.up import hears_orders, redefine_until_end
from vsm.data_dir import DataDir
from vsm.one_machine.ending import ended_by_signals
from vsm.one_machine.ports import free_ports
from vsm.replay.redefining import REDEFINES

pytestmark = pytest.mark.timeout(240)


@pytest.mark.parametrize(
    ("command", "stands"), [(("demo", "--items", "3"), "it stays up"), (("up",), "running")], ids=["demo", "up"]
)
def test_an_order_ends_nobody(tmp_path: Path, command: tuple[str, ...], stands: str) -> None:
    """Told as soon as the stack is announced, and again when it stands, it goes on until it is asked to end."""
    data = tmp_path / "data"
    with running(tmp_path / "log", *command, "--data", data, "--port", str(free_ports(1)[0])) as stack:
        assert addresses(data)
        stack.signal(REDEFINES)
        stack.until(stands)
        stack.signal(REDEFINES)
        stack.signal(signal.SIGTERM)
        status = stack.status(120)
    assert status == 0


SENDER = """
import os, signal, sys
pid = int(sys.argv[1])
for _ in range(30_000):
    os.kill(pid, signal.SIGUSR1)
os.kill(pid, signal.SIGTERM)
"""


@pytest.mark.timeout(60)
def test_orders_that_interrupt_one_another_are_heard(tmp_path: Path) -> None:
    """However many signals come while one is dealt with, whoever hears them goes on until the end is asked for."""
    before = signal.getsignal(REDEFINES)
    orders = hears_orders()
    ended = False
    try:
        with ended_by_signals() as ending, subprocess.Popen([sys.executable, "-c", SENDER, str(os.getpid())]):
            redefine_until_end(DataDir(tmp_path), Told(), orders, ending)
    except KeyboardInterrupt:
        ended = True
    finally:
        signal.signal(REDEFINES, before)
    assert ended


@pytest.mark.timeout(60)
def test_an_end_that_another_thread_was_told_of_is_heard(tmp_path: Path) -> None:
    """The system may give a signal to any thread; whoever waits for orders hears of it without another signal."""
    before = signal.getsignal(REDEFINES)
    orders = hears_orders()
    ended = threading.Event()
    unheard: list[str] = []
    told = threading.Thread(target=_told_of_the_end, args=(threading.main_thread(), ended, unheard))
    try:
        with ended_by_signals() as ending:
            told.start()
            redefine_until_end(DataDir(tmp_path), Told(), orders, ending)
    except KeyboardInterrupt:
        ended.set()
    finally:
        signal.signal(REDEFINES, before)
        told.join()
    assert (ended.is_set(), unheard) == (True, [])


def _told_of_the_end(waiting: threading.Thread, ended: threading.Event, unheard: list[str]) -> None:
    """Take SIGTERM in this thread once the other one waits; wake that one up when it has not heard of it."""
    frames = sys._current_frames
    while frames()[waiting.ident or 0].f_code.co_name != redefine_until_end.__name__:
        time.sleep(0.01)
    time.sleep(0.1)
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
    if not ended.wait(15):
        unheard.append("the end")
        signal.pthread_kill(waiting.ident or 0, REDEFINES)
