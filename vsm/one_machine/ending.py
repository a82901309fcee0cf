"""Ctrl-C and SIGTERM end a command in order, at whatever stage it is; asked a second time it waits for nobody."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Final

_STDERR: Final = 2
_SAID: Final = b"\nending; asked once more it waits for nobody\n"
END_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Ending:
    """How often an end was asked for.

    A plain number: a lock that a signal interrupts is not free for its handler, nor ever again for other threads.
    """

    def __init__(self) -> None:
        self.times_asked = 0

    @property
    def is_hurried(self) -> bool:
        """Whether it was asked for again: whoever ends something waits for nobody."""
        return self.times_asked > 1

    def heed(self) -> None:
        """Raise KeyboardInterrupt if it was asked for: what a signal's handler raised may have been caught or lost."""
        if self.times_asked:
            raise KeyboardInterrupt


@contextmanager
def ended_by_signals() -> Iterator[Ending]:
    """Let the first signal raise KeyboardInterrupt in the block, and the second say that it is hurried; then all raise.

    For the main thread. Where an event loop runs in it, the loop is interrupted between two tasks, so that it can end
    them all. The handlers before are put back at the end.
    """
    ending = Ending()
    interrupted = False

    def end(_number: int, _frame: FrameType | None) -> None:
        ending.times_asked += 1
        if ending.times_asked == 1:
            with suppress(OSError):
                os.write(_STDERR, _SAID)  # not printed: the block may be in the middle of that
        elif interrupted and ending.times_asked == 2:  # noqa: PLR2004 - asked again: it ends, and is to hurry
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            interrupt()
        else:
            loop.call_soon_threadsafe(interrupt)  # a loop about to end does not call it: then the next signal does

    def interrupt() -> None:
        nonlocal interrupted
        interrupted = True
        raise KeyboardInterrupt

    before = {number: signal.signal(number, end) for number in END_SIGNALS}
    try:
        yield ending
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
