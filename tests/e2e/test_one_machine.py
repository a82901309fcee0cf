"""The one-machine stack over its life: nobody is named, state is disposable, backups restore, releases upgrade."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from lab.planted import PLANTED
from lab.simulate import deliveries
from tests.builders.one_machine import END_MICROS, organisation, settle, tables
from tests.builders.release import copied
from vsm.cli import app
from vsm.one_machine.organisation import send
from vsm.store import open_store

pytestmark = pytest.mark.timeout(300)

TABLES_SQL = (
    "SELECT name FROM system.tables WHERE database = 'vsm' AND engine != 'MaterializedView' AND name NOT LIKE '%_as_of'"
)
SEED = 5
ITEMS = 30


@pytest.fixture(scope="module", autouse=True)
def _one_release(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let every process of this module run from one copy of the code, whatever is edited meanwhile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(copied(tmp_path_factory.mktemp("release")))
        yield


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Return a data directory after a run, at rest, and what its pages said."""
    root = tmp_path_factory.mktemp("used")
    with organisation(root) as stack:
        send(stack, deliveries(SEED, ITEMS, END_MICROS))
        settle(stack)
        pages = "".join(
            httpx.get(f"{stack.addresses['ingest']}{path}", timeout=10).text
            for path in ("/metrics", "/openapi.json", "/health/ready")
        )
    return root, pages


@pytest.fixture
def copy(used: tuple[Path, str], tmp_path: Path) -> Path:
    """Return a copy of the used directory to do something to."""
    return Path(shutil.copytree(used[0], tmp_path / "copy", symlinks=True))


def test_nobody_is_named(used: tuple[Path, str]) -> None:
    """No planted name, login or mail address is in any topic, table, log or page."""
    root, pages = used
    with open_store(root) as store:
        names = [str(row["name"]) for row in store.query(TABLES_SQL)]
        rows = "".join(str(store.ask(f"SELECT * FROM vsm.`{name}`").rows) for name in names)  # noqa: S608
    files = b"".join(path.read_bytes() for folder in ("log", "logs") for path in (root / folder).iterdir())
    seen = (pages + rows).encode() + files
    assert (b"commit.created" in files, [text for text in PLANTED if text.encode() in seen]) == (True, [])


def checksum(root: Path) -> str:
    """Return what `vsm checksum` says of a directory."""
    done = CliRunner().invoke(app, ["checksum", "--data", str(root)])
    assert done.exit_code == 0, done.output
    return done.output


def test_state_is_disposable(used: tuple[Path, str], copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Everything but the flow events deleted, the same tables come back; the time it took is printed."""
    before = checksum(used[0])
    shutil.rmtree(copy / "clickhouse")
    for path in (copy / "log").iterdir():
        if "flow-events" not in path.name:
            path.unlink()
    began = time.monotonic()
    with organisation(copy) as stack:
        settle(stack)
        took = time.monotonic() - began
        after = checksum(copy)
    with capsys.disabled():
        sys.stdout.write(f"\neverything rebuilt from the log in {took:.1f} s:\n{after}")
    assert (after, before.startswith("step_visits  0:")) == (before, False)


def test_a_backup_restores(used: tuple[Path, str], tmp_path: Path) -> None:
    """The tables of a restored directory are those of the one that was backed up."""
    run = CliRunner()
    archive, fresh = tmp_path / "vsm.tar.gz", tmp_path / "fresh"
    backed_up = run.invoke(app, ["backup", str(archive), "--data", str(used[0])])
    restored = run.invoke(app, ["restore", str(archive), "--data", str(fresh)])
    with organisation(fresh) as stack:
        settle(stack)
        found = tables(fresh)
    assert (backed_up.exit_code, restored.exit_code, found) == (0, 0, tables(used[0]))


def test_a_changed_definition_is_built_beside_the_old_one(copy: Path) -> None:
    """With a shorter route to live the views show one other definition; the old generation's rows are kept beside."""
    before = versions(copy, "step_visits_current")
    with organisation(copy, edit=lambda text: text.replace("[development, staging,", "[staging,")) as stack:
        settle(stack)
        shown, kept = versions(copy, "step_visits_current"), versions(copy, "step_visits_latest")
    assert (len(before), len(shown), shown == before, kept) == (1, 1, False, before | shown)


def versions(root: Path, table: str) -> set[object]:
    """Return the definition versions of a table's rows."""
    with open_store(root) as store:
        return {row["v"] for row in store.query(f"SELECT DISTINCT definition_version AS v FROM vsm.{table}")}  # noqa: S608
