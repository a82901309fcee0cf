"""How often an item's work passed from one hand to another; pure, and only ever added up over items."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from processors.steps import Plan, Visit


def handoffs(plan: Plan, visits: Iterable[Visit]) -> int | None:
    """Return how many pairs of visits that follow one another handed the work over; None where no pair can be judged.

    They follow by their begins, then by the map's order. The work is handed over where two accounts started them, or
    where both steps have an owner and not the same; whoever lacks either cannot be judged by it.
    """
    ordered = sorted(visits, key=lambda v: (v.began, plan.order[v.step], v.number))
    judged = [found for a, b in pairwise(ordered) if (found := _handed_over(plan, a, b)) is not None]
    return sum(judged) if judged else None


def _handed_over(plan: Plan, a: Visit, b: Visit) -> bool | None:
    owners = plan.by_name[a.step].owner, plan.by_name[b.step].owner
    by_worker = a.worker != b.worker if a.worker and b.worker else None
    by_owner = owners[0] != owners[1] if None not in owners else None
    return by_owner if by_worker is None else by_worker or bool(by_owner)
