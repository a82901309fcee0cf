"""Brings acknowledgements from any thread to the event loop, many at one wake-up."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from schemas.log import Done, LogUnavailable

TIMED_OUT: Final = "the log did not acknowledge in time"


class Acknowledgements:
    """Futures of one event loop that other threads resolve; none waits longer than `seconds`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        self._loop = loop
        self._seconds = seconds
        self._arrived: deque[tuple[asyncio.Future[None], Exception | None]] = deque()
        self._woken = False
        self._waiting: dict[asyncio.Future[None], float] = {}

    @property
    def waiting(self) -> int:
        """How many futures are unresolved."""
        return len(self._waiting)

    def expect(self) -> tuple[asyncio.Future[None], Done]:
        """Return a future and the callback, for any thread, that resolves it. Call on the loop."""
        future = self._loop.create_future()
        self._waiting[future] = self._loop.time() + self._seconds

        def done(error: Exception | None) -> None:
            self._arrived.append((future, error))
            if not self._woken:
                self._woken = True
                try:
                    self._loop.call_soon_threadsafe(self._resolve)
                except RuntimeError:
                    return  # the loop is closed: nobody waits any more

        return future, done

    def give_up(self) -> int:
        """Fail with LogUnavailable what has waited too long; return how many. To be called now and then."""
        now = self._loop.time()
        late = []
        for future, deadline in self._waiting.items():
            if deadline > now:
                break
            late.append(future)
        for future in late:
            del self._waiting[future]
            if not future.done():
                future.set_exception(LogUnavailable(TIMED_OUT))
        return len(late)

    def _resolve(self) -> None:
        self._woken = False  # before the look: whoever comes after it wakes us again
        arrived = self._arrived
        while arrived:
            future, error = arrived.popleft()
            if self._waiting.pop(future, None) is None or future.done():
                continue
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)
