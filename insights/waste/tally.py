"""An item's ledger summed by step and rule, without its pieces; pure.

`insights.waste.ledger` is what it comes to: a property test holds the two against one another. It asks every rule of
every piece; here the rules that every visit has alike are looked up once, and only where visits overlap are they
weighed. Whose boundaries are in no order is left to the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from heapq import heappop, heappush
from itertools import pairwise
from typing import Final, NamedTuple

from insights.waste.case import Case
from insights.waste.ledger import ledger
from insights.waste.rules import RULES
from insights.waste.stretches import NOWHERE, Stretch, Stretches, place_of, rank_of

_NAMES: Final = (*(rule.name for rule in RULES), "")


class Entry(NamedTuple):
    """A sum of one item's flow time: the step ('' where no visit was), the rule that claims it ('' for none), time."""

    step: str
    rule: str
    micros: int


def tally(case: Case) -> list[Entry]:
    """Return the sums of an item's ledger, one of each step and rule, in no order; they sum to its flow time.

    [] for an item that is not finished, never began, or took no time.
    """
    start, end = case.item.started_at, case.item.finished_at
    if start is None or end is None or start >= end:
        return []
    stretches = Stretches(case)
    if not stretches.gather():
        return _summed((piece.step, piece.rule, piece.micros) for piece in ledger(case))
    visits = case.visits
    return _summed(
        ("" if place_of(key) == NOWHERE else visits[place_of(key)].step, _NAMES[rank_of(key)], micros)
        for key, micros in _won(stretches, start, end).items()
    )


def _summed(told: Iterable[tuple[str, str, int]]) -> list[Entry]:
    found: dict[tuple[str, str], int] = {}
    for step, rule, micros in told:
        found[step, rule] = found.get((step, rule), 0) + micros
    return [Entry(step, rule, micros) for (step, rule), micros in found.items()]


def _won(stretches: Stretches, start: int, end: int) -> dict[int, int]:
    """Return by key how much of the flow time it has."""
    found: dict[int, int] = {}
    at = start
    for each in _clusters(sorted(stretches.found), start, end):
        begin, until, key = each[0]
        if at < begin:
            _add(found, stretches.hole(at, begin))
        if len(each) == 1:
            found[key] = found.get(key, 0) + until - begin
        else:
            until = _add_least(found, each)
        at = until
    if at < end:
        _add(found, stretches.hole(at, end))
    return found


def _clusters(ascending: Iterable[Stretch], start: int, end: int) -> Iterator[list[Stretch]]:
    """Yield what lies in the flow time, together what overlaps and apart what does not."""
    cluster: list[Stretch] = []
    reach = start
    for begin, until, key in ascending:
        clipped = (max(start, begin), min(end, until), key)
        if clipped[0] >= clipped[1]:
            continue
        if cluster and clipped[0] >= reach:
            yield cluster
            cluster = []
        cluster.append(clipped)
        reach = max(reach, clipped[1])
    if cluster:
        yield cluster


def _add(found: dict[int, int], stretches: Iterable[Stretch]) -> None:
    for begin, until, key in stretches:
        found[key] = found.get(key, 0) + until - begin


def _add_least(found: dict[int, int], cluster: Sequence[Stretch]) -> int:
    """Add each piece of overlapping stretches, which ascend, to the least key over it; return where they end."""
    edges = sorted({edge for begin, until, _ in cluster for edge in (begin, until)})
    active: list[tuple[int, int]] = []
    opening = 0
    for begin, until in pairwise(edges):
        while opening < len(cluster) and cluster[opening][0] == begin:
            heappush(active, (cluster[opening][2], cluster[opening][1]))
            opening += 1
        while active and active[0][1] <= begin:
            heappop(active)
        key = active[0][0]
        found[key] = found.get(key, 0) + until - begin
    return edges[-1]
