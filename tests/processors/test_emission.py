"""An emission in pieces: all of a partition's series or, where it is lost or the log is away, what can be made good."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from schemas import topics
from schemas.log import Done, LogUnavailable, Outgoing
from schemas.log_local import LocalLog
from tests.builders.emitting import emitter, held, owned

PIECE = 10
SERIES = 25


class _Interrupted(LocalLog):
    """A local log that does something else before it takes a piece; that may fail as an append does."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.before: list[Callable[[], None]] = []

    def append(self, records: Sequence[Outgoing], done: Done) -> None:
        """Append, unless what comes before fails."""
        try:
            if self.before:
                self.before.pop(0)()
        except LogUnavailable as away:
            done(away)
        else:
            super().append(records, done)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[_Interrupted]:
    """A local log."""
    with closing(_Interrupted(tmp_path)) as opened:
        yield opened


def written(log: LocalLog) -> int:
    """Return how many series stand in the log."""
    return len({record.key for record in log.read_compacted(topics.MEASUREMENTS.name, 0)})


def nothing() -> None:
    """Let a piece be written."""


def be_away() -> None:
    """Say that the log does not answer."""
    raise LogUnavailable("the broker is away")


def test_every_piece_is_written(log: _Interrupted) -> None:
    """After one emission all series stand, and the partition says so."""
    holding = held(SERIES)
    asyncio.run(emitter(log, owned(holding), PIECE).emit())
    assert (written(log), holding.measured) == (SERIES, True)


def test_a_partition_that_is_lost_between_two_pieces_is_not_said_on(log: _Interrupted) -> None:
    """Whoever has it now says its series: ours would come after theirs. It never counts as measured."""
    holding = held(SERIES)
    ownership = owned(holding)
    log.before = [nothing, lambda: ownership.forget(0)]
    asyncio.run(emitter(log, ownership, PIECE).emit())
    assert (written(log), holding.measured) == (2 * PIECE, False)


def test_a_log_that_is_away_between_two_pieces_puts_all_of_it_off(log: _Interrupted) -> None:
    """Nothing counts as said; the next emission says every series, those of the first piece again."""
    holding = held(SERIES)
    emits = emitter(log, owned(holding), PIECE)
    log.before = [nothing, be_away]
    asyncio.run(emits.emit())
    put_off = (written(log), holding.measured, holding.emit_all)
    asyncio.run(emits.emit())
    assert (put_off, written(log), holding.measured) == ((PIECE, False, True), SERIES, True)
