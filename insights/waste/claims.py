"""What a rule says of an item's time; pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from insights.waste.case import Case, Charge, Span

ANY_CHARGE: Final = frozenset(Charge)
ACTIVE: Final = frozenset({Charge.PROCESS})
IDLE: Final = frozenset({Charge.BLOCKED, Charge.WAIT, Charge.UNACCOUNTED})


class Claim(NamedTuple):
    """A span of which pieces of some charges are claimed: those of one visit, or (None) whosever they are."""

    begin: int
    until: int
    charges: frozenset[Charge]
    visit: int | None = None


def of_item(case: Case, charges: frozenset[Charge]) -> Iterator[Claim]:
    """Yield the claim on all of the item's flow time of some charges."""
    if case.item.started_at is not None and case.item.finished_at is not None:
        yield Claim(case.item.started_at, case.item.finished_at, charges)


def of_visit(span: Span | None, number: int, charges: frozenset[Charge]) -> Iterator[Claim]:
    """Yield the claim on a span of one visit; none for no span."""
    if span is not None:
        yield Claim(span.begin, span.until, charges, number)
