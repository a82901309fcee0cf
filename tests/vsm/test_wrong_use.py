"""What a command says when it cannot do its work: one line that says what and where, and a status."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.builders.command import vsm
from tests.builders.ingester import KEY

BAD_LINE = '{"tool": "github", "body": {}}\n{"tool": 5, "body": {}}\n'
BAD_BASE64 = '{"tool": "github", "body_b64": "%%%"}\n'
BAD_STREAMS = "version: 1\nvalue_streams:\n  - {name: a, select: ['*'], onwer: me}\n"
ROWS = "case,task,at,phase\n1,Sign,2026-01-02,start\n"
CSV = ("import", "csv", "rows.csv", "--stream", "a", "--case", "case", "--activity", "task", "--time", "at")
CLUSTER = {"VSM_IDENTITY_KEY": KEY, "VSM_DATA": "data"}

CASES: Mapping[str, tuple[tuple[str, ...], Mapping[str, str], int, str]] = {
    "a bad line of a recording": (("send", "bad.jsonl"), {}, 1, "bad.jsonl:2: Expected `str`, got `int` - at `$.tool`"),
    "bad base64 in a recording": (("send", "base64.jsonl"), {}, 1, "base64.jsonl:1: "),
    "no recording": (("send", "none.jsonl"), {}, 1, "none.jsonl: No such file or directory"),
    "no file whose secrets sign": (("send", "bad.jsonl", "--config", "none.yaml"), {}, 1, "none.yaml: No such file or"),
    "no file to trace by": (("trace", "x", "--config", "none.yaml"), {}, 1, "none.yaml: No such file or directory"),
    "no ClickHouse": (
        ("migrate", "--clickhouse", "http://127.0.0.1:1"), {}, 1, "http://127.0.0.1:1 cannot be migrated now: is Click",
    ),
    "no address of ClickHouse": (("migrate", "--clickhouse", "nowhere"), {}, 2, "--clickhouse is not an address of"),
    "up with no address": (("up", "--clickhouse", "nowhere"), {}, 2, "--clickhouse is not an address of the form"),
    "no file for process": (("process",), {**CLUSTER, "VSM_CONFIG": "none.yaml"}, 2, "none.yaml: No such file or dir"),
    "no file for ingest": (("ingest",), {**CLUSTER, "VSM_CONFIG": "none.yaml"}, 2, "none.yaml: No such file or dir"),
    "a bad file for process": (
        ("process",), {**CLUSTER, "VSM_CONFIG": "bad.yaml"}, 2, "bad.yaml:3:30: value_streams[0].onwer: unknown key",
    ),
    "a bad file for ingest": (
        ("ingest",), {**CLUSTER, "VSM_CONFIG": "bad.yaml"}, 2, "bad.yaml:3:30: value_streams[0].onwer: unknown key",
    ),
    "a bad file for up": (("up", "--config", "bad.yaml"), {}, 1, "bad.yaml:3:30: value_streams[0].onwer: unknown"),
    "a bad setting": (("sink",), {"VSM_SINK_PORT": "no"}, 2, "VSM_SINK_PORT: Input should be a valid integer"),
    "two ways of telling starts": (
        (*CSV, "--start", "at", "--lifecycle", "phase"), {}, 2, "--start and --lifecycle exclude each other",
    ),
    "no such column": ((*CSV[:-1], "when"), {}, 1, "rows.csv: row 1: there is no column 'when'; columns: case, task"),
    "no such column to print": (
        (*CSV[:7], "--activity", "what", "--time", "at", "--print-steps"), {}, 1, "rows.csv: row 1: there is no column",
    ),
    "no tables": (("query", "SELECT 1", "--data", "nowhere"), {}, 1, "nothing is stored in "),
}  # fmt: skip
"""Command, environment, status, how the line begins (a folder before a file's name is left aside)."""


@pytest.fixture
def room(tmp_path: Path) -> Path:
    """A folder with files that are wrong in one way each."""
    (tmp_path / "bad.jsonl").write_text(BAD_LINE)
    (tmp_path / "base64.jsonl").write_text(BAD_BASE64)
    (tmp_path / "bad.yaml").write_text(BAD_STREAMS)
    (tmp_path / "rows.csv").write_text(ROWS)
    return tmp_path


@pytest.mark.parametrize("case", CASES)
def test_it_is_told_in_one_line(room: Path, case: str) -> None:
    """On stderr, with what to mend; nothing on stdout, no traceback, and the status of what kind of fault it is."""
    arguments, told, status, begins = CASES[case]
    done = vsm(*arguments, cwd=room, **told)
    lines = [line.removeprefix(f"{room}/") for line in done.stderr.splitlines()]
    assert (done.returncode, len(lines), done.stdout) == (status, 1, ""), done.stderr
    assert lines[0].startswith(begins)


def test_without_a_kafka_topics_are_not_applied(room: Path) -> None:
    """The address, and what to look at."""
    done = vsm("topics", "apply", "--kafka", "127.0.0.1:1", cwd=room)
    said = done.stderr
    assert (done.returncode, said.startswith("127.0.0.1:1: "), "is Kafka running there" in said) == (1, True, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ("send", "bad.jsonl", "--to", "localhost"),
        ("up", "--port", "70000"),
        ("map",),
        ("import", "git", "."),
        ("nope",),
    ],
    ids=["address", "port", "argument", "option", "command"],
)
def test_wrong_use_has_a_status_of_its_own(room: Path, arguments: tuple[str, ...]) -> None:
    """What the command line does not understand ends with 2."""
    assert vsm(*arguments, cwd=room).returncode == 2


def test_a_recording_is_looked_at_before_it_is_sent(room: Path) -> None:
    """With a bad line in it nobody is even asked for: the line is told, not that nobody answers."""
    done = vsm("send", "bad.jsonl", "--to", "http://127.0.0.1:1", cwd=room)
    assert (done.returncode, "bad.jsonl:2" in done.stderr) == (1, True)
