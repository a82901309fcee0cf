"""Walks a tool's history unit by unit and hands over its deliveries in batches, oldest work first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from ingest.history.history import Answer, Ask, Asking, Found, History, Scope, Told
from vsm.history.checkpoints import Progress

BATCH: Final = 500
"""Deliveries are handed over this many at a time, or more."""

_UNFORESEEN: Final = (LookupError, TypeError, AttributeError, ValueError)
"""What an answer of an unforeseen shape makes a unit raise."""


class UnforeseenAnswer(RuntimeError):  # noqa: N818 - shown to the user as it is
    """The API answered in a shape that is not known; says to what."""


def batches(
    history: History,
    scope: Scope,
    progress: Progress,
    ask: Callable[[Ask], Answer],
    done: Callable[[], None] = lambda: None,
    units: int = 5,
) -> Iterator[list[Told]]:
    """Yield what the history tells, in batches (empty ones too), until nothing is left to ask; after `units` at most.

    Whenever a batch was taken (the next one is asked for), `progress` holds exactly what is left and `done` is called.
    Raises UnforeseenAnswer, and what `ask` raises.
    """
    waiting: list[Told] = []
    finished = 0
    while progress.pending:
        unit = progress.pending.pop()
        found = _finished(history.work[unit.kind](unit, scope, progress.memory), ask)
        progress.pending.extend(found.units)
        waiting += found.told
        finished += 1
        if len(waiting) >= BATCH or finished >= units or not progress.pending:
            yield waiting
            done()
            waiting, finished = [], 0


def _finished(asking: Asking, ask: Callable[[Ask], Answer]) -> Found:
    """Answer a unit until it is done."""
    question = Ask("")
    try:
        question = next(asking)
        while True:
            question = asking.send(ask(question))
    except StopIteration as end:
        found: Found = end.value
        return found
    except _UNFORESEEN as odd:
        what = f"no {odd}" if isinstance(odd, KeyError) else type(odd).__name__
        raise UnforeseenAnswer(f"the answer to GET {question.path} is not as expected ({what})") from odd
