"""A command ends when it is asked to, whatever it was about."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress

import pytest

from vsm.one_machine.ending import END_SIGNALS, ended_by_signals


def _ask() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def test_the_first_interrupts_and_the_second_hurries() -> None:
    """Asked once it is interrupted, asked again it is not: what ends in order then is told to wait for nobody."""
    with ended_by_signals() as ending:
        with pytest.raises(KeyboardInterrupt):
            _ask()
        assert not ending.is_hurried
        _ask()
        assert ending.is_hurried


def test_an_ask_that_was_lost_is_heeded_by_whoever_looks() -> None:
    """What a handler raises in the middle of what catches everything is gone; that it was asked is not."""
    with ended_by_signals() as ending:
        ending.heed()
        with suppress(BaseException):
            _ask()
        with pytest.raises(KeyboardInterrupt):
            ending.heed()


def test_who_asks_a_third_time_is_not_waiting_for_anything_in_order() -> None:
    """Where neither helped, the block is interrupted again."""
    with ended_by_signals():
        with suppress(KeyboardInterrupt):
            _ask()
        _ask()
        with pytest.raises(KeyboardInterrupt):
            _ask()


def test_a_loop_is_interrupted_between_two_tasks() -> None:
    """Whoever runs in a loop is cancelled and may end in order."""
    cancelled = []

    async def works() -> None:
        try:
            _ask()
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append("in order")
            raise

    with ended_by_signals(), pytest.raises(KeyboardInterrupt):
        asyncio.run(works())
    assert cancelled == ["in order"]


def test_an_ask_that_a_loop_about_to_end_did_not_hear_is_made_good_by_the_next() -> None:
    """What a loop was to call once it had stopped is never called."""

    async def ends() -> None:
        task = asyncio.current_task()
        assert task is not None
        task.add_done_callback(lambda _task: _ask())  # after the loop's own, which stops it

    loop = asyncio.new_event_loop()
    with ended_by_signals():
        loop.run_until_complete(ends())
        loop.close()
        with pytest.raises(KeyboardInterrupt):
            _ask()


def test_the_handlers_of_before_are_put_back() -> None:
    """Of the block nothing is left."""
    before = [signal.getsignal(number) for number in END_SIGNALS]
    with ended_by_signals():
        pass
    assert [signal.getsignal(number) for number in END_SIGNALS] == before
