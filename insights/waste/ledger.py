"""An item's flow time cut at every boundary, each piece with one category, step and evidence; pure.

What a piece is charged as follows the item's own parts: process if any visit is active in it, else blocked, else wait,
else unaccounted. Of several visits that are charged alike the one stands for the piece that adds value, else the one
whose rule is asked first, else the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from insights.waste.case import Case, Charge, Part
from insights.waste.claims import Claim
from insights.waste.rules import RULES, Category

_NO_RULE: Final = len(RULES)
_VALUE: Final = next(n for n, rule in enumerate(RULES) if rule.category is Category.VALUE_ADDING)


class Piece(NamedTuple):
    """One piece of flow time. `rule` is the evidence's name, '' for none; `step` is '' where no visit was."""

    begin: int
    until: int
    category: Category
    step: str
    rule: str
    charge: Charge

    @property
    def micros(self) -> int:
        """How long it lasts."""
        return self.until - self.begin


class _Active(NamedTuple):
    """A part or a claim of rule `rank` (parts: -1), as it lies in the flow time."""

    begin: int
    until: int
    rank: int
    told: Part | Claim


def ledger(case: Case) -> tuple[Piece, ...]:
    """Return the pieces in the order of time, neighbours that say the same joined: they sum to the flow time.

    () for an item that is not finished, never began, or took no time.
    """
    start, end = case.item.started_at, case.item.finished_at
    if start is None or end is None or start >= end:
        return ()
    return tuple(_joined(_pieces(case, list(_clipped(case, start, end)), start, end)))


def _clipped(case: Case, start: int, end: int) -> Iterator[_Active]:
    told: list[tuple[int, Part | Claim]] = [(-1, part) for part in case.parts()]
    told += [(rank, claim) for rank, rule in enumerate(RULES) for claim in rule.claims(case)]
    for rank, each in told:
        begin, until = max(each.begin, start), min(each.until, end)
        if begin < until:
            yield _Active(begin, until, rank, each)


def _pieces(case: Case, told: Sequence[_Active], start: int, end: int) -> Iterator[Piece]:
    """Sweep over the boundaries, with what lies over the present piece at hand."""
    opening = sorted(told, key=lambda each: each.begin)
    edges = sorted({start, end, *(each.begin for each in told), *(each.until for each in told)})
    active: list[_Active] = []
    at = 0
    for begin, until in pairwise(edges):
        active = [each for each in active if each.until > begin]
        while at < len(opening) and opening[at].begin == begin:
            active.append(opening[at])
            at += 1
        charge, visit, rank = _judged(active)
        category, rule = (Category.UNACCOUNTED, "") if rank == _NO_RULE else (RULES[rank].category, RULES[rank].name)
        yield Piece(begin, until, category, "" if visit is None else case.visits[visit].step, rule, charge)


def _judged(active: Sequence[_Active]) -> tuple[Charge, int | None, int]:
    """Return a piece's charge, the visit that stands for it, and its rule's rank."""
    parts = [each.told for each in active if isinstance(each.told, Part)]
    charge = min((part.charge for part in parts), default=Charge.UNACCOUNTED)
    visits: list[int | None] = [*sorted({part.visit for part in parts if part.charge is charge})] or [None]
    claims = [(each.rank, each.told) for each in active if isinstance(each.told, Claim) and charge in each.told.charges]
    ranked = [(_rank(claims, visit), visit) for visit in visits]
    rank, visit = min(ranked, key=lambda each: (each[0] != _VALUE, each[0]))
    return charge, visit, rank


def _rank(claims: Iterable[tuple[int, Claim]], visit: int | None) -> int:
    return min((rank for rank, claim in claims if claim.visit is None or claim.visit == visit), default=_NO_RULE)


def _joined(pieces: Iterable[Piece]) -> Iterator[Piece]:
    last: Piece | None = None
    for piece in pieces:
        if last is not None and last[2:] == piece[2:]:
            last = last._replace(until=piece.until)
            continue
        if last is not None:
            yield last
        last = piece
    if last is not None:
        yield last
