"""Our driver with the same small step: `python -m bench.our_driver BROKER EVENTS DIR`; prints what an event costs it.

From the first event's decoding to the commit of the last: decoded, stepped, row written, state written, committed.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.small_step import NoWatch, SmallEngine
from processors.app import serve
from processors.engine import Core, Derivation
from processors.settings import Settings
from schemas.event import FlowEvent
from schemas.log import Consumer
from schemas.log_kafka import KafkaLog


class _Stopwatch:
    """Runs from the first event to the commit of the last, then says what was used and ends the process."""

    def __init__(self, events: int) -> None:
        self._events = events
        self._begun: tuple[float, float] | None = None

    def begin(self) -> None:
        if self._begun is None:
            self._begun = time.process_time(), time.perf_counter()

    def committed(self, total: int) -> None:
        if total < self._events or self._begun is None:
            return
        cpu, wall = time.process_time() - self._begun[0], time.perf_counter() - self._begun[1]
        sys.stdout.write(
            "\nRESULT " + json.dumps({"cpu_us": cpu / self._events * 1e6, "wall_us": wall / self._events * 1e6}) + "\n"
        )
        sys.stdout.flush()
        os._exit(0)


class _Engine(SmallEngine):
    def __init__(self, watch: _Stopwatch) -> None:
        super().__init__()
        self._watch = watch

    def fold(self, event: FlowEvent) -> None:
        """Update one item's totals."""
        self._watch.begin()
        super().fold(event)


class _TimedLog(KafkaLog):
    """Tells the stopwatch of commits."""

    watch: _Stopwatch

    def consumer(self, *args: Any, **kwargs: Any) -> Consumer:  # noqa: ANN401 - passed on
        """Join a group."""
        consumer = super().consumer(*args, **kwargs)
        commit, offsets_of = consumer.commit, dict[tuple[str, int], int]()

        def committing(offsets: Sequence[tuple[str, int, int]]) -> None:
            commit(offsets)
            offsets_of.update({(topic, partition): offset for topic, partition, offset in offsets})
            self.watch.committed(sum(offsets_of.values()))

        consumer.commit = committing  # type: ignore[method-assign]
        return consumer


def main(broker: str, events: int, directory: str) -> None:
    """Carry so many events, then end this process."""
    log = _TimedLog(broker)
    log.watch = _Stopwatch(events)
    settings = Settings(data=Path(directory))
    derivation = Derivation(new_core=lambda: Core(_Engine(log.watch), NoWatch()), version="small", packing="small")
    serve(settings, log, derivation)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
