"""What an item's visits tell of its time, each stretch with the rule that has it; pure.

Of all stretches that lie over an instant the one with the least key has it. The order of keys is that of
`insights.waste.ledger`: first what is charged, then value, then the rule that is asked first, then the first visit.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import Final

from insights.waste.case import Case, Charge, Span, began, paired, without
from insights.waste.claims import ACTIVE
from insights.waste.layers import RANKS, Layer, cut, layers
from insights.waste.rules import RULES
from insights.waste.spans import joined
from insights.waste.work import WAIT, of_machine
from schemas.definition import Step
from schemas.derived import BRIDGED, StepVisit
from schemas.event import ActorClass

Stretch = tuple[int, int, int]
"""(begin, until, key); half-open, microseconds UTC."""

NO_RULE: Final = len(RULES)
"""The rank of what no rule claims."""
_BITS: Final = 32
NOWHERE: Final = (1 << _BITS) - 1
"""The place of no visit."""
_RANKS: Final = NO_RULE + 1
_VALUE, _NO_VALUE, _MANUAL = RANKS["value"], RANKS["no_value"], RANKS["manual"]
_BLOCKED, _BETWEEN, _QUEUED, _HANDED_OVER, _CROWDED, _ELSEWHERE = (
    RANKS[name] for name in ("blocked", "between_steps", "queued", "handed_over", "crowded", "elsewhere")
)
_KEYS: Final = tuple(
    tuple(((charge * 2 + (rank != _VALUE)) * _RANKS + rank) << _BITS for rank in range(_RANKS)) for charge in Charge
)
"""By charge and rank the key of the visit in place 0."""
_BARE: Final = Step(name="")
_RULES: Final = (*(rule.name for rule in RULES), "")
_RULES_OF: Final = tuple(_RULES[number % _RANKS] for number in range(2 * len(Charge) * _RANKS))


def told_by(key: int) -> tuple[str, int]:
    """Return the rule that has a stretch ('' for none) and the place of the visit that stands for it, or `NOWHERE`."""
    return _RULES_OF[key >> _BITS], key & NOWHERE


class Stretches:
    """The stretches of one item: `found` those of its visits, in no order, and some outside its flow time."""

    def __init__(self, case: Case) -> None:
        self._steps, self._visits, self._crowded = case.steps, case.visits, case.crowded
        self._of_item, self._of_visits = layers(case)
        self._away = (Layer(_ELSEWHERE, ACTIVE, joined(case.elsewhere)),) if case.elsewhere else ()
        self._handed_over = _handed_over(case)
        self.found: list[Stretch] = []

    def gather(self) -> bool:
        """Gather what all visits tell. False where the boundaries of one are in no order: then this is not all."""
        for place, visit in enumerate(self._visits):
            if not _in_order(visit):
                return False
            if visit.queued_at is not None:
                self._waits(place, visit, visit.queued_at)
            if visit.finished_at is not None:
                self._stays(place, visit, visit.finished_at)
            if visit.blocked_spans:
                for span in paired(visit.blocked_spans):
                    self._put(place, Charge.BLOCKED, (*span, _BLOCKED))
        return True

    def hole(self, begin: int, until: int) -> list[Stretch]:
        """Return the stretches of a time of which no visit tells."""
        keys = _KEYS[Charge.UNACCOUNTED]
        if not self._of_item:
            return [(begin, until, keys[NO_RULE] + NOWHERE)]
        pieces = cut((begin, until), Charge.UNACCOUNTED, NO_RULE, self._of_item)
        return [(a, b, keys[rank] + NOWHERE) for a, b, rank in pieces]

    def _waits(self, place: int, visit: StepVisit, queued: int) -> None:
        passed_on = place in self._handed_over
        if visit.gap_micros:
            self._put(place, Charge.WAIT, (queued - visit.gap_micros, queued, _HANDED_OVER if passed_on else _BETWEEN))
        if visit.started_at is not None:
            full = self._crowded.get(visit.step)
            more = (Layer(_CROWDED, WAIT, full),) if full else ()
            self._put(place, Charge.WAIT, (queued, visit.started_at, _HANDED_OVER if passed_on else _QUEUED), more)

    def _stays(self, place: int, visit: StepVisit, finished: int) -> None:
        queued, started = visit.queued_at, visit.started_at
        if started is None or visit.outcome == BRIDGED:
            begin = started if queued is None else queued
            self._put(place, Charge.UNACCOUNTED, (finished if begin is None else begin, finished, NO_RULE))
            return
        rank = self._active(visit)
        away = self._away if self._away and not of_machine(visit) else ()
        if not visit.blocked_spans:
            self._put(place, Charge.PROCESS, (started, finished, rank), away)
            return
        for span in without(Span(started, finished), tuple(paired(visit.blocked_spans))):
            self._put(place, Charge.PROCESS, (*span, rank), away)

    def _put(self, place: int, charge: Charge, told: tuple[int, int, int], more: Sequence[Layer] = ()) -> None:
        """Take a stretch (begin, until, rank) in, cut by layers."""
        if self._of_item or self._of_visits:
            more = [*self._of_item, *self._of_visits.get(place, ()), *more]
        keys = _KEYS[charge]
        if more:
            self.found += [(a, b, keys[rank] + place) for a, b, rank in cut(told[:2], charge, told[2], more)]
        else:
            self.found.append((told[0], told[1], keys[told[2]] + place))

    def _active(self, visit: StepVisit) -> int:
        step = self._steps.get(visit.step, _BARE)
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
    blocks = visit.blocked_spans
    return (visit.gap_micros is None or visit.gap_micros >= 0) and (
        not blocks or all(a <= b for a, b in pairwise(blocks))
    )


def _handed_over(case: Case) -> Collection[int]:
    """Return the places of the finished visits to a step of another owner than that of the visit they came from."""
    owners = {name: step.owner for name, step in case.steps.items() if step.owner is not None}
    if len(set(owners.values())) <= 1:
        return ()
    visits = case.visits
    ended = sorted([(v.finished_at, began(v) or 0, -n) for n, v in enumerate(visits) if v.finished_at is not None])
    ends = [each[0] for each in ended]
    found = []
    for _, begin, negative in ended:
        visit = visits[-negative]
        owner = owners.get(visit.step)
        if owner is None:
            continue
        if visit.gap_micros and visit.queued_at is not None:
            begin -= visit.gap_micros  # noqa: PLW2901 - in its gap it had been passed on
        latest = bisect_right(ends, begin) - 1
        if latest >= 0 and ended[latest][2] == negative:
            latest -= 1
        if latest >= 0 and owners.get(visits[-ended[latest][2]].step, owner) != owner:
            found.append(-negative)
    return frozenset(found)
