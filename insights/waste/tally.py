"""An item's ledger summed by step and rule, without its pieces; pure.

`insights.waste.ledger` is what it comes to: a property test holds the two against one another. It asks every rule of
every piece; here the rules that every visit has alike are looked up once, and only where visits overlap are they
weighed. Whose boundaries are in no order is left to the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import heappop, heappush
from itertools import pairwise
from typing import NamedTuple

from insights.waste.case import Case
from insights.waste.ledger import ledger
from insights.waste.stretches import NOWHERE, Stretch, Stretches, told_by


class Entry(NamedTuple):
    """A sum of one item's flow time: the step ('' where no visit was), the rule that claims it ('' for none), time."""

    step: str
    rule: str
    micros: int


def tally(case: Case) -> list[Entry]:
    """Return the sums of an item's ledger, some of each step and rule, in no order; they sum to its flow time.

    [] for an item that is not finished, never began, or took no time.
    """
    start, end = case.item.started_at, case.item.finished_at
    if start is None or end is None or start >= end:
        return []
    stretches = Stretches(case)
    if not stretches.gather():
        return [Entry(piece.step, piece.rule, piece.micros) for piece in ledger(case)]
    visits, entries = case.visits, []
    for key, micros in _won(stretches, start, end).items():
        rule, place = told_by(key)
        entries.append(Entry("" if place == NOWHERE else visits[place].step, rule, micros))
    return entries


def _won(stretches: Stretches, start: int, end: int) -> dict[int, int]:
    """Return by key how much of the flow time it has."""
    found: dict[int, int] = {}
    ascending = [stretch for stretch in sorted(stretches.found) if stretch[0] < stretch[1] > start]
    at, number = start, 0
    while number < len(ascending) and ascending[number][0] < end > at:
        begin, until, key = ascending[number]
        if at < begin:
            _add(found, stretches.hole(at, begin))
            at = begin
        first, number = number, number + 1
        while number < len(ascending) and ascending[number][0] < until:
            until = max(until, ascending[number][1])
            number += 1
        until = min(until, end)
        if number == first + 1:
            found[key] = found.get(key, 0) + until - at
        else:
            _add_least(found, ascending[first:number], at, until)
        at = until
    if at < end:
        _add(found, stretches.hole(at, end))
    return found


def _add(found: dict[int, int], stretches: Iterable[Stretch]) -> None:
    for begin, until, key in stretches:
        found[key] = found.get(key, 0) + until - begin


def _add_least(found: dict[int, int], cluster: Sequence[Stretch], start: int, end: int) -> None:
    """Add each piece of stretches that overlap, in ascending order, to the least key over it."""
    inner = {edge for begin, until, _ in cluster for edge in (begin, until) if start < edge < end}
    active: list[tuple[int, int]] = []
    opening = 0
    for at, until in pairwise((start, *sorted(inner), end)):
        while opening < len(cluster) and cluster[opening][0] <= at:
            heappush(active, (cluster[opening][2], cluster[opening][1]))
            opening += 1
        while active[0][1] <= at:
            heappop(active)
        key = active[0][0]
        found[key] = found.get(key, 0) + until - at
