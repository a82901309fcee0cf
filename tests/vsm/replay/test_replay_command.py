"""What `vsm replay` takes for times, and where it does not go on."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from msgspec.structs import replace
from typer.testing import CliRunner

from tests.vsm.replay.test_claiming import OLD, TICKETS, logged
from vsm.cli import app
from vsm.replay.progress import Plan, Progress
from vsm.replay.replaying import Both

T0: Final = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp()) * 1_000_000
OLD_FILE: Final = (
    "version: 1\nvalue_streams:\n"
    "  - {name: one, select: [{project: jira/A}]}\n"
    '  - {name: all, select: [{project: "jira/[AB]"}]}\n'
)


def asked(root: Path, *more: str) -> dict[str, Any]:
    """Replay a log under the file that routed it, and return the difference."""
    given = ["--data", str(root), "--live", str(root / "old.yaml"), "--config", str(root / "old.yaml"), "--json", *more]
    result = CliRunner().invoke(app, ["replay", *given])
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)["difference"]
    return found


@pytest.fixture
def rooted(tmp_path: Path) -> Path:
    """A directory with the log of three tickets, received 1.0, 1.5 and 2 seconds after the first instant."""
    (tmp_path / "old.yaml").write_text(OLD_FILE, encoding="utf-8")
    told = [replace(event, received_at=T0 + at) for event, at in zip(TICKETS, (0, 500_000, 1_000_000), strict=True)]
    logged(tmp_path / "log", OLD, told).close()
    return tmp_path


@pytest.mark.parametrize(
    ("since", "events"),
    [
        ("2026-03-02T00:00:00Z", 4),
        ("2026-03-02T00:00:00.25Z", 2),
        ("2026-03-02T01:00:00.5+01:00", 2),
        ("2026-03-02T00:00:01", 1),
    ],
)
def test_since_takes_what_came_then_or_later(rooted: Path, since: str, events: int) -> None:
    """To the microsecond, in any zone; a time that names none is UTC."""
    assert asked(rooted, "--since", since)["events"] == events


@pytest.mark.parametrize("clock", ["2026-03-02T12:00:00Z", "2026-03-02T13:00:00+01:00", "2026-03-02T12:00:00"])
def test_the_clock_is_read_in_its_zone(rooted: Path, clock: str) -> None:
    """One instant, however it is written, is where both sides are measured."""
    assert asked(rooted, "--clock", clock)["measured_at"] == T0 + 12 * 3_600_000_000


def test_what_was_read_of_one_log_is_not_gone_on_with_in_another(tmp_path: Path) -> None:
    """A replay of the same definitions, killed on another log, is begun anew."""
    plans = [
        Plan(derived_by=("1",), since=None, starts={0: 0}, log=log) for log in ("one:9092", "two:9092", "two:9092")
    ]
    resumed = []
    for plan in plans:
        progress, both = Progress(tmp_path / "p", plan), Both(OLD, OLD)
        resumed.append(progress.resume(both, {0: 9}))
        progress.read(both, 0, 4)
        progress.keep(both)
    assert resumed == [{}, {}, {0: 5}]
