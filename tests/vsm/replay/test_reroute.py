"""`vsm reroute` as it is run: the log says what a replay made, once, and what cannot be routed says why."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from schemas.definition_file import load
from schemas.log_local import LocalLog
from tests.vsm.replay.test_claiming import held, logged, replayed, rows
from tests.vsm.replay.test_replay_command import OLD_FILE
from vsm.cli import app


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A directory whose log was routed by its own file, and new.yaml, whose stream `one` claims another project."""
    (tmp_path / "value-streams.yaml").write_text(OLD_FILE, encoding="utf-8")
    (tmp_path / "new.yaml").write_text(OLD_FILE.replace("jira/A}", "jira/B}"), encoding="utf-8")
    logged(tmp_path / "log", load(tmp_path / "value-streams.yaml")).close()
    return tmp_path


def reroute(root: Path, *more: str) -> tuple[int, str]:
    """Run the command; return its status and what it said."""
    result = CliRunner().invoke(app, ["reroute", "--data", str(root), *more])
    return result.exit_code, result.output.replace("\n", " ").strip()


def test_the_log_is_routed_by_the_file_once(root: Path) -> None:
    """A copy comes and a fact is left; the second time there is nothing to do, and the rows are those of a replay."""
    new = load(root / "new.yaml")
    with closing(LocalLog(root / "log")) as log:
        expected = replayed(held(log), new)
    said = [reroute(root, "--config", str(root / "new.yaml")) for _ in range(2)]
    with closing(LocalLog(root / "log")) as log:
        found = rows(held(log), new)
    assert (said, found) == (
        [(0, "1 copies appended, 1 facts left by a stream"), (0, "0 copies appended, 0 facts left by a stream")],
        expected,
    )


def test_without_a_file_the_one_in_use_routes(root: Path) -> None:
    """The directory's own file routes the log as it was routed when it came, so nothing is said."""
    assert reroute(root) == (0, "0 copies appended, 0 facts left by a stream")


def test_going_back_is_routed_too(root: Path) -> None:
    """The file of before brings back what a stream had left, and takes what it had gained."""
    reroute(root, "--config", str(root / "new.yaml"))
    old = load(root / "value-streams.yaml")
    said = reroute(root)
    with closing(LocalLog(root / "log")) as log:
        assert (said[0], rows(held(log), old)) == (0, replayed(held(log), old))


@pytest.mark.parametrize(
    ("place", "more", "told"),
    [
        ("nowhere", (), "holds no log"),
        ("", ("--config", "missing.yaml"), "missing.yaml"),
        ("", ("--kafka", "127.0.0.1:1", "--kafka-settings", "missing.properties"), "missing.properties"),
    ],
)
def test_what_cannot_be_routed_is_told(root: Path, place: str, more: tuple[str, ...], told: str) -> None:
    """A directory without a log, and files that are not there, end it with a status and a reason."""
    status, said = reroute(root / place, *more)
    assert (status > 0, told in said) == (True, True), said
