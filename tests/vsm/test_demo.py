"""`vsm demo` as a process: whose directory it is, and how it ends in the middle."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.builders.command import running, vsm
from vsm.one_machine.ports import free_ports

pytestmark = pytest.mark.timeout(180)


def arguments(data: Path, items: int = 30) -> list[str]:
    """Return a demo on a directory and a port of its own."""
    return ["demo", "--data", str(data), "--items", str(items), "--port", str(free_ports(1)[0])]


def test_a_second_demo_leaves_the_first_alone(tmp_path: Path) -> None:
    """On the same directory, before the first has even come up: refused, nothing deleted, the first shows its maps."""
    data = tmp_path / "data"
    with running(tmp_path / "first.log", *arguments(data), "--once") as first:
        first.until("starting the pipeline")
        key = (data / "identity.key").read_bytes()
        second = vsm(*arguments(data), "--once")
        status = first.status()
        said = first.said()
    assert (second.returncode, "is in use by another stack" in second.stderr) == (1, True), second.stderr
    assert ((data / "identity.key").read_bytes() == key, status, "DORA" in said) == (True, 0, True), said


def test_a_demo_takes_the_place_of_an_earlier_one(tmp_path: Path) -> None:
    """At rest, the directory of a demo is emptied for the next."""
    data = tmp_path / "data"
    with running(tmp_path / "first.log", *arguments(data)) as first:
        first.until("starting the pipeline")
        first.signal(signal.SIGINT)
        first.status(10)
    (data / "left-over").write_text("of the first")
    with running(tmp_path / "second.log", *arguments(data)) as second:
        second.until("starting the pipeline")
    assert ((data / "left-over").exists(), (data / "identity.key").exists()) == (False, True)


def test_other_data_is_left_alone(tmp_path: Path) -> None:
    """A directory that no demo has made is refused, and not a file comes or goes."""
    (tmp_path / "notes.txt").write_text("mine")
    done = vsm(*arguments(tmp_path))
    assert (done.returncode, "holds no demo" in done.stderr, [path.name for path in tmp_path.iterdir()]) == (
        1, True, ["notes.txt"],
    )  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_it_ends_while_it_sends(tmp_path: Path, number: signal.Signals) -> None:
    """In the middle of thousands of webhooks: in seconds, in words, and with the status of what was not done."""
    with running(tmp_path / "demo.log", *arguments(tmp_path / "data", items=3_000)) as demo:
        demo.until("webhooks: ")
        demo.signal(number)
        status = demo.status(15)
        said = demo.said()
    last = said.splitlines()[-1]
    assert (status, last, "Traceback" in said) == (1, "ended before the maps were shown", False), said
