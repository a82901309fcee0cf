"""Progress of long work: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from vsm.options import err

_LINE_SECONDS: Final = 5.0


class Advance(Protocol):
    """Says that so much more is done."""

    def __call__(self, by: int = 1) -> None:
        """Go on by so many."""


@contextmanager
def bar(what: str, total: int | None) -> Iterator[Advance]:
    """Yield what advances the bar; `total` None when it is not known."""
    if not err.is_terminal:
        with _lines(what, total) as advance:
            yield advance
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err) as progress:
        task = progress.add_task(what, total=total)

        def advance(by: int = 1) -> None:
            progress.advance(task, by)

        yield advance


@contextmanager
def _lines(what: str, total: int | None) -> Iterator[Advance]:
    done = 0
    said = time.monotonic()
    of = "" if total is None else f" of {total}"

    def advance(by: int = 1) -> None:
        nonlocal done, said
        done += by
        if time.monotonic() - said > _LINE_SECONDS:
            said = time.monotonic()
            err.print(f"{what}: {done}{of}")

    yield advance
    err.print(f"{what}: {done}{of}")
