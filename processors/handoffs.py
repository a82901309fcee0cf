"""How often an item's work passed from one hand to another; pure, and only ever added up over items."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from processors.steps import Plan, Visit


def handoffs(plan: Plan, visits: Sequence[Visit]) -> int | None:
    """Return how many pairs of visits that follow one another handed the work over; None where no pair can be judged.

    They follow by their begins, then by the map's order. The work is handed over where two accounts started them, or
    where both steps have an owner and not the same; whoever lacks either cannot be judged by it.
    """
    if not plan.is_owned and sum(1 for v in visits if v.worker) < 2:  # noqa: PLR2004 - a pair
        return None
    ordered = sorted(visits, key=lambda v: (v.began, plan.order[v.step], v.number))
    judged = [found for a, b in pairwise(ordered) if (found := _handed_over(plan, a, b)) is not None]
    return sum(judged) if judged else None


def _handed_over(plan: Plan, a: Visit, b: Visit) -> bool | None:
    workers = a.worker, b.worker
    owners = plan.owners[a.step], plan.owners[b.step]
    if 0 not in workers and workers[0] != workers[1]:
        return True
    if None not in owners:
        return owners[0] != owners[1]
    return None if 0 in workers else False
