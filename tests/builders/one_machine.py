"""A one-machine stack for tests: real processes on a directory of their own, under a pinned clock."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx

from vsm.data_dir import DataDir
from vsm.one_machine.organisation import prepare
from vsm.one_machine.ports import free_ports
from vsm.one_machine.settling import wait_until_settled
from vsm.one_machine.stack import Plan, Stack, running
from vsm.store import open_store

CLOCK: Final = "2026-01-01T00:00:00+00:00"
END_MICROS: Final = 1_767_225_600_000_000
TABLES: Final = ("step_visits", "work_items", "changes", "deployments", "incidents")
_TELEMETRY: Final = ("vsm_ingest_", "vsm_processors_", "vsm_sinks_")


@contextmanager
def organisation(
    root: Path,
    clock: str = CLOCK,
    edit: Callable[[str], str] = lambda text: text,
    *,
    rebuild: bool = True,
    **plan: str,
) -> Iterator[Stack]:
    """Run the organisation's stack on `root`, its definition edited; may be entered again on the same root.

    `rebuild`: wait until the rows of a changed definition are shown.
    """
    folder = DataDir(root)
    config = prepare(folder)
    config.write_text(edit(config.read_text(encoding="utf-8")), encoding="utf-8")
    planned = Plan(config=config, port=free_ports(1)[0], clock=clock, **plan)
    with folder.held(), running(folder, planned) as stack:
        if rebuild:
            stack.show_rebuilt()
        yield stack


def settle(stack: Stack) -> None:
    """Wait until everything sent is in the tables and on the page."""
    wait_until_settled(stack.addresses, seconds=100)


def tables(root: Path, *without: str) -> Mapping[str, list[tuple[object, ...]]]:
    """Return the rows of every `_current` table, sorted; `revision`, `known_at` and some columns left out."""
    left_out = ", ".join(("revision", "known_at", *without))
    found = {}
    with open_store(root) as store:
        for table in TABLES:
            answer = store.ask(f"SELECT * EXCEPT ({left_out}) FROM vsm.{table}_current ORDER BY ALL")  # noqa: S608
            found[table] = [tuple(row) for row in answer.rows]
    return found


def gauges(stack: Stack) -> list[str]:
    """Return the sorted samples of the metrics page, what processes say of themselves left out."""
    page = httpx.get(stack.addresses["metrics"], timeout=10).text
    return sorted(line for line in page.splitlines() if line.startswith("vsm_") and not line.startswith(_TELEMETRY))


def kill_everything(stack: Stack) -> None:
    """Kill -9 every process of the stack and wait until it stands again."""
    before = dict(stack.pids())
    for pid in before.values():
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        now = stack.pids()
        if all(now[name] not in (None, before[name]) for name in before) and _ready(stack):
            return
        time.sleep(0.1)
    raise AssertionError("the stack did not come back")


def _ready(stack: Stack) -> bool:
    try:
        return all(
            httpx.get(f"{stack.addresses[name]}/health/ready", timeout=2).is_success
            for name in ("ingest", "process", "sink", "board")
        )
    except httpx.TransportError:
        return False
