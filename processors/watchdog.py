"""A thread that makes the worker leave when work waits and nothing moves, whatever else hangs."""

from __future__ import annotations

import threading
import time

from processors.departure import BROKEN, Departure


class Watchdog:
    """Barks when `beat` was not called for `stall_seconds`. Beat on progress, and when there is nothing to do."""

    def __init__(self, stall_seconds: float, departure: Departure) -> None:
        self._stall_seconds = stall_seconds
        self._departure = departure
        self._last = time.monotonic()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self.beat()
        self._thread.start()

    def beat(self) -> None:
        """Say that something moved, or that nothing waits. From any thread."""
        self._last = time.monotonic()

    def stop(self) -> None:
        """Watch no more. Safe to repeat."""
        self._stopped.set()

    def _watch(self) -> None:
        while not self._stopped.wait(min(1.0, self._stall_seconds / 4)):
            if time.monotonic() - self._last > self._stall_seconds:
                self._departure.leave(f"no progress for {self._stall_seconds:g} s while work waits", BROKEN)
                return
