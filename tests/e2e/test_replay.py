"""A changed definition replayed beside the live one: the difference, the swap under everybody's eyes, the way back."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import msgspec
import pytest

from lab.simulate import deliveries
from schemas.codec import Codec
from schemas.definition_file import load
from schemas.log_local import LocalLog
from sinks.clickhouse.checksum import checksums
from tests.builders.command import addresses, ended, running, wait_for
from tests.builders.one_machine import CLOCK, END_MICROS, organisation, settle
from vsm.data_dir import DataDir
from vsm.one_machine.organisation import send
from vsm.one_machine.ports import free_ports
from vsm.one_machine.settling import wait_until_settled
from vsm.replay.claiming import Claiming, Routed
from vsm.replay.replaying import Compared
from vsm.store import open_store

pytestmark = pytest.mark.timeout(300)


_OWNER = "    owner: team-search\n"
CHANGES: Mapping[str, tuple[str, str]] = {
    "step": ("[development, staging,", "[staging,"),
    "calendar": (_OWNER, f'{_OWNER}    calendar: {{zone: UTC, hours: "Mon-Fri 09:00-17:00"}}\n'),
    "dialect": (_OWNER, f"{_OWNER}    dialect: dora-2021\n"),
    "selector": ('{project: "jira/SRC"}', '{project: "jira/*"}'),
}


def replay(root: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    return ended(("replay", "--data", root, *more), {"VSM_CLOCK": CLOCK}, seconds=200)


def edited(root: Path, what: str) -> Path:
    """Write a changed definition beside the one in use."""
    new = root / "new.yaml"
    new.write_text(DataDir(root).config.read_text(encoding="utf-8").replace(*CHANGES[what]), encoding="utf-8")
    return new


def sums(root: Path) -> dict[str, str]:
    """Return the checksums of the tables shown."""
    with open_store(root) as store:
        return dict(checksums(lambda sql: store.ask(sql).rows))


def shown(root: Path) -> list[int]:
    """Return the generations that were shown, one after another."""
    with open_store(root) as store:
        return [
            int(str(row["generation"]))
            for row in store.query("SELECT generation FROM vsm.activations FINAL ORDER BY activated_at")
        ]


def standing(root: Path) -> list[int]:
    """Return the generations that have rows."""
    with open_store(root) as store:
        found = store.query("SELECT DISTINCT generation FROM vsm.work_items_latest ORDER BY generation")
    return [int(str(row["generation"])) for row in found]


class Boards:
    """Asks tables, metrics page and read API without a pause, and counts answers that were empty or never came.

    It knocks at the ingester's door too; an answer that never comes ends it.
    """

    def __init__(self, root: Path) -> None:
        self.answers = 0
        self.empty: list[tuple[int, bool, bool, bool]] = []
        self._ended = False
        self._root = root
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def stop(self) -> tuple[bool, list[tuple[int, bool, bool, bool]]]:
        """End it; return whether it asked to the end, and the empty answers: number, had rows, gauges, a map."""
        self._over.set()
        self._thread.join()
        return self._ended, self.empty

    def _look(self) -> None:
        at = addresses(self._root)
        page, board, door = f"{at['sink']}/metrics", f"{at['board']}/api/v1/map/search", f"{at['ingest']}/health/ready"
        with open_store(self._root) as store:
            while not self._over.wait(0.05):
                self.answers += 1
                rows = store.query("SELECT count() AS n FROM vsm.work_items_current")[0]["n"]
                gauges = "vsm_flow_load{" in httpx.get(page, timeout=10).text
                found = all(httpx.get(asked, timeout=30).is_success for asked in (board, door))
                if not (rows and gauges and found):
                    self.empty.append((self.answers, bool(rows), gauges, found))
        self._ended = True


@contextmanager
def lived(root: Path) -> Iterator[None]:
    """Run the organisation as people do, with some weeks behind it."""
    with organisation(root) as stack:
        send(stack, deliveries(5, 30, END_MICROS))
        settle(stack)
    config = DataDir(root).config
    with running(root / "up.log", *up(root, config), VSM_CLOCK=CLOCK) as command:
        try:
            command.until("running")
            yield
        finally:
            command.signal(signal.SIGTERM)
            command.status()


def up(root: Path, config: Path) -> tuple[str | Path, ...]:
    """Return the command that starts a stack."""
    return "up", "--data", root, "--config", config, "--port", str(free_ports(1)[0])


def settled(root: Path) -> None:
    """Wait until everything is in the tables."""
    wait_until_settled(addresses(root), seconds=100)


@pytest.mark.parametrize("what", ["step", "selector"])
def test_a_swap_leaves_no_gap_and_can_be_taken_back(tmp_path: Path, what: str) -> None:
    """While boards are asked without a pause a change is swapped in and back: never empty, the same as before.

    With a wider selector copies come, and are left again by going back. The rows of before are shown at once, then
    those derived anew; what is dropped is gone.
    """
    with lived(tmp_path):
        settled(tmp_path)
        before, boards = sums(tmp_path), Boards(tmp_path)
        told = replay(tmp_path, "--config", str(edited(tmp_path, what)), "--swap")
        settled(tmp_path)
        swapped = sums(tmp_path)
        back = replay(tmp_path, "--back")
        wait_for(lambda: shown(tmp_path)[-1] == 3, lambda: str(shown(tmp_path)), seconds=150)  # derived anew
        settled(tmp_path)
        looked = boards.stop()
        again, were = sums(tmp_path), shown(tmp_path)
        dropped = replay(tmp_path, "--drop", "next")
        stand = standing(tmp_path)
    assert (looked, swapped != before, again == before, were, stand) == (
        (True, []), True, True, [1, 2, 1, 3], [3],
    ), told.stderr + back.stderr + dropped.stderr + str(looked)  # fmt: skip


@pytest.mark.parametrize("what", ["step", "calendar", "dialect", "selector"])
def test_the_difference_says_what_a_change_does(tmp_path: Path, what: str) -> None:
    """Each kind of change makes some series differ and leaves others equal; the difference is kept."""
    with organisation(tmp_path) as stack:
        send(stack, deliveries(5, 12, END_MICROS))
        settle(stack)
    made = replay(tmp_path, "--config", str(edited(tmp_path, what)), "--json")
    shown = replay(tmp_path, "--json")
    assert made.stdout == shown.stdout, made.stderr + shown.stderr
    found = msgspec.json.decode(made.stdout, type=Compared).difference
    assert (bool(found.series), found.equal_series > 0) == (True, True), made.stdout[:2_000]


def test_a_stack_killed_in_a_swap_swaps_when_it_is_started_again(tmp_path: Path) -> None:
    """Killed while the log was to be routed anew, and started with the new file, it it has, and shows the rows."""
    with organisation(tmp_path) as stack:
        send(stack, deliveries(5, 12, END_MICROS))
        settle(stack)
    folder, new = DataDir(tmp_path), edited(tmp_path, "selector")
    replay(tmp_path, "--config", str(new))
    waits = ("replay", "--data", tmp_path, "--as", "next", "--swap")
    with running(tmp_path / "up.log", *up(tmp_path, folder.config), VSM_CLOCK=CLOCK) as first:
        first.until("running")
        with running(tmp_path / "swap.log", *waits):
            unrouted = tmp_path / "replays" / "unrouted"
            wait_for(unrouted.exists, first.said, seconds=100)
            first.kill()
    with running(tmp_path / "again.log", *up(tmp_path, new), VSM_CLOCK=CLOCK) as second:
        wait_for(lambda: "running" in second.said(), second.said, seconds=200)
        settled(tmp_path)
        found = shown(tmp_path)
        second.signal(signal.SIGTERM)
        second.status()
    with closing(LocalLog(folder.log)) as log:
        left = Claiming(log, Codec(), load(new), END_MICROS).route()
    assert (found, left, unrouted.exists()) == ([1, 2], Routed(gained=0, left=0), False)
