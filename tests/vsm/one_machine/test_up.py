"""`vsm up` as a process: whose port it is, how it ends at every stage, and how it comes back after kill -9."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.builders.clickhouse_server import ClickHouseServer
from tests.builders.command import Command, addresses, children, is_alive, vsm, wait_for
from vsm.data_dir import DataDir
from vsm.importing import token
from vsm.one_machine.ports import PortTaken, free_ports, require_alone

pytestmark = pytest.mark.timeout(180)
EDITED = 'version: 1\nvalue_streams: [{name: default, select: ["*"], environments: [staging, production]}]\n'


@contextmanager
def listening(port: int, *, shared: bool) -> Iterator[None]:
    """Listen on a port as some other program does, or as one that shares its port."""
    with socket.socket() as listener:
        if shared:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen()
        yield


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Callable[..., Command]]:
    """Start `vsm up` on the test's data; whatever still runs at the end is killed."""
    started: list[Command] = []

    def start(*arguments: str | Path, data: str = "data", port: int = 0) -> Command:
        log = tmp_path / f"up-{len(started)}.log"
        chosen = str(port or free_ports(1)[0])
        started.append(Command(log, "up", "--data", tmp_path / data, "--port", chosen, *arguments))
        return started[-1]

    yield start
    for command in started:
        command.kill()


def import_tickets(data: Path, first: int, count: int) -> int:
    """Import so many new tickets into the running stack and return the answer's status."""
    facts = [
        {"type": "ticket.created", "occurred_at": "2026-01-02T08:00:00Z", "subject_id": f"ticket:jira/CHK-{number}"}
        for number in range(first, first + count)
    ]
    bearer = {"Authorization": f"Bearer {token(DataDir(data))}"}
    return httpx.post(
        f"{addresses(data)['ingest']}/imports/default", json=facts, headers=bearer, timeout=20
    ).status_code


def tickets(data: Path) -> str:
    """Return how many work items the tables show."""
    asked = vsm("query", "SELECT count() AS n FROM work_items_current", "--data", data, "--format", "csv")
    return asked.stdout.strip().partition("\n")[2]


@pytest.mark.parametrize("shared", [False, True], ids=["alone", "shared"])
def test_a_taken_port_is_refused_at_once(tmp_path: Path, shared: bool) -> None:  # noqa: FBT001 - a parameter
    """Whoever listens there, and however: one line that names the port and the process, status 1, nothing started."""
    port = free_ports(1)[0]
    with listening(port, shared=shared):
        done = vsm("up", "--data", tmp_path / "data", "--port", str(port))
    said = f"port {port} is taken by process {os.getpid()} "
    assert (done.returncode, done.stderr.startswith(said), len(done.stderr.splitlines()), log_files(tmp_path)) == (
        1, True, 1, [],
    ), done.stderr  # fmt: skip


def log_files(folder: Path) -> list[Path]:
    """Return what the processes of a stack have written their words to."""
    return list((folder / "data" / "logs").iterdir())


def test_two_stacks_never_share_a_port(tmp_path: Path, up: Callable[..., Command]) -> None:
    """The second is refused, told who has the port, and the first answers on."""
    port = free_ports(1)[0]
    first = up(port=port)
    first.until("running")
    done = vsm("up", "--data", tmp_path / "other", "--port", str(port))
    answer = httpx.get(f"http://127.0.0.1:{port}/health/ready", timeout=10)
    told = (f"port {port} is taken by process" in done.stderr, "vsm ingest" in done.stderr)
    assert (done.returncode, told, answer.status_code) == (1, (True, True), 200), done.stderr


def test_one_who_joins_a_port_is_seen() -> None:
    """Where the kernel shares a port out between us and another process, being ready is no proof."""
    port = free_ports(1)[0]
    program = f"""\
import socket
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
s.bind(("127.0.0.1", {port})); s.listen(); print("listens", flush=True); s.accept()
"""
    with listening(port, shared=True):
        require_alone(port, lambda: [os.getpid()])
        with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as other:
            assert other.stdout is not None
            other.stdout.readline()
            try:
                with pytest.raises(PortTaken, match=f"port {port} is taken by process {other.pid} "):
                    require_alone(port, lambda: [os.getpid()])
            finally:
                other.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
@pytest.mark.parametrize("stage", ["starting", "webhooks", "running"])
def test_it_ends_at_every_stage(up: Callable[..., Command], stage: str, number: signal.Signals) -> None:
    """While it starts, when it is up and while it runs: asked to end it ends in seconds, with status 0 and in words."""
    command = up()
    command.until(stage)
    command.signal(number)
    status = command.status(10)
    assert (status, command.said().splitlines()[-1], "Traceback" in command.said()) == (0, "ended", False)


def test_it_ends_while_it_rebuilds_and_at_once_when_asked_twice(tmp_path: Path, up: Callable[..., Command]) -> None:
    """A sink that hangs holds the new rows up: the first Ctrl-C would wait for it, the second does not."""
    first = up()
    first.until("running")
    import_tickets(tmp_path / "data", 0, 500)
    first.signal(signal.SIGINT)
    first.status(10)
    (tmp_path / "edited.yaml").write_text(EDITED)
    second = up("--config", tmp_path / "edited.yaml")
    second.until("derived anew")
    hung = children(second.pid)
    for pid in hung:
        os.kill(pid, signal.SIGSTOP)
    second.signal(signal.SIGINT)
    second.until("ending")
    second.signal(signal.SIGINT)
    status = second.status(10)
    assert (status, [pid for pid in hung if is_alive(pid)]) == (0, [])


def test_what_was_answered_survives_kill_9_of_everything(tmp_path: Path, up: Callable[..., Command]) -> None:
    """The supervisor killed, then all at once: nothing outlives it, and on the same data every ticket is there."""
    data = tmp_path / "data"
    first = up()
    first.until("running")
    orphans = children(first.pid)
    answers = [import_tickets(data, 0, 50)]
    first.kill()
    wait_for(lambda: not any(map(is_alive, orphans)), lambda: f"{orphans} live on")
    second = up()
    second.until("running")
    answers.append(import_tickets(data, 50, 50))
    for pid in [second.pid, *children(second.pid)]:
        os.kill(pid, signal.SIGKILL)
    second.status()
    third = up()
    third.until("running")
    wait_for(lambda: tickets(data) == "100", lambda: f"{tickets(data)} of 100 tickets")
    assert answers == [202, 202]


def broken_key(data: Path) -> None:
    """Leave a key in the directory that is none."""
    data.mkdir()
    (data / "identity.key").write_text("no key")


def broken_state(data: Path) -> None:
    """Leave a state in the directory that nobody can read."""
    (data / "log").mkdir(parents=True)
    (data / "log" / "vsm.state.v1.sqlite").write_text("no database " * 1_000)


@pytest.mark.parametrize(
    ("breaks", "says"),
    [(broken_key, "identity.key must be hexadecimal"), (broken_state, "vsm.state.v1.sqlite: file is not a database")],
)
def test_a_process_that_cannot_start_is_told(tmp_path: Path, breaks: Callable[[Path], None], says: str) -> None:
    """Its last words are shown, with status 1, as soon as it is plain that trying again is of no use."""
    breaks(tmp_path / "data")
    done = vsm("up", "--data", tmp_path / "data", "--port", str(free_ports(1)[0]))
    assert (done.returncode, "did not come up; its last words:" in done.stderr, says in done.stderr) == (
        1, True, True,
    ), done.stderr  # fmt: skip


@pytest.fixture
def clickhouse(tmp_path: Path) -> Iterator[ClickHouseServer]:
    """A real ClickHouse."""
    server = ClickHouseServer(tmp_path / "clickhouse")
    server.start()
    yield server
    server.kill()


def test_a_password_is_not_shown(tmp_path: Path, up: Callable[..., Command], clickhouse: ClickHouseServer) -> None:
    """Neither printed nor in run.json, which others cannot read; and yet the tables can be asked with --data."""
    address = clickhouse.url.replace("://", "://vsm:planted-password@")
    command = up("--clickhouse", address)
    command.until("running")
    run = tmp_path / "data" / "run.json"
    shown = command.said() + run.read_text()
    asked = vsm("query", "SELECT 1 AS one", "--data", tmp_path / "data", "--format", "csv")
    assert ("planted-password" in shown, clickhouse.url in shown, stat.S_IMODE(run.stat().st_mode), asked.stdout) == (
        False, True, 0o600, "one\n1\n",
    ), asked.stderr  # fmt: skip
