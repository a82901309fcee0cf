"""What processes say on their way down: JSON, and no secret."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from sinks.clickhouse.client import connect
from sinks.clickhouse.migrate import apply
from tests.builders.clickhouse_server import ClickHouseServer
from tests.builders.ingester import CONFIG, free_port
from vsm.logs import redacted

PASSWORD = "hunter2-of-the-store"


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseServer]:
    """A server whose database a newer release has migrated: no sink of ours may write there."""
    server = ClickHouseServer(tmp_path_factory.mktemp("newer"))
    server.start()
    store = connect(server.url)
    apply(store)
    store.command("INSERT INTO vsm.schema_migrations (number, name, checksum) VALUES (999, '999_newer.sql', 'x')")
    store.close()
    yield server
    server.kill()


def ended(folder: Path, *command: str, **environment: str) -> tuple[int, str]:
    """Run a `vsm` command to its end and return its status and everything it said."""
    done = subprocess.run(
        [sys.executable, "-m", "vsm", *command],
        env={**{name: value for name, value in os.environ.items() if not name.startswith("VSM_")}, **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def with_password(server: ClickHouseServer) -> str:
    """Return the server's address with a user and the password in it."""
    return server.url.replace("://", f"://vsm:{PASSWORD}@")


@pytest.fixture(scope="module")
def failing_sink(newer: ClickHouseServer, tmp_path_factory: pytest.TempPathFactory) -> tuple[int, str]:
    """Return how a sink ended that can never write, and what it said."""
    folder = tmp_path_factory.mktemp("sink")
    ports = {"VSM_SINK_PORT": str(free_port())}
    return ended(folder, "sink", VSM_DATA=str(folder), VSM_CLICKHOUSE=with_password(newer), **ports)


def test_a_failing_sink_logs_its_reason_and_no_password(failing_sink: tuple[int, str]) -> None:
    """The traceback says why it ended; variables, and so the address, are not in it."""
    code, said = failing_sink
    assert (code, "newer release" in said, PASSWORD in said) == (1, True, False)


def test_every_line_of_a_failing_sink_is_json(failing_sink: tuple[int, str]) -> None:
    """Whoever collects logs reads every line, the last one too."""
    events = [json.loads(line)["event"] for line in failing_sink[1].splitlines()]
    assert events[-1] == "process failed"


def test_a_failing_processor_logs_its_reason_as_json(tmp_path: Path) -> None:
    """A worker that cannot start, for the log is a file of another kind, says so in a line of JSON and ends with 1."""
    (tmp_path / "log").write_text("no directory")
    (tmp_path / "value-streams.yaml").write_text(CONFIG)
    code, said = ended(tmp_path, "process", VSM_DATA=str(tmp_path))
    last: Mapping[str, str] = json.loads(said.splitlines()[-1])
    assert (code, last["event"], last["process"], "Traceback" in last["exception"]) == (
        1,
        "process failed",
        "process",
        True,
    )


def test_a_failing_command_shows_no_password(newer: ClickHouseServer, tmp_path: Path) -> None:
    """`vsm migrate` on a database that is not ours to change says why, in one line, without the address's password."""
    code, said = ended(tmp_path, "migrate", "--clickhouse", with_password(newer))
    assert (code, len(said.splitlines()), "newer release" in said, PASSWORD in said) == (1, 1, True, False)


@pytest.mark.parametrize("url", ["http://vsm:hunter2-of/the-store@127.0.0.1:1", "127.0.0.1:8123"])
def test_a_wrong_address_is_wrong_use_and_not_repeated(tmp_path: Path, url: str) -> None:
    """A sink told of no address says which variable is wrong, and ends so that nobody starts it again."""
    code, said = ended(tmp_path, "sink", VSM_DATA=str(tmp_path), VSM_CLICKHOUSE=url)
    assert (code, said.split(":")[0], "hunter2" in said) == (2, "VSM_CLICKHOUSE", False)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("no answer of http://vsm:secret@h:1/x?y", "no answer of http://vsm:***@h:1/x?y"),
        ("'https://:a@b@h' and kafka://u:p%40@h", "'https://:***@h' and kafka://u:***@h"),
        ("http://h:8123/@x and a:b@c", "http://h:8123/@x and a:b@c"),
    ],
)
def test_passwords_of_urls_are_redacted(text: str, shown: str) -> None:
    """In whatever is logged, a URL keeps all but its password."""
    assert redacted(text) == shown
