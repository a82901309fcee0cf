"""Starts the processes of the one-machine stack, restarts what dies, and ends them all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import structlog
from msgspec import Struct

from vsm.processes import WRONG_USE

FIRST_PAUSE_SECONDS: Final = 0.2
LONGEST_PAUSE_SECONDS: Final = 10.0
HEALTHY_AFTER_SECONDS: Final = 20.0
END_SECONDS: Final = 30.0
_WATCH_SECONDS: Final = 0.1

_logger = structlog.get_logger(__name__)


class Job(Struct, frozen=True, kw_only=True):
    """One process to keep running: its name, the `vsm` arguments and the environment it adds to ours."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]


class Child:
    """One supervised process and when it may be started again."""

    def __init__(self, job: Job, logs: Path) -> None:
        self.job = job
        self.log_file = logs / f"{job.name}.log"
        self.restarts = 0
        self._pause = FIRST_PAUSE_SECONDS
        self._not_before = 0.0
        self._started = 0.0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process's id, or None while it is not running."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    @property
    def hopeless(self) -> bool:
        """Whether it ended because its settings cannot be used: starting it again does not help."""
        return self._process is not None and self._process.poll() == WRONG_USE

    def start(self) -> None:
        """Start the process in its own session, its output appended to its log file."""
        environment = {**os.environ, **self.job.environment, "VSM_SUPERVISOR_PID": str(os.getpid())}
        with self.log_file.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-m", "vsm", *self.job.arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
            )
        self._started = time.monotonic()

    def watch(self) -> None:
        """Start the process again when it has died and its pause is over; the pause doubles while it keeps dying."""
        if self._process is None or (code := self._process.poll()) is None:
            return
        now = time.monotonic()
        if self._not_before == 0.0:
            if now - self._started > HEALTHY_AFTER_SECONDS:
                self._pause = FIRST_PAUSE_SECONDS
            self._not_before = now + self._pause
            self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)
            _logger.warning("process died", process=self.job.name, status=code, log=str(self.log_file))
        elif now >= self._not_before:
            self._not_before = 0.0
            self.restarts += 1
            self.start()

    def end(self, deadline: float) -> None:
        """Wait for the process to end until `deadline`, then kill it."""
        if self._process is None:
            return
        try:
            self._process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            _logger.warning("process killed after its time to end was over", process=self.job.name)
            self._process.kill()
            self._process.wait()

    def ask_to_end(self) -> None:
        """Send SIGTERM if it runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def hand_on(self, number: signal.Signals) -> None:
        """Send it a signal if it runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)


class Supervisor:
    """Keeps jobs running from a thread of its own, from `start` to `end`."""

    def __init__(self, jobs: Sequence[Job], logs: Path) -> None:
        self.children = {job.name: Child(job, logs) for job in jobs}
        self._ending = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)

    def start(self) -> None:
        """Start every job and begin to watch."""
        for child in self.children.values():
            child.start()
        self._thread.start()

    def replace(self, job: Job) -> None:
        """End a running job and start it anew with other arguments or environment."""
        with self._lock:
            old = self.children[job.name]
            old.ask_to_end()
            old.end(time.monotonic() + END_SECONDS)
            fresh = Child(job, old.log_file.parent)
            self.children[job.name] = fresh
            fresh.start()

    def hand_on(self, number: signal.Signals) -> None:
        """Send every process a signal."""
        for child in self.children.values():
            child.hand_on(number)

    def end(self) -> None:
        """End the jobs one after another in their order, so that each drains what the one before left. Repeatable."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join()

    def _watch(self) -> None:
        while not self._ending.wait(_WATCH_SECONDS):
            with self._lock:
                for child in self.children.values():
                    child.watch()
        # Here and not in `end`: a child is killed with the thread that started it (see vsm.orphan).
        deadline = time.monotonic() + END_SECONDS
        for child in self.children.values():
            child.ask_to_end()
            child.end(deadline)
