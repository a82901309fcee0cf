"""Ctrl-C and SIGTERM end a command in order, at whatever stage it is; asked a second time it waits for nobody."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Final

_STDERR: Final = 2
_SAID: Final = b"\nending; asked once more it waits for nobody\n"
END_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def ended_by_signals() -> Iterator[threading.Event]:
    """Let the first signal raise KeyboardInterrupt in the block; the second sets the event that is yielded.

    For the main thread. Where an event loop runs in it, the loop is interrupted between two tasks, so that it can end
    them all. The handlers before are put back at the end.
    """
    hurry = threading.Event()
    times_asked = 0  # plain: a lock that a signal interrupts is not free for the handler of the next
    interrupted = False

    def end(_number: int, _frame: FrameType | None) -> None:
        nonlocal times_asked
        times_asked += 1
        if times_asked == 1:
            with suppress(OSError):
                os.write(_STDERR, _SAID)  # not printed: the block may be in the middle of that
        elif times_asked == 2:  # noqa: PLR2004 - asked a second time
            hurry.set()
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            interrupt()
        else:
            loop.call_soon_threadsafe(interrupt)  # a loop about to end does not call it: then the next signal does

    def interrupt() -> None:
        nonlocal interrupted
        if not interrupted:
            interrupted = True
            raise KeyboardInterrupt

    before = {number: signal.signal(number, end) for number in END_SIGNALS}
    try:
        yield hurry
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
