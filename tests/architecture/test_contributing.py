"""The walkthrough in CONTRIBUTING.md is followed as it stands, in a copy of the repository."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.builders.command import environment

ROOT: Final = Path(__file__).parents[2]
BLOCK: Final = re.compile(r"^( *)```(\w+)(?: (\S+))?\n(.*?)^\1```$", flags=re.MULTILINE | re.DOTALL)
BIN: Final = Path(sys.executable).parent


def blocks(page: str) -> Iterator[tuple[str, str, str]]:
    """Yield language, path ('' without one) and text of every block of a page."""
    for indent, language, path, text in BLOCK.findall(page):
        yield language, path, textwrap.dedent(text) if language != "diff" else _outdented(text, len(indent))


def _outdented(text: str, width: int) -> str:
    return "".join(line[width:] for line in text.splitlines(keepends=True))


def changed(before: str, diff: str) -> str:
    """Return a text after a diff without line numbers: taken lines are there once, new ones follow the line before."""
    after = before
    place = ""
    for line in diff.splitlines():
        mark, rest = line[0], line[1:]
        if mark == "+":
            after = after.replace(place, f"{place}{rest}\n", 1)
            place = f"{rest}\n"
        else:
            place = f"{rest}\n"
            assert after.count(place) == 1, f"{place!r} is there {after.count(place)} times"
            if mark == "-":
                after = after.replace(place, "\0")
                place = "\0"
    return after.replace("\0", "")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the repository as it is now."""
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        check=True,
        capture_output=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, tmp_path / name)
    return tmp_path


def run(copy: Path, *command: str) -> str:
    """Run a command of the walkthrough in the copy and return what it said; it must do its work."""
    done = subprocess.run(
        command,
        cwd=copy,
        env=environment(PYTHONPATH=str(copy)),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.timeout(300)
def test_a_tool_is_added_as_it_is_written(copy: Path) -> None:
    """Its files and lines as they stand there: it translates, signs, is documented, passes what every tool must."""
    page = (ROOT / "CONTRIBUTING.md").read_text().partition("## Add a tool")[2].partition("\n## ")[0]
    for language, path, text in blocks(page):
        if language == "diff":
            (copy / path).write_text(changed((copy / path).read_text(), text))
        elif path:
            (copy / path).parent.mkdir(parents=True, exist_ok=True)
            (copy / path).write_text(text)

    run(copy, sys.executable, "-m", "tests.builders.golden_outcomes")
    run(copy, sys.executable, "docs/generate.py")
    tests = "tests/ingest/adapters", "tests/schemas/test_definition_file.py"
    said = run(copy, sys.executable, "-m", "pytest", "-q", *tests, "-k", "acmeci or the_tools")
    run(copy, str(BIN / "ruff"), "check", "ingest", "vsm", "schemas")
    run(copy, str(BIN / "ruff"), "format", "--check", "ingest", "vsm", "schemas")

    outcome = (copy / "tests/ingest/adapters/fixtures/acmeci/build.finished__failed.events.json").read_text()
    row = "| `build.finished` |  | `pipelinerun.finished` of the build, at its `finished_at`. |"
    told = ("pipelinerun.finished" in outcome, row in (copy / "docs/tools/acmeci.md").read_text())
    assert (told, int(re.findall(r"(\d+) passed", said)[0]) > 20) == ((True, True), True)
