"""What `vsm replay` says of selectors, and how it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace
from typer.testing import CliRunner

from ingest.routing import Router
from schemas.definition import Definition
from schemas.definition_file import parse
from schemas.event import FlowEvent
from schemas.forgetting import forget_fact
from tests.builders.engine_events import fact
from vsm.cli import app
from vsm.replaying import Both
from vsm.rerouting import Rerouting


def streams(project: str) -> Definition:
    """Return one stream that claims a project, and one that claims all."""
    return parse(
        "version: 1\nvalue_streams:\n"
        f"  - {{name: one, select: [{{project: {project}}}]}}\n"
        '  - {name: all, select: [{project: "jira/*"}]}\n'
    )


def ticket(project: str) -> FlowEvent:
    """Return a ticket's creation as the tool told it."""
    return fact("ticket.created", f"ticket:{project}-1", 1, project=project)


def routes(old: Definition, new: Definition) -> tuple[int, int]:
    """Return how many copies of two tickets come and go with a new definition."""
    both = Both(old, new)
    for event in (ticket("jira/A"), ticket("jira/B")):
        for copy in Router(old).route(event):
            both.take(copy)
    found = both.routes()
    return found.gained, found.lost


def test_the_same_selectors_route_the_same() -> None:
    """Without a changed selector no copy comes or goes."""
    assert routes(streams("jira/A"), streams("jira/A")) == (0, 0)


def test_a_changed_selector_moves_events() -> None:
    """A stream that claims another project gains that one's ticket and loses its own."""
    assert routes(streams("jira/A"), streams("jira/B")) == (1, 1)


def test_an_imported_event_stays() -> None:
    """An event imported into a stream is claimed by no selector."""
    event = replace(ticket("jira/A"), value_stream="one", attributes={"routed_by": "import"})
    assert Rerouting(streams("jira/B")).copies(event) == (event,)


def test_an_order_holds_in_every_stream() -> None:
    """A fact forgotten in one stream is forgotten wherever a copy of it may go."""
    order = forget_fact(replace(ticket("jira/A"), value_stream="one"), 1)
    assert [copy.value_stream for copy in Rerouting(streams("jira/B")).copies(order)] == ["one", "all"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--as", "../x"], "small letters"),
        ([], "make it with"),
        (["--back"], "no stack runs"),
    ],
)
def test_wrong_use_is_told(tmp_path: Path, arguments: list[str], told: str) -> None:
    """What cannot be done says what to do."""
    result = CliRunner().invoke(app, ["replay", "--data", str(tmp_path), *arguments])
    assert (result.exit_code > 0, told in result.output) == (True, True), result.output
