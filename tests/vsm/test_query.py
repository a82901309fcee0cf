"""`vsm query`: the same answers whether the stack runs or not, printed as they are."""

from __future__ import annotations

import csv
import json
import re

import pytest

from tests.builders.command import on_terminal, vsm
from tests.vsm.conftest import QUERIES, Ran

pytestmark = pytest.mark.timeout(180)


@pytest.mark.parametrize("name", QUERIES)
def test_it_answers_the_same_up_and_down(ran: Ran, name: str) -> None:
    """Table names need no database in front, errors are errors: on the running stack and on its files at rest."""
    up, down = ran.while_up[name], vsm("query", QUERIES[name], "--data", ran.data)
    assert (down.returncode, down.stdout) == (up.returncode, up.stdout), down.stderr


def test_the_query_of_the_readme_finds_every_step(ran: Ran) -> None:
    """As it stands there."""
    done = vsm("query", "SELECT step, count() FROM step_visits_current GROUP BY step", "--data", ran.data)
    steps = ("Backlog", "Develop", "Review", "Build", "Verify", "Deploy")
    assert (done.returncode, [step in done.stdout for step in steps]) == (0, [True] * 6), done.stderr


def test_a_wrong_query_is_told_in_one_line(ran: Ran) -> None:
    """With ClickHouse's words, and status 1."""
    done = vsm("query", QUERIES["wrong"], "--data", ran.data)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines()), "nowhere" in done.stderr) == (1, "", 1, True)


def test_text_is_printed_as_it_is(ran: Ran) -> None:
    """What looks like an emoji or markup stays what it is, and off a terminal nothing is cut or broken."""
    said = vsm("query", QUERIES["odd"], "--data", ran.data).stdout
    cells = [cell.strip() for cell in said.splitlines()[3].strip("│").split("│")]
    assert cells == ["root:x:0:0", "[main]", "[/]", "NULL", ("long " * 60).strip()]


def test_on_a_terminal_everything_is_there_in_its_width(ran: Ran) -> None:
    """Forty columns: long text is folded, none is left out."""
    status, said = on_terminal("query", "SELECT repeat('0123456789', 12) AS text", "--data", ran.data, columns=40)
    lines = re.sub(r"\x1b\[[0-9;]*m", "", said).splitlines()
    digits = "".join(character for character in "".join(lines) if character.isdigit())
    assert (status, digits, "…" in said, max(map(len, lines)) <= 40) == (0, "0123456789" * 12, False, True)


def test_control_characters_steer_no_terminal(ran: Ran) -> None:
    """An escape sequence in the data is spelled out."""
    status, said = on_terminal("query", "SELECT '\\x1b]0,title\\x07' AS text", "--data", ran.data, columns=80)
    assert (status, "\x1b]0" in said, r"\x1b]0,title\x07" in said) == (0, False, True)


def test_csv_and_json_are_whole(ran: Ran) -> None:
    """The same row in either, unknown empty or null."""
    (_, row) = csv.reader(vsm("query", QUERIES["odd"], "--data", ran.data, "--format", "csv").stdout.splitlines())
    (found,) = json.loads(vsm("query", QUERIES["odd"], "--data", ran.data, "--format", "json").stdout)
    assert (row, list(found.values())) == (
        ["root:x:0:0", "[main]", "[/]", "", "long " * 60],
        ["root:x:0:0", "[main]", "[/]", None, "long " * 60],
    )
