"""A link that people correct, by the command, on the running one-machine stack."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.builders.one_machine import organisation, settle
from vsm.cli import app
from vsm.data_dir import DataDir
from vsm.importing import post, token
from vsm.store import open_store

pytestmark = pytest.mark.timeout(300)

CHANGE = "change:github.com/acme/app/97"
TICKETS = [
    {"type": "ticket.created", "occurred_at": "2025-12-02T08:00:00Z", "subject_id": f"ticket:jira/CHK-{number}"}
    for number in (12, 13)
]
OPENED = {
    "type": "change.created", "occurred_at": "2025-12-03T08:00:00Z", "subject_id": CHANGE, "state": "ready",
    "links": [{"uri": "ticket:*/CHK-12", "kind": "part_of", "method": "key_in_title"}],
}  # fmt: skip
ITEM = "SELECT groupUniqArray(item_id) FROM vsm.step_visits_current WHERE subject_id LIKE 'change:%/97'"


def test_a_corrected_change_belongs_to_the_ticket_that_was_named(tmp_path: Path) -> None:
    """`vsm link` moves a change to its ticket in the tables, and `--deny` takes the wrong one from it."""
    with organisation(tmp_path) as stack:
        folder = DataDir(tmp_path)
        post([*TICKETS, OPENED], "platform", stack.addresses["ingest"], token(folder), lambda: None)
        said = [
            CliRunner().invoke(app, ["link", CHANGE, *more, "--stream", "platform", "--data", str(tmp_path)])
            for more in (["ticket:jira/CHK-13"], ["ticket:jira/CHK-12", "--deny"])
        ]
        settle(stack)
        with open_store(tmp_path) as store:
            row = store.ask(ITEM).rows[0]
    assert ([result.exit_code for result in said], row[0]) == ([0, 0], ["ticket:jira/CHK-13"]), said[0].output
