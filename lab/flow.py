"""An item's flow: when it began and was done, and what its time was made of. Whole seconds."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from msgspec import Struct

from lab.ledger import STEPS, Visit
from lab.work import Item


class Flow(Struct, frozen=True, kw_only=True):
    """`process + wait + unaccounted == finished - started`; all None while the item is not done.

    `effort` is the process time of all stays together, `path_process` of those on the longest way; None for none known.
    """

    created: int | None
    started: int | None
    finished: int | None
    process: int | None = None
    wait: int | None = None
    unaccounted: int | None = None
    effort: int | None = None
    path_process: int | None = None


def flow(item: Item, visits: Sequence[Visit], end: int) -> Flow:
    """Return the flow of an item as it stands at `end`."""
    committed = [at for at, _, _, what, *_ in item.happened if what == "committed"]
    created = min([*([item.ticket.created] if item.ticket else []), *committed], default=None)
    started = min((visit.began for visit in visits), default=None)
    finished = done(item, visits, end)
    if started is None or finished is None:
        return Flow(created=created, started=started, finished=finished)
    process, wait, unaccounted = _parts(visits, started, finished)
    return Flow(
        created=created, started=started, finished=finished, process=process, wait=wait, unaccounted=unaccounted,
        effort=_worked(visits), path_process=_worked(_longest_way(visits, finished)),
    )  # fmt: skip


def done(item: Item, visits: Sequence[Visit], end: int) -> int | None:
    """Return when the item was done: its latest change went live, else its ticket was closed, else all was abandoned.

    It is not done while it was opened again since, or stands in a step that it entered since.
    """
    moves = [(at, final) for at, final in item.moves if at <= end]
    closed = moves[-1][0] if moves and moves[-1][1] else None
    reopened = max((after for (_, was), (after, now) in pairwise(moves) if was and not now), default=None)
    entered = max((visit.began for visit in visits if visit.finished is None), default=None)
    live = max((visit.finished or 0 for visit in visits if visit.step == "Deploy" and visit.finished), default=None)
    for at in (live, closed, _abandoned(item, end)):
        if at is not None and (entered is None or entered <= at) and (reopened is None or at >= reopened):
            return at
    return None


def _abandoned(item: Item, end: int) -> int | None:
    if item.ticket is not None or any(change.merged and change.merged <= end for change in item.changes):
        return None
    closed = [change.closed for change in item.changes]
    times = [at for at in closed if at is not None and at <= end]
    return max(times) if times and len(times) == len(closed) else None


def _longest_way(visits: Sequence[Visit], end: int) -> list[Visit]:
    """Return the stays that lead, each from the one that ended last before it began, to the end."""
    way = list[Visit]()
    left = sorted(
        (visit for visit in visits if visit.finished is not None),
        key=lambda visit: (visit.finished, STEPS.index(visit.step), visit.number),
    )
    while left:
        visit = left.pop()
        if (visit.finished or 0) <= end:
            way.append(visit)
            end = visit.began
    return way


def _worked(visits: Sequence[Visit]) -> int | None:
    known = [visit.process for visit in visits if visit.process is not None]
    return sum(known) if known else None


def _parts(visits: Sequence[Visit], start: int, end: int) -> tuple[int, int, int]:
    """Return the seconds of [start, end) in which a visit was active, else one waited, else nothing is known."""
    active = [(v.started, v.finished) for v in visits if v.started is not None and v.finished is not None]
    waiting = [(v.queued, v.started) for v in visits if v.queued is not None and v.started is not None]
    waiting += [(v.gap_from, v.queued) for v in visits if v.gap_from is not None and v.queued is not None]
    worked = _covered(active, start, end)
    either = _covered([*active, *waiting], start, end)
    return worked, either - worked, end - start - either


def _covered(spans: Sequence[tuple[int, int]], start: int, end: int) -> int:
    """Return how many seconds of [start, end) lie in at least one span."""
    total, reached = 0, start
    for a, b in sorted(spans):
        low, high = max(a, reached), min(b, end)
        if low < high:
            total += high - low
            reached = high
    return total
