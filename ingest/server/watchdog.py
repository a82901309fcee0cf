"""Ends the reading of bodies that come too slowly, by one look at all of them now and then."""

from __future__ import annotations

import asyncio
from typing import Any

from ingest.server.limits import Pace


class Reading:
    """One body on its way in."""

    __slots__ = ("given_up", "received", "since", "task")

    def __init__(self, task: asyncio.Task[Any], since: float) -> None:
        self.task = task
        self.since = since
        self.received = 0
        self.given_up = False


class Watchdog:
    """Cancels the task of a reading that is too slow.

    A body that comes in pieces is judged by its `received` bytes so far. A small one is read in one piece, so that
    nothing is known of it until it is whole: it has the grace.
    """

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._readings: set[Reading] = set()

    def begin(self, now: float) -> Reading:
        """Begin to watch the current task."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a body is read by a task")
        reading = Reading(task, now)
        self._readings.add(reading)
        return reading

    def end(self, reading: Reading) -> None:
        """Watch no longer."""
        self._readings.discard(reading)

    def look(self, now: float) -> int:
        """Cancel the readings that are too slow; return how many."""
        slow = [r for r in self._readings if self._pace.too_slow(now - r.since, r.received)]
        for reading in slow:
            self._readings.discard(reading)
            reading.given_up = True
            reading.task.cancel()
        return len(slow)
