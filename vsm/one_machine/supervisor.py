"""Starts the processes of the one-machine stack, restarts what dies, and ends them all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Final

import structlog
from msgspec import Struct

from vsm.one_machine.ending import Ending
from vsm.one_machine.processes import WRONG_USE

FIRST_PAUSE_SECONDS: Final = 0.2
LONGEST_PAUSE_SECONDS: Final = 10.0
HEALTHY_AFTER_SECONDS: Final = 20.0
END_SECONDS: Final = 30.0
_WATCH_SECONDS: Final = 0.1
_END_LOOK_SECONDS: Final = 0.02

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
            try:
                self.start()
            except OSError as refused:
                _logger.warning("process not started", process=self.job.name, problem=str(refused))

    def end(self, deadline: float, ending: Ending) -> None:
        """Wait for the process to end until `deadline` or until that is hurried, then kill it."""
        if self._process is None:
            return
        while self.pid is not None and time.monotonic() < deadline and not ending.is_hurried:
            time.sleep(_END_LOOK_SECONDS)
        if self.pid is not None:
            _logger.warning("process killed before it had ended", process=self.job.name)
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
    """Keeps jobs running from a thread of its own, from `start` to `end`.

    Once the ending is hurried it kills what has not ended yet. `failure` is why the jobs could not be started.
    The main thread waits for the other without a lock: a signal that interrupted it there might leave that taken.
    """

    def __init__(self, jobs: Sequence[Job], logs: Path, ending: Ending) -> None:
        self.children = {job.name: Child(job, logs) for job in jobs}
        self.failure: OSError | None = None
        self._ending = ending
        self._is_to_end = False
        self._is_watching = False
        self._orders: SimpleQueue[tuple[Job, SimpleQueue[None]]] = SimpleQueue()
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)

    def start(self) -> None:
        """Start every job and watch it."""
        self._is_watching = True
        self._thread.start()

    def replace(self, job: Job) -> None:
        """End a running job and start it anew with other arguments or environment; returns when that is done."""
        done: SimpleQueue[None] = SimpleQueue()
        self._orders.put((job, done))
        while done.empty() and self._is_watching:
            time.sleep(_END_LOOK_SECONDS)

    def retell(self, job: Job) -> None:
        """Start a job with other arguments or environment from its next start on; as it runs it stays."""
        self.children[job.name].job = job

    def hand_on(self, number: signal.Signals) -> None:
        """Send every process a signal."""
        for child in self.children.values():
            child.hand_on(number)

    def end(self) -> None:
        """End the jobs one after another in their order, so that each drains what the one before left. Repeatable.

        Whoever asks for the end meanwhile interrupts nothing: it is ending.
        """
        self._is_to_end = True
        while self._is_watching:
            with suppress(KeyboardInterrupt):
                time.sleep(_END_LOOK_SECONDS)

    def _watch(self) -> None:
        # All is done on this thread: a child is killed with the thread that started it (see `orphan`), and whoever
        # interrupts the main thread must not catch it between starting a child and knowing of it.
        try:
            self._keep_running()
            deadline = time.monotonic() + END_SECONDS
            for child in self.children.values():
                child.ask_to_end()
                child.end(deadline, self._ending)
        finally:
            self._is_watching = False

    def _keep_running(self) -> None:
        try:
            for child in self.children.values():
                child.start()
            while not self._is_to_end:
                while not self._orders.empty():
                    self._obey(*self._orders.get())
                for child in self.children.values():
                    child.watch()
                time.sleep(_WATCH_SECONDS)
        except OSError as failed:
            self.failure = failed

    def _obey(self, job: Job, done: SimpleQueue[None]) -> None:
        old = self.children[job.name]
        old.ask_to_end()
        old.end(time.monotonic() + END_SECONDS, self._ending)
        fresh = Child(job, old.log_file.parent)
        self.children[job.name] = fresh
        fresh.start()
        done.put(None)
