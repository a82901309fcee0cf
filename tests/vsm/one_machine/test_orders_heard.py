"""An order to a running stack is heard from the moment the stack can be found, whichever command runs it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
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
    asked = hears_orders()
    ended = False
    try:
        with ended_by_signals(), subprocess.Popen([sys.executable, "-c", SENDER, str(os.getpid())]):
            redefine_until_end(DataDir(tmp_path), Told(), asked)
    except KeyboardInterrupt:
        ended = True
    finally:
        signal.signal(REDEFINES, before)
    assert ended
