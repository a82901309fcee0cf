"""How much an item was worked on: in all, and on its critical path; pure, whole microseconds.

The critical path leads from the item's finish backwards: the visit that ended last by then, before it the one that
ended last by its begin, and so on. What ran beside a longer visit is not on it. No visit is older than the item, and
none on the path ends after it, so the path's process time never exceeds the flow time.
"""

from __future__ import annotations

from collections.abc import Iterable

from processors.steps import Plan, Visit
from processors.visits import elapsed, process_time


def effort(visits: Iterable[Visit]) -> int | None:
    """Return the process time of all visits together, those beside one another too; None where none is known."""
    return _together(visits)


def path_process(plan: Plan, visits: Iterable[Visit], finish: int) -> int | None:
    """Return the process time of the visits on the critical path to a finish; None where none of theirs is known."""
    return _together(_path(plan, visits, finish))


def _path(plan: Plan, visits: Iterable[Visit], finish: int) -> Iterable[Visit]:
    """Yield the visits on the path, the last one first; of those that ended together the later in the map's order."""
    ended = [(v.finished, plan.order[v.step], v.number, v) for v in visits if v.finished is not None]
    at = finish
    for end, _, _, visit in sorted(ended, key=lambda x: x[:3], reverse=True):
        if end <= at:
            yield visit
            at = visit.began


def _together(visits: Iterable[Visit]) -> int | None:
    known = [process for v in visits if (process := process_time(v, elapsed)) is not None]
    return sum(known) if known else None
