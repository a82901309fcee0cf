"""Long work tells how far it is: a bar on a terminal, plain lines elsewhere, and the truth in either."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builders.command import on_terminal, vsm

pytestmark = pytest.mark.timeout(180)


def test_lines_elsewhere_end_with_all_that_was_asked(tmp_path: Path) -> None:
    """Without a terminal: text alone, and at the end everything."""
    done = vsm("simulate", "--items", "300", "--out", tmp_path)
    assert (done.returncode, done.stderr.splitlines()[-1], "\x1b" in done.stderr) == (
        0,
        "simulating: 300 of 300",
        False,
    )


def test_a_bar_on_a_terminal_ends_full(tmp_path: Path) -> None:
    """With a terminal: a bar that is drawn over and over, and full at the end."""
    status, said = on_terminal("simulate", "--items", "300", "--out", tmp_path, columns=100)
    assert (status, "━" in said, "300/300" in said, "300 of 300" in said) == (0, True, True, False)


def test_it_never_goes_beyond_what_was_asked(tmp_path: Path) -> None:
    """Every number on the way is at most the whole."""
    _, said = on_terminal("simulate", "--items", "300", "--out", tmp_path, columns=100)
    shown = [int(part.split()[-1]) for part in said.split("/300")[:-1]]
    assert (shown == sorted(shown), max(shown)) == (True, 300)
