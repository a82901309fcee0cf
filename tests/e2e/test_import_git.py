"""A whole repository's history through the running stack: `VSM_REPOSITORY` names a real one, else one is made."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.builders.one_machine import END_MICROS, organisation, settle, tables
from vsm.cli import app
from vsm.store import open_store

pytestmark = pytest.mark.timeout(300)

CHANGES = 900
SIDE = "refs/heads/side"
START = END_MICROS // 1_000_000 - 2 * CHANGES * 3_600


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the repository."""
    if real := os.environ.get("VSM_REPOSITORY"):
        return Path(real)
    path = tmp_path_factory.mktemp("history")
    subprocess.run(["git", "-C", str(path), "init", "-q", "-b", "main"], check=True)
    said = b"".join(history())
    subprocess.run(["git", "-C", str(path), "fast-import", "--quiet"], input=said, check=True)
    return path


def history() -> Iterator[bytes]:
    """Yield 2,100 commits for git's fast-import: side branches of two that are merged, squashed ones, tags."""
    for number in range(1, CHANGES + 1):
        at = START + number * 7_200
        if number % 3:
            yield commit(SIDE, at - 3_600, "One step", main=number > 1)
            yield commit(SIDE, at - 1_800, "Another step")
            yield commit("refs/heads/main", at, f"Merge pull request #{number} from acme/side", merges=SIDE)
            yield b"reset refs/heads/side\n\n"
        else:
            yield commit("refs/heads/main", at, f"Tidy (#{number})")
        if number % 50 == 0:
            yield f"reset refs/tags/v{number // 50}\nfrom refs/heads/main\n\n".encode()


def commit(ref: str, at: int, message: str, *, main: bool = False, merges: str = "") -> bytes:
    """Return one commit; `main`: begun from the main line."""
    who = f"Planted Alder <planted.alder@people.invalid> {at} +0000"
    ends = ("from refs/heads/main\n" if main else "") + (f"merge {merges}\n" if merges else "")
    return f"commit {ref}\nauthor {who}\ncommitter {who}\ndata {len(message)}\n{message}\n{ends}\n".encode()


def test_a_history_of_thousands_of_commits_comes_through_twice_the_same(repository: Path, tmp_path: Path) -> None:
    """Everything is taken, what is released is done and has left every step, and a second import changes nothing."""
    arguments = ["import", "git", str(repository), "--stream", "platform", "--data", str(tmp_path)]
    said, seen = [], []
    with organisation(tmp_path) as stack:
        for _ in range(2):
            said.append(CliRunner().invoke(app, arguments).output)
            settle(stack)
            seen.append(tables(tmp_path))
        with open_store(tmp_path) as store:
            row = store.ask(COUNTS).rows[0]
    commits, tags, items, done, left_open = (int(str(n)) for n in row)
    assert (said[0], seen[0]) == (said[1], seen[1])
    assert commits > 2_000, said
    assert (tags > 10, items > 500, done > items // 2, left_open) == (True, True, True, 0), row


COUNTS = """
SELECT (SELECT uniqExact(subject_id) FROM vsm.flow_events WHERE type = 'commit.created'),
       (SELECT count() FROM vsm.deployments_current),
       (SELECT count() FROM vsm.work_items_current),
       (SELECT countIf(finished_at IS NOT NULL) FROM vsm.work_items_current),
       (SELECT count() FROM vsm.step_visits_current AS v
        JOIN vsm.work_items_current AS i ON v.item_id = i.item_id
        WHERE v.finished_at IS NULL AND i.finished_at IS NOT NULL)
"""
"""Commits, deployments, items, items that are done, and visits that these have open still."""
