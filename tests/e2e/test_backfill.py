"""A month that is backfilled is the month received live, to the tables; what is missing is found and filled."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from msgspec import Struct
from typer.testing import CliRunner, Result

from schemas.definition_file import load
from tests.builders.one_machine import organisation, settle, tables
from tests.builders.pasts import PLACES, received
from tests.builders.recorded_api import Api, Trouble, recording, serving
from vsm.cli import app
from vsm.commands.send import source_secrets
from vsm.one_machine.stack import Stack
from vsm.sender import Recorded, play

pytestmark = pytest.mark.timeout(300)

Tables = Mapping[str, list[tuple[object, ...]]]

TOOLS: Final = {"github": "github/api", "gitlab": "gitlab/api", "jira": "jira/cloud"}
CLOCK: Final = "2026-04-01T00:00:00+00:00"
MONTH: Final = ("--since", "2026-03-01", "--until", "2026-04-01", "--source", "acme")
DEFINITION: Final = """\
version: 1
sources:
  - {tool: github, name: acme, secret: {value: planted-1}}
  - {tool: gitlab, name: acme, secret: {value: planted-2}}
  - {tool: jira, name: acme, secret: {value: planted-3}}
services:
  - {service: tests, repositories: ["github.example.com/acme/shop"], paths: ["tests/**"]}
value_streams:
  - name: shop
    select:
      - "*"
"""
LIMITED: Final = Trouble(status=403, headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"})
TROUBLES: Final = {3: [Trouble(status=502)], 9: [Trouble(status=429, headers={"Retry-After": "1"})], 20: [LIMITED]}


@contextmanager
def stack_on(root: Path) -> Iterator[Stack]:
    """Run a stack with one stream that claims everything of three tools."""
    with organisation(root, CLOCK, lambda _: DEFINITION) as stack:
        yield stack


@pytest.fixture(scope="module")
def apis() -> Iterator[Mapping[str, Api]]:
    """Serve the three APIs, with a failure and limits among their answers."""
    with ExitStack() as serves:
        yield {tool: serves.enter_context(serving(recording(name), TROUBLES)) for tool, name in TOOLS.items()}


def send(stack: Stack, *, but_every: int | None = None) -> None:
    """Send what was received live, all of it but for each `but_every`-th delivery."""
    hooks = [(tool, one) for tool in TOOLS for one in received(f"{tool}/live")]
    kept = [hook for number, hook in enumerate(hooks, start=1) if but_every is None or number % but_every]
    recorded = [
        Recorded(tool=tool, source="acme", headers=dict(one.headers(tool)), body=one.body) for tool, one in kept
    ]
    played = asyncio.run(play(recorded, stack.addresses["ingest"], source_secrets(load(stack.config))))
    assert played.refused == []
    settle(stack)


def run(command: str, root: Path, apis: Mapping[str, Api], *more: str) -> Sequence[Result]:
    """Run a command for each tool."""
    return [
        CliRunner().invoke(
            app, [command, tool, "--project", PLACES[tool], *MONTH, "--api", api.address, "--data", str(root), *more]
        )
        for tool, api in apis.items()
    ]


class Backfilled(Struct, frozen=True):
    """The tables after one backfill and after another, and what the commands said."""

    once: Tables
    twice: Tables
    said: Sequence[Result]
    left: Sequence[Path]


class Filled(Struct, frozen=True):
    """What three comparisons of a log with gaps said, and the tables once they were filled."""

    before: Sequence[Mapping[str, Any]]
    after: Sequence[Mapping[str, Any]]
    text: str
    doctor: str
    refused: tuple[int, bool]
    tables: Tables


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """Return the tables of the month received live."""
    root = tmp_path_factory.mktemp("live")
    with stack_on(root) as stack:
        send(stack)
        return tables(root)


@pytest.fixture(scope="module")
def backfilled(apis: Mapping[str, Api], tmp_path_factory: pytest.TempPathFactory) -> Backfilled:
    """Return the tables of the month as the APIs tell it."""
    root = tmp_path_factory.mktemp("backfilled")
    with stack_on(root) as stack:
        said = run("backfill", root, apis)
        settle(stack)
        once = tables(root)
        said = [*said, *run("backfill", root, apis)]
        settle(stack)
        return Backfilled(once, tables(root), said, list((root / "backfill").iterdir()))


@pytest.fixture(scope="module")
def filled(apis: Mapping[str, Api], tmp_path_factory: pytest.TempPathFactory) -> Filled:
    """Return what became of a log that lacks each third delivery."""
    root = tmp_path_factory.mktemp("filled")
    with stack_on(root) as stack:
        send(stack, but_every=3)
        wrong = root / "wrong.yaml"
        wrong.write_text(DEFINITION.replace("planted-", "wrong-"))
        ended = run("reconcile", root, apis, "--fill", "--config", str(wrong))[0]
        refused = ended.exit_code, (root / "reconciled").exists()
        before = [json.loads(result.stdout) for result in run("reconcile", root, apis, "--format", "json")]
        text = "".join(result.stdout for result in run("reconcile", root, apis, "--fill"))
        settle(stack)
        after = [json.loads(result.stdout) for result in run("reconcile", root, apis, "--format", "json")]
        doctor = CliRunner().invoke(app, ["doctor", "--data", str(root)]).stdout
        return Filled(before, after, text, doctor, refused, tables(root))


def test_a_comparison_that_was_cut_off_is_not_noted(filled: Filled) -> None:
    """Where the ingester refuses what is sent, the rest was not compared: no completeness is told of a part."""
    assert filled.refused == (1, False)


def test_a_backfilled_month_is_the_month_received_live(live: Tables, backfilled: Backfilled) -> None:
    """Every row of every table."""
    counts = {name: len(rows) > 0 for name, rows in live.items()}
    assert (counts, backfilled.once) == (dict.fromkeys(live, True), live)


def test_a_second_backfill_changes_nothing(live: Tables, backfilled: Backfilled) -> None:
    """The same deliveries again are the same facts, and both runs end well and leave nothing behind."""
    statuses = [result.exit_code for result in backfilled.said]
    assert (backfilled.twice, statuses, backfilled.left) == (live, [0] * 6, [])


def test_what_is_missing_is_found(filled: Filled) -> None:
    """Each tool lacks something, has something, and names the subjects that miss a fact."""
    ratios = [found["completeness_ratio"] for found in filled.before]
    missing = [any(kind["missing"] for kind in found["kinds"].values()) for found in filled.before]
    assert (missing, [0.4 < ratio < 0.9 for ratio in ratios]) == ([True] * 3, [True] * 3), ratios


def test_what_was_missing_is_filled(filled: Filled) -> None:
    """After `--fill` nothing is missing any more."""
    counts = [
        (kind["expected"] > 0, kind["expected"] - kind["found"], kind["near"], kind["missing"])
        for found in filled.after
        for kind in found["kinds"].values()
    ]
    assert ([found["completeness_ratio"] for found in filled.after], set(map(str, counts))) == (
        [1.0, 1.0, 1.0], {str((True, 0, 0, {}))},
    )  # fmt: skip


def test_a_filled_log_gives_the_tables_of_a_whole_one(live: Tables, filled: Filled) -> None:
    """Every row of every table."""
    assert filled.tables == live


def test_the_text_says_what_is_missing_and_what_was_sent(filled: Filled) -> None:
    """A table, the subjects, the ratio, the ingester's answers; the last ratio stands among the doctor's findings."""
    said = ("missing: ", "completeness 0.", "202 accepted")
    assert ([word in filled.text for word in said], "github/acme: all of what its API tells" in filled.doctor) == (
        [True] * 3,
        True,
    ), filled.text + filled.doctor


def test_an_interrupted_backfill_goes_on(tmp_path: Path) -> None:
    """An API that refuses in the middle ends the command, saying what to do; the same command then does the rest."""
    arguments = ["backfill", "github", "--repository", "acme/shop", *MONTH, "--data", str(tmp_path)]
    with stack_on(tmp_path) as stack, serving(recording("github/api", size=1)) as api:
        api.refuse = "/releases"
        first = CliRunner().invoke(app, [*arguments, "--api", api.address])
        kept, asked_first = list((tmp_path / "backfill").iterdir()), len(api.asked)
        api.refuse = ""
        second = CliRunner().invoke(app, [*arguments, "--api", api.address])
        settle(stack)
        asked_then = len(api.asked) - asked_first
        found = tables(tmp_path)
    said = "the same command goes on from here" in first.stderr
    assert (first.exit_code, said, len(kept), second.exit_code, asked_then < asked_first, len(found["changes"])) == (
        1, True, 1, 0, True, 2,
    ), first.stderr + second.output  # fmt: skip
