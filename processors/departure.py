"""Leaving the process: said once, loudly, with an exit code; an orderly stop is asked for and a hard one is sure."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import structlog

UNAVAILABLE: Final = 75
"""Exit code: the log did not answer; start again later (EX_TEMPFAIL)."""

BROKEN: Final = 70
"""Exit code: something that a restart may or may not mend (EX_SOFTWARE)."""

DAMAGED: Final = 65
"""Exit code: the data is not what it must be; somebody has to look (EX_DATAERR)."""

_log = structlog.get_logger(__name__)


class Departure:
    """Whether the process is leaving and why. `stop` is called once, from any thread, to end everything in order."""

    def __init__(self, stop: Callable[[], None], grace_seconds: float) -> None:
        self._stop = stop
        self._grace_seconds = grace_seconds
        self._lock = threading.Lock()
        self.code: int | None = None

    @contextmanager
    def on_error(self, reason: str) -> Iterator[None]:
        """Leave on any error of what is done inside, a cancellation excepted; the error goes no further."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - a half-dead worker is worse than a restart
            self.leave(reason, BROKEN, error)

    def leave(self, reason: str, code: int, error: BaseException | None = None) -> None:
        """Leave for good; the first reason stands. After the grace the process ends whatever still runs."""
        with self._lock:
            if self.code is not None:
                return
            self.code = code
        _log.critical("left the process", reason=reason, exit_code=code, error=_said(error))
        hard = threading.Timer(self._grace_seconds, os._exit, (code,))
        hard.daemon = True
        hard.start()
        self._stop()


def _said(error: BaseException | None) -> str | None:
    return None if error is None else f"{type(error).__name__}: {error}"
