"""Keeps the metrics page on the generation that the table `active` names: one insert swaps the tables and the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Event
from typing import Final

import structlog
from msgspec import Struct

from schemas.clock import Clock, clock_from
from sinks.clickhouse.active import activate, active
from sinks.clickhouse.client import BlockRefused, ClickHouse, StoreUnavailable
from sinks.clickhouse.dropping import drop

_LOOK_SECONDS: Final = 1.0
_WALL_CLOCK: Final = clock_from("")

_logger = structlog.get_logger(__name__)


class Drops(Struct, frozen=True):
    """What generations are asked to be dropped, and whom to tell that they are."""

    asked: Callable[[], Sequence[int]]
    done: Callable[[], None]


class Follower:
    """Asks the store once a second, in a thread of its own: a store that hangs holds up no sink.

    `opened` returns a connection, None while there is nothing to open yet, or raises as the store does. While the
    store cannot be asked, the page stays with what it shows. When `asked` says another generation than before, that
    one is made the active one, without anything being restarted. What `drops` names is deleted from the store.
    """

    def __init__(
        self,
        opened: Callable[[], ClickHouse | None],
        show: Callable[[int], None],
        asked: Callable[[], int] = lambda: 0,
        clock: Clock = _WALL_CLOCK,
        drops: Drops | None = None,
    ) -> None:
        self._opened = opened
        self._show = show
        self._asked = asked
        self._clock = clock
        self._drops = drops
        self._obeyed = asked()
        self._store: ClickHouse | None = None
        self._shown = 0
        self._away = False

    def ready(self) -> bool:
        """Return true: the page is worth reading whether or not the store answers."""
        return True

    def run(self, stop: Event) -> None:
        """Follow until `stop` is set."""
        while not stop.is_set():
            try:
                self._look()
            except (StoreUnavailable, BlockRefused) as away:
                self._let_go(away)
            stop.wait(_LOOK_SECONDS)
        self._close()

    def _look(self) -> None:
        self._store = self._store or self._opened()
        if self._store is None:
            return
        if (asked := self._asked()) != self._obeyed:
            activate(self._store, asked, self._clock())
            self._obeyed = asked
        if self._drops is not None and (gone := self._drops.asked()):
            drop(self._store, gone)
            self._drops.done()
        found = active(self._store)
        self._away = False
        if found and found != self._shown:
            self._shown = found
            self._show(found)
            _logger.info("generation shown", generation=found)

    def _let_go(self, away: Exception) -> None:
        self._close()
        if not self._away:
            _logger.warning("active generation not read, the page stays with what it shows", reason=str(away)[:300])
        self._away = True

    def _close(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None
