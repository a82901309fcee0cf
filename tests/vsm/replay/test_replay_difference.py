"""What counts as a difference between two replays, and what does not."""

from __future__ import annotations

from msgspec.structs import replace

from processors.replay import Replay, Replayed
from schemas.definition import Definition
from tests.builders import soak
from vsm.replay.difference import differing

STREAM = soak.names(1)
EVENTS = soak.events(STREAM[0], 1, 10)
CLOCK = max(event.received_at for event in EVENTS)


def replayed(definition: Definition, generation: int = 1) -> Replayed:
    """Return what a replay under a definition comes to."""
    replay = Replay(definition, generation)
    for event in EVENTS:
        replay.take(event)
    return replay.finish(CLOCK)


def test_a_definition_of_another_name_is_no_difference() -> None:
    """Rows and series that differ in nothing but version, generation and what follows from them are equal."""
    live = replayed(soak.definition(STREAM))
    found = differing(live, replayed(replace(soak.definition(STREAM), version="next"), 2))
    assert (found.rows, found.series, found.equal_rows) == ([], [], len(live.rows))


def test_one_row_that_says_otherwise_is_changed() -> None:
    """A row with the same name and another value is told under its table."""
    live = replayed(soak.definition(STREAM))
    first, *rest = live.rows
    found = differing(live, Replayed((replace(first, definition_version="next", withdrawn=True), *rest), (), 0))
    assert ([row.changed for row in found.rows], found.equal_rows) == ([1], len(rest))
