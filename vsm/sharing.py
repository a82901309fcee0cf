"""Work that is shared out by name among processes of its own, each forked with all that this one holds.

Forking gives a process what it needs without a copy of it. So nothing may run beside the calling thread then: no client
of a Kafka, no bar on a terminal.
"""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from typing import TypeVar

from vsm.one_machine.orphan import die_with

Found = TypeVar("Found")


class WorkerDied(RuntimeError):  # noqa: N818 - shown to the user as it is
    """A process ended before it had done its share; says what it was at."""


def cores() -> int:
    """Return how many processes can run at once: the cores this one may use, 1 where that is not told."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1


def shares(sizes: Mapping[str, int], most: int) -> list[list[str]]:
    """Return the names in so many shares at most, none empty, of about the same size; sizes are above 0."""
    found: list[list[str]] = [[] for _ in range(min(max(most, 1), len(sizes)))]
    filled = [0] * len(found)
    for name in sorted(sizes, key=lambda x: (-sizes[x], x)):
        least = filled.index(min(filled))
        found[least].append(name)
        filled[least] += sizes[name]
    return found


@contextmanager
def shared(
    work: Callable[[str], Found], sizes: Mapping[str, int], workers: int
) -> Iterator[Iterator[tuple[str, Found]]]:
    """Yield each name with what the work made of it, in any order; `sizes` say how much work each is.

    A single share is worked off in this process. What is made elsewhere has to be picklable, and so much the less the
    better. Whatever way this ends, no process is left. Raises WorkerDied as it is iterated.
    """
    parts = shares(sizes, workers)
    if len(parts) <= 1:
        yield ((name, work(name)) for part in parts for name in part)
        return
    with ExitStack() as ended:
        working = [ended.enter_context(_worker(work, part)) for part in parts]
        yield _made(dict(working), dict(zip((said for said, _ in working), parts, strict=True)))


@contextmanager
def _worker(work: Callable[[str], object], names: Sequence[str]) -> Iterator[tuple[Connection, ForkProcess]]:
    context = get_context("fork")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(work, names, there, os.getpid()), daemon=True)
    with here:
        with there:
            process.start()
        try:
            yield here, process
        finally:
            process.kill()
            process.join()


def _work(work: Callable[[str], object], names: Sequence[str], said: Connection, parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal's Ctrl-C the parent hears too, and kills
    die_with(parent)
    gc.freeze()  # what was forked is shared as long as nobody writes in it
    for name in names:
        said.send((name, work(name)))


def _made(working: Mapping[Connection, ForkProcess], left: dict[Connection, list[str]]) -> Iterator[tuple[str, Found]]:
    while left:
        for said in [connection for connection in wait(list(left)) if isinstance(connection, Connection)]:
            try:
                name, found = said.recv()
            except (EOFError, OSError):  # nothing, or half of what it was saying
                names = left.pop(said)
                working[said].join()
                if names:
                    raise WorkerDied(_died(names[0], working[said].exitcode)) from None
            else:
                left[said].remove(name)
                yield name, found


def _died(name: str, status: int | None) -> str:
    ended = f"with status {status}" if status is None or status >= 0 else f"by {signal.Signals(-status).name}"
    return f"the process that was at '{name}' was ended {ended}"
