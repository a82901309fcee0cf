"""Starts processor workers as processes of their own, and waits for what they do."""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
import time
from collections.abc import Callable
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Final

from tests.builders.ingester import KEY
from tests.builders.processor_worker import run

PRELOADED: Final = [
    "tests.builders.processor_worker", "faust.worker", "faust.web.drivers.aiohttp", "faust.transport.drivers.aiokafka",
    "faust.tables.manager", "faust.assignor.partition_assignor", "processors.partition", "processors.measures",
]  # fmt: skip
"""What a worker would import one after another at its start."""

_PARTITIONS: Final = re.compile(r"recovered a partition .*\bpartition=(\d+)|gave a partition up .*\bpartition=(\d+)")


def until(condition: Callable[[], object], seconds: float = 30.0, every: float = 0.02) -> None:
    """Wait for a condition. Raises AssertionError after the deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"it did not come true within {seconds} s")
        time.sleep(every)


class Worker:
    """One worker's process."""

    def __init__(self, process: ForkServerProcess, log: Path) -> None:
        self._process = process
        self._log = log

    def said(self) -> str:
        """Return what it logged."""
        return self._log.read_text(encoding="utf-8", errors="replace") if self._log.exists() else ""

    def holds(self) -> set[int]:
        """Return the partitions that it has recovered, by its own word, and not given up since."""
        held: set[int] = set()
        for recovered, given_up in _PARTITIONS.findall(self.said()):
            held = held | {int(recovered)} if recovered else held - {int(given_up)}
        return held

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        if self._process.pid is not None and self._process.is_alive():
            os.kill(self._process.pid, number)

    def wait(self, seconds: float = 30.0) -> int | None:
        """Return its exit code, negative for a signal; None if it still runs then."""
        self._process.join(seconds)
        return self._process.exitcode

    def stop(self) -> int | None:
        """End it in order; return its exit code."""
        self.send(signal.SIGTERM)
        return self.wait()

    def kill(self) -> None:
        """End it at once. Safe to repeat."""
        self.send(signal.SIGKILL)
        self.wait()

    def close(self) -> None:
        """End it at once and release what it had."""
        self.kill()
        self._process.close()


class Workers:
    """Processes that share one log; all are gone when it is closed. Forked from a server that has imported already."""

    def __init__(self, data: Path, **settings: str) -> None:
        self._data = data
        self._settings = settings
        self._context: ForkServerContext = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(PRELOADED)
        self._started: list[Worker] = []

    def start(self, point: str = "", at: int = 1, act: str = "kill", **settings: str) -> Worker:
        """Start a worker; `settings` without their `VSM_`, or whole in capitals."""
        told = {"VSM_DATA": str(self._data), "VSM_IDENTITY_KEY": KEY}
        told |= {
            name if name.isupper() else f"VSM_{name.upper()}": value
            for name, value in {**self._settings, **settings}.items()
        }
        said = self._data / f"worker-{len(self._started)}.log"
        process = self._context.Process(target=run, args=(str(said), told, point, at, act), daemon=True)
        process.start()
        worker = Worker(process, said)
        self._started.append(worker)
        return worker

    def said(self) -> str:
        """Return what all workers logged, one after another."""
        return "".join([worker.said() for worker in list(self._started)])

    def close(self) -> None:
        """Kill what still runs."""
        for worker in self._started:
            worker.close()
