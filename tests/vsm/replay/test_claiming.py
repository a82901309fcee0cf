"""Routing a log anew: what is derived from it then is what a replay of it made, and going back is exact."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from ingest.routing import Router
from processors.partition import Partition
from processors.replay import Replay
from schemas import topics
from schemas.codec import Codec
from schemas.definition import Definition
from schemas.definition_file import parse
from schemas.derived import Derived
from schemas.event import FlowEvent
from schemas.forgetting import forget_fact
from schemas.log import Log, Outgoing
from schemas.log_local import LocalLog
from tests.builders.engine_events import fact
from vsm.replay.claiming import EVENTS, Claiming, Routed, routes_alike
from vsm.replay.rerouting import Rerouting
from vsm.scanning import scanned

CODEC = Codec()


def streams(one: str, services: str = "") -> Definition:
    """Return a stream that claims a project, and one that claims A and B."""
    return parse(
        "version: 1\nvalue_streams:\n"
        f"  - {{name: one, select: [{{project: {one}}}]{services}}}\n"
        '  - {name: all, select: [{project: "jira/[AB]"}]}\n'
    )


def ticket(project: str, second: int = 1) -> FlowEvent:
    """Return a ticket's creation as the tool told it."""
    return fact("ticket.created", f"ticket:{project}-1", second, project=project)


TICKETS = [ticket("jira/A"), ticket("jira/B", 2), ticket("jira/C", 3)]


def append(log: Log, events: Iterable[FlowEvent]) -> None:
    """Append events as the ingester does."""
    partitions = log.partitions(EVENTS)
    for event in events:
        at = topics.partition_of(event.value_stream, partitions)
        log.append_and_wait([Outgoing(EVENTS, at, event.value_stream.encode(), CODEC.encode(event))])


def logged(root: Path, definition: Definition, events: Iterable[FlowEvent] = TICKETS) -> LocalLog:
    """Return a log of events as a definition routes them."""
    log = LocalLog(root)
    append(log, [copy for event in events for copy in Router(definition).route(event)])
    return log


def held(log: Log) -> list[FlowEvent]:
    """Return the events of a log."""
    return [CODEC.decode(record.value, FlowEvent) for record in scanned(log, EVENTS)]


def rows(events: Iterable[FlowEvent], definition: Definition) -> list[Derived]:
    """Return what the live engine derives of events as they stand."""
    engine = Partition(definition, 1)
    for event in events:
        engine.fold(event)
    return plain(update.after for update in engine.rebuild())


def plain(found: Iterable[Derived | None]) -> list[Derived]:
    """Return rows without when they were known, sorted."""
    return sorted([replace(row, revision=0, known_at=0) for row in found if row is not None], key=repr)


def replayed(events: Iterable[FlowEvent], definition: Definition) -> list[Derived]:
    """Return what a replay makes of events that it routes anew."""
    replay, routing = Replay(definition), Rerouting(definition)
    for event in events:
        for copy in routing.copies(event):
            replay.take(copy)
    return plain(replay.finish(0).rows)


OLD = streams("jira/A")


@pytest.mark.parametrize(
    ("new", "found"),
    [
        (streams("jira/A"), Routed(gained=0, left=0)),
        (streams("jira/B"), Routed(gained=1, left=1)),
        (streams('"jira/*"'), Routed(gained=2, left=0)),
        (streams("jira/Z"), Routed(gained=0, left=1)),
        (parse('version: 1\nvalue_streams:\n  - {name: one, select: [{project: "jira/Z"}]}\n'), Routed(2, 1)),
    ],
)
def test_the_log_says_what_a_replay_made(tmp_path: Path, new: Definition, found: Routed) -> None:
    """What comes and goes is said once, and the live engine derives of it what the replay did."""
    log = logged(tmp_path, OLD)
    expected = replayed(held(log), new)
    said = [Claiming(log, CODEC, new, 9).route() for _ in range(2)]
    assert (said, rows(held(log), new)) == ([found, Routed(0, 0)], expected)


def test_going_back_is_exact(tmp_path: Path) -> None:
    """What a stream left is claimed again by the selectors of before, and what it had gained is left."""
    log = logged(tmp_path, OLD)
    before = rows(held(log), OLD)
    for definition in (streams("jira/B"), OLD):
        Claiming(log, CODEC, definition, 9).route()
    assert rows(held(log), OLD) == before


def test_a_replay_of_a_log_that_was_routed_anew_is_none_the_wiser(tmp_path: Path) -> None:
    """The order by which a stream left a fact takes it from no other, whatever is replayed afterwards."""
    log = logged(tmp_path, OLD)
    fresh = replayed(held(log), streams('"jira/*"'))
    Claiming(log, CODEC, streams("jira/Z"), 9).route()
    assert replayed(held(log), streams('"jira/*"')) == fresh


def test_another_service_replaces_the_copy(tmp_path: Path) -> None:
    """A copy that was claimed as one service is left, and comes again as the other."""
    deployed = fact("service.deployed", "deployment:github/acme/app/1", 5, repository="acme/app")
    old, new = (
        parse(
            "version: 1\nvalue_streams:\n  - {name: one, select: [{repository: acme/app}], "
            f"services: [{{service: {name}, repositories: [acme/app]}}]}}\n"
        )
        for name in ("shop", "till")
    )
    log = logged(tmp_path, old, [deployed])
    expected = replayed(held(log), new)
    found = Claiming(log, CODEC, new, 9).route()
    assert (found, rows(held(log), new)) == (Routed(gained=1, left=1), expected)


def test_a_forgotten_fact_is_claimed_by_nobody(tmp_path: Path) -> None:
    """What was forgotten for good comes back in no stream."""
    log = logged(tmp_path, OLD)
    append(log, [forget_fact(copy, 5) for copy in Router(OLD).route(TICKETS[1])])
    Claiming(log, CODEC, streams('"jira/*"'), 9).route()
    assert [row for row in rows(held(log), streams('"jira/*"')) if "jira/B" in msgspec.json.encode(row).decode()] == []


def test_only_what_routes_matters() -> None:
    """A changed step routes every event alike."""
    assert (routes_alike(OLD, replace(OLD, version="x")), routes_alike(OLD, streams("jira/B"))) == (True, False)
