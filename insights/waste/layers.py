"""What the rules say of only some of an item's time: the claims that are not on every visit alike; pure.

Most items are asked by few rules: who was in no step twice did nothing again, whose changes are all out kept none back.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import Final, NamedTuple

from insights.waste.case import Case, Charge, Span
from insights.waste.claims import Claim
from insights.waste.defects import BAD
from insights.waste.releases import ABANDONED
from insights.waste.rules import RULES
from insights.waste.spans import joined

RANKS: Final = {rule.name: rank for rank, rule in enumerate(RULES)}
"""The place of each rule in the order in which they are asked."""
_UNTIL: Final = attrgetter("until")
_DONE_AGAIN: Final = (RANKS["rerun"], RANKS["rework"])


class Layer(NamedTuple):
    """What one rule claims of pieces of some charges; the spans ascend and lie apart."""

    rank: int
    charges: frozenset[Charge]
    spans: Sequence[Span]


class Layers(NamedTuple):
    """Of the item, whosever its pieces are, and of single visits by their places."""

    item: Sequence[Layer]
    visits: dict[int, list[Layer]]


def layers(case: Case) -> Layers:
    """Return what the rules say that `insights.waste.stretches` does not give to every visit by itself."""
    of_item: list[Layer] = []
    of_visits: dict[int, list[Layer]] = {}
    for rank in _telling(case):
        found: dict[tuple[int | None, frozenset[Charge]], list[Claim]] = {}
        for claim in RULES[rank].claims(case):
            found.setdefault((claim.visit, claim.charges), []).append(claim)
        for (visit, charges), claims in found.items():
            layer = Layer(rank, charges, joined(Span(claim.begin, claim.until) for claim in claims))
            (of_item if visit is None else of_visits.setdefault(visit, [])).append(layer)
    return Layers(of_item, of_visits)


def cut(span: tuple[int, int], charge: Charge, rank: int, under: Sequence[Layer]) -> list[tuple[int, int, int]]:
    """Return a span as (begin, until, rank) where layers that are asked before `rank` take pieces out of it."""
    pieces = [(*span, rank)]
    for layer in under:
        if charge in layer.charges:
            pieces = [part for piece in pieces for part in _cut(piece, layer)]
    return pieces


def _cut(piece: tuple[int, int, int], layer: Layer) -> list[tuple[int, int, int]]:
    at, end, rank = piece
    if layer.rank >= rank:
        return [piece]
    found = []
    spans = layer.spans
    for place in range(bisect_right(spans, at, key=_UNTIL), len(spans)):
        begin, until = spans[place]
        if begin >= end:
            break
        if at < begin:
            found.append((at, begin, rank))
            at = begin
        until = min(until, end)
        if at < until:
            found.append((at, until, layer.rank))
            at = until
    if at < end:
        found.append((at, end, rank))
    return found


def _telling(case: Case) -> Iterator[int]:
    """Yield the ranks of the rules that may say something, none that may be left out."""
    outcomes = {visit.outcome for visit in case.visits}
    if len({visit.step for visit in case.visits}) < len(case.visits):
        yield from _DONE_AGAIN
        if not BAD.isdisjoint(outcomes):
            yield RANKS["repair"]
    if case.failures:
        yield RANKS["failed_deployment"]
    if case.item.state == ABANDONED or ABANDONED in outcomes:
        yield RANKS["abandoned"]
    if any(change.merged_at is not None and change.deployed_at is None for change in case.changes):
        yield RANKS["unreleased"]
