"""What `vsm replay` says of selectors, and how it refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace
from typer.testing import CliRunner

from ingest.routing import Router
from processors.replay import Replay
from schemas.definition import Definition
from schemas.definition_file import parse
from schemas.event import FlowEvent
from schemas.forgetting import forget_fact
from tests.builders import soak
from tests.builders.engine_events import fact
from vsm.cli import app
from vsm.replay.difference import differing
from vsm.replay.replaying import Both
from vsm.replay.rerouting import Rerouting


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


NAMES = soak.names(4 * soak.ITEMS_OF_A_STREAM)
LIVED = [
    replace(event, attributes={**event.attributes, "routed_by": "import"})
    for n in NAMES
    for event in soak.events(n, 1, 10)
]
CLOCK = max(event.received_at for event in LIVED)


def changed(definition: Definition) -> Definition:
    """Return a definition without its first stream, and without the last step in its second."""
    _, second, *rest = definition.value_streams
    return replace(definition, version="v2", value_streams=(replace(second, steps=second.steps[:-1]), *rest))


@pytest.mark.parametrize("workers", [1, 2, 3, 9])
def test_any_number_of_processes_finds_the_same_difference(workers: int) -> None:
    """What streams come to in processes of their own is what all of them come to at once."""
    live, after = soak.definition(NAMES[:-1]), changed(soak.definition(NAMES))
    both, replays = Both(live, after), (Replay(live), Replay(after))
    for event in LIVED:
        both.take(event)
        for replay in replays:
            replay.take(event)
    found, _ = both.compared(CLOCK, workers)
    whole = differing(*(replay.finish(CLOCK) for replay in replays))
    assert (found.rows, found.series, found.equal_rows, found.equal_series) == (
        whole.rows,
        whole.series,
        whole.equal_rows,
        whole.equal_series,
    )


def test_a_stream_that_is_defined_alike_is_told_where_its_events_are_others() -> None:
    """What the log holds of a stream that would no longer claim it goes, whatever the definition says."""
    both = Both(streams("jira/A"), streams("jira/A"))
    both.take(replace(ticket("jira/B"), value_stream="one"))
    found, _ = both.compared(CLOCK)
    items = [(row.value_stream, row.came, row.went) for row in found.rows if row.table == "work-items"]
    assert items == [("all", 1, 0), ("one", 0, 1)]


def test_every_stream_is_told_as_it_is_compared() -> None:
    """Whoever looks on hears how many streams there are, then of each."""
    both, heard = Both(soak.definition(NAMES), soak.definition(NAMES)), list[object]()

    @contextmanager
    def bar(what: str, total: int) -> Iterator[Callable[[int], None]]:
        heard.extend((what, total))
        yield heard.append

    for event in LIVED:
        both.take(event)
    both.compared(CLOCK, 2, bar)
    assert heard == ["compared", 4, 1, 1, 1, 1]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--as", "../x"], "small letters"),
        ([], "make it with"),
        (["--back"], "no stack runs"),
        (["--clock", "nonsense"], "--clock takes a time"),
        (["--since", "tuesday"], "--since takes a time"),
        (["--since", "0001-01-01T00:00:00+12:00"], "--since takes a time"),
    ],
)
def test_wrong_use_is_told(tmp_path: Path, arguments: list[str], told: str) -> None:
    """What cannot be done says what to do."""
    result = CliRunner().invoke(app, ["replay", "--data", str(tmp_path), *arguments])
    assert (result.exit_code > 0, told in result.output) == (True, True), result.output
