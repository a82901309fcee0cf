"""Progress of long work: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from vsm.options import err

_LINE_SECONDS: Final = 5.0


@contextmanager
def bar(what: str, total: int | None) -> Iterator[Callable[[], None]]:
    """Yield a function that advances by one; `total` None when it is not known."""
    if not err.is_terminal:
        with _lines(what, total) as advance:
            yield advance
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err) as progress:
        task = progress.add_task(what, total=total)
        yield lambda: progress.advance(task)


@contextmanager
def _lines(what: str, total: int | None) -> Iterator[Callable[[], None]]:
    done = 0
    said = time.monotonic()
    of = "" if total is None else f" of {total}"

    def advance() -> None:
        nonlocal done, said
        done += 1
        if time.monotonic() - said > _LINE_SECONDS:
            said = time.monotonic()
            err.print(f"{what}: {done}{of}", markup=False)

    yield advance
    err.print(f"{what}: {done}{of}", markup=False)
