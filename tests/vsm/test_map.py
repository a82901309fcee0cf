"""`vsm map`: the value stream map as text for people and JSON for programs."""

from __future__ import annotations

import json
import re

import pytest

from tests.builders.command import on_terminal, vsm
from tests.vsm.conftest import Ran

pytestmark = pytest.mark.timeout(180)
STEPS = ["Backlog", "Develop", "Review", "Build", "Verify", "Deploy"]


@pytest.mark.parametrize("columns", [0, 80, 200], ids=["piped", "narrow", "wide"])
def test_the_text_has_a_box_for_every_step(ran: Ran, columns: int) -> None:
    """And a timeline, the DORA five and the constraint below, however wide the terminal is."""
    arguments = ("map", "checkout", "--data", str(ran.data), "--window", "90d")
    status, said = on_terminal(*arguments, columns=columns) if columns else piped(*arguments)
    lines = said.splitlines()
    boxes = [name for line in lines for name in re.findall(r"─ (\w+) ─", line) if name != "constraint"]
    below = [any(word in line for line in lines) for word in ("timeline", "DORA", "quality", "constraint")]
    assert (status, boxes, below) == (0, STEPS, [True] * 4), said


def piped(*arguments: str) -> tuple[int, str]:
    """Run a command and return its status and what it said."""
    done = vsm(*arguments)
    return done.returncode, done.stdout


def test_the_json_holds_what_the_text_shows(ran: Ran) -> None:
    """Every step in its order, with values, their n, and null where nothing is known."""
    done = vsm("map", "checkout", "--data", ran.data, "--window", "90d", "--format", "json")
    found = json.loads(done.stdout)
    lead = [step["lead_p50_seconds"] for step in found["steps"]]
    assert (found["value_stream"], [step["name"] for step in found["steps"]]) == ("checkout", STEPS)
    assert [set(each) >= {"value", "n"} for each in lead] == [True] * 6
    assert all(each["value"] is None or each["value"] > 0 for each in lead), lead


def test_an_unknown_stream_is_told_with_the_known_ones(ran: Ran) -> None:
    """In one line, with status 1."""
    done = vsm("map", "chekout", "--data", ran.data)
    assert (done.returncode, done.stderr) == (
        1, "nothing is measured for value stream 'chekout'; known: checkout, platform, search\n",
    )  # fmt: skip
