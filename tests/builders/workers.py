"""Starts processor workers as processes of their own, and waits for what they do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def until(condition: Callable[[], object], seconds: float = 30.0, every: float = 0.05) -> None:
    """Wait for a condition. Raises AssertionError after the deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"it did not come true within {seconds} s")
        time.sleep(every)


class Workers:
    """Processes that share one log; all are gone when it is closed."""

    def __init__(self, data: Path, **settings: str) -> None:
        self._data = data
        self._settings = settings
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, *arguments: str, **settings: str) -> subprocess.Popen[bytes]:
        """Start a worker; `arguments` as `tests.builders.processor_worker` takes them, `settings` without `VSM_`."""
        told = {f"VSM_{name.upper()}": value for name, value in {**self._settings, **settings}.items()}
        environment: Mapping[str, str] = {**os.environ, "VSM_DATA": str(self._data), **told}
        with (self._data / "worker.log").open("ab") as said:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.builders.processor_worker", *arguments],
                cwd=ROOT,
                env=dict(environment),
                stdout=said,
                stderr=said,
            )
        self._processes.append(process)
        return process

    def said(self) -> str:
        """Return what all workers logged."""
        return (self._data / "worker.log").read_text(encoding="utf-8", errors="replace")

    def stop(self, process: subprocess.Popen[bytes]) -> int:
        """End a worker in order; return its exit code."""
        process.send_signal(signal.SIGTERM)
        return process.wait(30)

    def close(self) -> None:
        """Kill what still runs."""
        for process in self._processes:
            process.kill()
            process.wait(10)
