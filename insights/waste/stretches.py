"""What an item's visits tell of its time, each stretch with the rule that has it; pure.

Of all stretches that lie over an instant the one with the least key has it. The order of keys is that of
`insights.waste.ledger`: first what is charged, then value, then the rule that is asked first, then the first visit.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator
from typing import Final

from insights.waste.case import Case, Charge, Span, began, paired, without
from insights.waste.layers import RANKS, cut, layers
from insights.waste.rules import RULES
from schemas.definition import Step
from schemas.derived import BRIDGED, StepVisit
from schemas.event import ActorClass

Stretch = tuple[int, int, int]
"""(begin, until, key); half-open, microseconds UTC."""

NO_RULE: Final = len(RULES)
"""The rank of what no rule claims."""
_PLACES: Final = 1 << 32
NOWHERE: Final = _PLACES - 1
"""The place of no visit."""
_RANKS: Final = NO_RULE + 1
_VALUE, _NO_VALUE, _MANUAL = RANKS["value"], RANKS["no_value"], RANKS["manual"]
_BLOCKED, _BETWEEN, _QUEUED, _HANDED_OVER = (
    RANKS[name] for name in ("blocked", "between_steps", "queued", "handed_over")
)
_KEYS: Final = tuple(
    tuple(((charge * 2 + (rank != _VALUE)) * _RANKS + rank) * _PLACES for rank in range(_RANKS)) for charge in Charge
)
"""By charge and rank the key of the visit in place 0."""
_PROCESS, _WAIT, _UNACCOUNTED = int(Charge.PROCESS), int(Charge.WAIT), int(Charge.UNACCOUNTED)
_BARE: Final = Step(name="")

_Told = tuple[int, int, int, int]
"""(begin, until, charge, rank)"""


def rank_of(key: int) -> int:
    """Return the rank of the rule that has a stretch."""
    return key // _PLACES % _RANKS


def place_of(key: int) -> int:
    """Return the place of the visit that stands for a stretch, `NOWHERE` for none."""
    return key % _PLACES


class Stretches:
    """The stretches of one item: `found` those of its visits, in no order, and some outside its flow time."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._of_item, self._of_visits = layers(case)
        self._handed_over = _handed_over(case)
        self.found: list[Stretch] = []

    def gather(self) -> bool:
        """Gather what all visits tell. False where the boundaries of one are in no order: then this is not all."""
        return all(_in_order(visit) and self._gather(place, visit) for place, visit in enumerate(self._case.visits))

    def hole(self, begin: int, until: int) -> list[Stretch]:
        """Return the stretches of a time of which no visit tells."""
        keys = _KEYS[_UNACCOUNTED]
        if not self._of_item:
            return [(begin, until, keys[NO_RULE] + NOWHERE)]
        pieces = cut(Span(begin, until), Charge.UNACCOUNTED, NO_RULE, self._of_item)
        return [(a, b, keys[rank] + NOWHERE) for a, b, rank in pieces]

    def _gather(self, place: int, visit: StepVisit) -> bool:
        told = self._told(visit, passed_on=place in self._handed_over)
        if visit.blocked_spans:
            told = list(_with_blocks(visit, told))
        under = [*self._of_item, *self._of_visits.get(place, ())] if self._of_item or self._of_visits else ()
        if not under:
            self.found += [(begin, until, _KEYS[charge][rank] + place) for begin, until, charge, rank in told]
            return True
        for begin, until, charge, rank in told:
            pieces = cut(Span(begin, until), Charge(charge), rank, under)
            self.found += [(a, b, _KEYS[charge][asked] + place) for a, b, asked in pieces]
        return True

    def _told(self, visit: StepVisit, *, passed_on: bool) -> list[_Told]:
        """Return what one visit tells of time, but for its blocks, and by which rule that every such visit has."""
        queued, started, finished = visit.queued_at, visit.started_at, visit.finished_at
        told = []
        if queued is not None:
            if visit.gap_micros is not None:
                told.append((queued - visit.gap_micros, queued, _WAIT, _HANDED_OVER if passed_on else _BETWEEN))
            if started is not None:
                told.append((queued, started, _WAIT, _HANDED_OVER if passed_on else _QUEUED))
        if finished is not None:
            if started is not None and visit.outcome != BRIDGED:
                told.append((started, finished, _PROCESS, self._active(visit)))
            else:
                told.append((queued if queued is not None else started or finished, finished, _UNACCOUNTED, NO_RULE))
        return told

    def _active(self, visit: StepVisit) -> int:
        step = self._case.steps.get(visit.step, _BARE)
        if step.automatable and visit.started_by is ActorClass.HUMAN:
            return _MANUAL
        return _VALUE if step.value_adding else _NO_VALUE


def _in_order(visit: StepVisit) -> bool:
    at = visit.queued_at
    for boundary in (visit.started_at, visit.finished_at):
        if boundary is not None:
            if at is not None and boundary < at:
                return False
            at = boundary
    return visit.gap_micros is None or visit.gap_micros >= 0


def _with_blocks(visit: StepVisit, told: list[_Told]) -> Iterator[_Told]:
    """Yield what a visit tells, its blocks out of its wait and process; where they overlap, all its stay beneath."""
    blocks = tuple(paired(visit.blocked_spans))
    for begin, until, charge, rank in told:
        is_gap = begin < until == visit.queued_at
        for span in (Span(begin, until),) if is_gap else without(Span(begin, until), blocks):
            yield *span, charge, rank
    yield from ((*span, int(Charge.BLOCKED), _BLOCKED) for span in blocks)
    begin_of_stay = began(visit)
    if visit.finished_at is not None and begin_of_stay is not None:
        yield begin_of_stay, visit.finished_at, _UNACCOUNTED, NO_RULE


def _handed_over(case: Case) -> Collection[int]:
    """Return the places of the finished visits to a step of another owner than that of the visit they came from."""
    owners = {name: step.owner for name, step in case.steps.items() if step.owner is not None}
    if len(set(owners.values())) <= 1:
        return ()
    visits = case.visits
    ended = sorted((v.finished_at, began(v) or 0, -n) for n, v in enumerate(visits) if v.finished_at is not None)
    ends = [each[0] for each in ended]
    found = set()
    for _, begin, negative in ended:
        visit = visits[-negative]
        if visit.step not in owners:
            continue
        before = visit.gap_micros if visit.gap_micros is not None and visit.queued_at is not None else 0
        latest = bisect_right(ends, begin - before) - 1
        if latest >= 0 and ended[latest][2] == negative:
            latest -= 1
        if latest >= 0 and owners.get(visits[-ended[latest][2]].step, owners[visit.step]) != owners[visit.step]:
            found.add(-negative)
    return found
