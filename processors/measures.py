"""The rolling measurements of one partition: rows and the clock in, measurements out; pure.

A value is a function of the set of rows, `now` and the signs, and of nothing else: not of the order of the rows, nor
of how often or when anything was measured. An update costs the same at any size; measuring costs what changed, aged
or is due.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping

from processors.board import Board, Signs
from schemas.definition import Definition, ValueStream
from schemas.derived import Derived, Update
from schemas.measurement import Measurement


class Measures:
    """The measurements of every stream that has rows or facts.

    Rows that no window can reach cost no memory, once the clock is known; so give `now_micros`, or call `measure`
    once, before many rows are observed. Rows of streams that the definition does not know are left out.
    """

    def __init__(self, definition: Definition, now_micros: int | None = None, generation: int = 1) -> None:
        """Start empty; `now_micros` is the clock, None when it is not known before the first `measure`.

        `generation` is that of the rows; every measurement says it.
        """
        self._version = definition.version
        self._generation = generation
        self._streams: dict[str, ValueStream] = {stream.name: stream for stream in definition.value_streams}
        self._now = now_micros
        self._boards: dict[str, Board] = {}
        self._dirty: set[str] = set()
        self._agenda: list[tuple[int, str]] = []
        self._planned: dict[str, int] = {}

    def observe(self, update: Update) -> None:
        """Take one row's change into the windows."""
        row = update.after if update.after is not None else update.before
        if row is None:
            return
        board = self._board(row)
        if board is not None and board.observe(update):
            self._dirty.add(row.value_stream)

    def forget(self, stream: str) -> None:
        """Forget a stream: nothing more is said of it until it has rows again."""
        self._boards.pop(stream, None)
        self._planned.pop(stream, None)
        self._dirty.discard(stream)

    def measure(self, now_micros: int, signs: Mapping[str, Signs]) -> list[Measurement]:
        """Return the series that changed, aged, or are due to be repeated.

        The clock only goes forward: an earlier `now_micros` than before counts as the one before.
        """
        now = self._advance(now_micros)
        due = self._dirty | self._due(now) | self._fed(signs)
        return [m for name in sorted(due) for m in self._measure(name, now, signs, everything=False)]

    def measure_all(self, now_micros: int, signs: Mapping[str, Signs]) -> list[Measurement]:
        """Return every series, unknown ones included."""
        now = self._advance(now_micros)
        self._fed(signs)
        return [m for name in sorted(self._boards) for m in self._measure(name, now, signs, everything=True)]

    def _measure(self, name: str, now: int, signs: Mapping[str, Signs], *, everything: bool) -> list[Measurement]:
        board = self._boards[name]
        self._dirty.discard(name)
        said = board.measure(now, signs.get(name), everything=everything)
        if self._planned.get(name) != board.next_at:
            self._planned[name] = board.next_at
            heapq.heappush(self._agenda, (board.next_at, name))
        return said

    def _advance(self, now: int) -> int:
        self._now = now if self._now is None else max(now, self._now)
        return self._now

    def _due(self, now: int) -> set[str]:
        """Return the streams whose time has come; an entry that its board has since moved is no longer true."""
        due = set()
        while self._agenda and self._agenda[0][0] <= now:
            at, name = heapq.heappop(self._agenda)
            if self._planned.get(name) == at:
                del self._planned[name]
                due.add(name)
        return due

    def _fed(self, signs: Mapping[str, Signs]) -> set[str]:
        """Return the streams whose facts changed, and start those that have facts but no rows."""
        return {
            name for name, sign in signs.items() if (board := self._open(name)) is not None and board.feed_changed(sign)
        }

    def _board(self, row: Derived) -> Board | None:
        return self._open(row.value_stream)

    def _open(self, name: str) -> Board | None:
        board = self._boards.get(name)
        if board is None and name in self._streams:
            board = self._boards[name] = Board(self._streams[name], self._version, self._generation, self._now)
            self._dirty.add(name)
        return board
