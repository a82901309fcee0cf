"""A demo that has run: what people asked of it while it was up, and its data at rest."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest
from msgspec import Struct

from tests.builders.command import running, vsm
from vsm.one_machine.ports import free_ports

QUERIES: Final = {
    "of the readme": "SELECT step, count() FROM step_visits_current GROUP BY step ORDER BY step",
    "of the database": "SELECT value_stream, count() FROM vsm.work_items_current GROUP BY ALL ORDER BY ALL",
    "of names": "SHOW TABLES",
    "wrong": "SELECT nothing FROM nowhere",
    "odd": "SELECT 'root:x:0:0' AS login, '[main]' AS branch, '[/]' AS root, NULL AS none, repeat('long ', 60) AS text",
}


class Ran(Struct, frozen=True):
    """The directory of a demo that has ended, and the answers to `QUERIES` while it was up."""

    data: Path
    while_up: Mapping[str, subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A demo of 60 work items."""
    data = tmp_path_factory.mktemp("demo") / "data"
    port = str(free_ports(1)[0])
    with running(data.parent / "demo.log", "demo", "--data", data, "--items", "60", "--port", port) as demo:
        demo.until("it stays up")
        while_up = {name: vsm("query", sql, "--data", data) for name, sql in QUERIES.items()}
        demo.signal(signal.SIGINT)
        demo.status()
    return Ran(data, while_up)
