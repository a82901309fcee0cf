"""Waits for an append, for whoever has nothing else to do meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable

from schemas.log import Done, LogUnavailable


def waited(append: Callable[[Done], None], timeout_seconds: float) -> None:
    """Hand a callback to `append` and return when it was called; not to be used in such a callback itself.

    Raises what the callback was given, and LogUnavailable when it was not called in time.
    """
    outcome: list[Exception | None] = []
    told = threading.Event()

    def done(failure: Exception | None) -> None:
        outcome.append(failure)
        told.set()

    append(done)
    if not told.wait(timeout_seconds):
        raise LogUnavailable(f"not acknowledged after {timeout_seconds} s")
    if outcome[0] is not None:
        raise outcome[0]
