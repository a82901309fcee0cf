"""An order to a running stack is heard from the moment the stack can be found, whichever command runs it."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.builders.command import addresses, running
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
