"""Ledgers added up: by category and rule, and by step, kind or item; whole microseconds until they are shown; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from heapq import nsmallest
from typing import Final

from msgspec import Struct

from insights.waste.ledger import Piece
from insights.waste.rules import RULES, WASTES, Category
from insights.waste.tally import Entry
from schemas.derived import WorkItem

_MICROS: Final = 1_000_000
_SECONDS_IN_HOUR: Final = 3_600
_CATEGORIES: Final = {"": Category.UNACCOUNTED, **{rule.name: rule.category for rule in RULES}}
"""By the rule that claims it."""
_WASTED_BY: Final = frozenset(rule for rule, category in _CATEGORIES.items() if category in WASTES)


class By(StrEnum):
    """What the sums are told apart by, besides category."""

    CATEGORY = "category"
    STEP = "step"
    KIND = "kind"
    ITEM = "item"


class Price(Struct, frozen=True):
    """What an hour of an item's flow time costs."""

    per_hour: float
    currency: str


class Amount(Struct, frozen=True, kw_only=True):
    """A sum of time: elapsed seconds, its share of the whole (None of nothing), its cost (None: not priced)."""

    seconds: float
    share: float | None
    cost: float | None


class Evidence(Struct, frozen=True, kw_only=True):
    """What one rule found: how long, and in how many items."""

    rule: str
    category: Category
    amount: Amount
    items: int


class Group(Struct, frozen=True, kw_only=True):
    """The sums of one step, kind or item; `name` is '' for time in no step or of no known kind."""

    name: str
    total: Amount
    categories: dict[Category, Amount]


class Report(Struct, frozen=True, kw_only=True):
    """The ledgers of the items of a stream that were over in a window, added up.

    `since` and `until` are microseconds UTC. `items` stand behind it, `abandoned` of them closed without a release;
    `unstarted` were over in the window and never began, so they have no flow time. Every category stands in
    `categories`, 0 where there was nothing of it: they sum to `flow`. `groups` are in falling order of their waste,
    () by category. `price` None: time is not priced. `unread` more were over in the window and stand behind nothing
    here: time did not suffice to read them. Those that were read are the first in the order of their ids.
    """

    value_stream: str
    since: int
    until: int
    by: By
    items: int
    abandoned: int
    unstarted: int
    flow: Amount
    waste: Amount
    categories: dict[Category, Amount]
    evidence: tuple[Evidence, ...]
    groups: tuple[Group, ...]
    price: Price | None
    definition_version: str
    unread: int = 0


class Sums:
    """Adds up one ledger after another, in any order; what it holds grows with the groups and not with the items."""

    def __init__(self, by: By) -> None:
        self._by = by
        self._micros: Counter[tuple[str, str]] = Counter()
        self._items_of: Counter[str] = Counter()
        self.items = 0
        self.abandoned = 0
        self.unstarted = 0

    def add(self, item: WorkItem, told: Iterable[Piece | Entry]) -> None:
        """Take one item's ledger in, by its pieces or its sums. An item without a start is counted apart."""
        if item.started_at is None or item.finished_at is None:
            self.unstarted += 1
            return
        self.items += 1
        self.abandoned += item.state == "abandoned"
        whole = self._group_of_item(item)
        found = set()
        for each in told:
            self._micros[each.step if whole is None else whole, each.rule] += each.micros
            found.add(each.rule)
        for rule in found:
            self._items_of[rule] += 1

    def _group_of_item(self, item: WorkItem) -> str | None:
        """Return the one group of all its time, None where each step is one."""
        match self._by:
            case By.STEP:
                return None
            case By.KIND:
                return str(item.kind or "")
            case By.ITEM:
                return item.item_id
            case By.CATEGORY:
                return ""

    def micros(self, group: str | None = None) -> dict[Category, int]:
        """Return the microseconds of every category, of one group or (None) of all."""
        found = dict.fromkeys(Category, 0)
        for (name, rule), micros in self._micros.items():
            if group is None or name == group:
                found[_CATEGORIES[rule]] += micros
        return found

    def report(
        self, stream: str, window: tuple[int, int], price: Price | None, version: str, most: int | None = None
    ) -> Report:
        """Return what was added up so far; of its groups so many at `most`, None: all."""
        whole = self.micros()
        flow = sum(whole.values())
        rules: Counter[str] = Counter()
        for (_, rule), micros in self._micros.items():
            rules[rule] += micros
        return Report(
            value_stream=stream,
            since=window[0],
            until=window[1],
            by=self._by,
            items=self.items,
            abandoned=self.abandoned,
            unstarted=self.unstarted,
            flow=_amount(flow, flow, price),
            waste=_amount(_wasted(whole), flow, price),
            categories={category: _amount(micros, flow, price) for category, micros in whole.items()},
            evidence=tuple(
                Evidence(
                    rule=rule.name,
                    category=rule.category,
                    amount=_amount(rules[rule.name], flow, price),
                    items=self._items_of[rule.name],
                )
                for rule in RULES
                if self._items_of[rule.name]
            ),
            groups=self._groups(price, most),
            price=price,
            definition_version=version,
        )

    def _groups(self, price: Price | None, most: int | None) -> tuple[Group, ...]:
        if self._by is By.CATEGORY:
            return ()
        wasted: Counter[str] = Counter()
        for (name, rule), micros in self._micros.items():
            wasted[name] += micros if rule in _WASTED_BY else 0
        names = nsmallest(len(wasted) if most is None else most, wasted, key=lambda name: (-wasted[name], name))
        by_name = {name: dict.fromkeys(Category, 0) for name in names}
        for (name, rule), micros in self._micros.items():
            if name in by_name:
                by_name[name][_CATEGORIES[rule]] += micros
        return tuple(_grouped(name, micros, price) for name, micros in by_name.items())


def _grouped(name: str, micros: dict[Category, int], price: Price | None) -> Group:
    whole = sum(micros.values())
    return Group(
        name=name,
        total=_amount(whole, whole, price),
        categories={category: _amount(own, whole, price) for category, own in micros.items()},
    )


def _wasted(micros: dict[Category, int]) -> int:
    return sum(micros[category] for category in WASTES)


def _amount(micros: int, whole: int, price: Price | None) -> Amount:
    seconds = micros / _MICROS
    return Amount(
        seconds=seconds,
        share=micros / whole if whole else None,
        cost=None if price is None else round(seconds / _SECONDS_IN_HOUR * price.per_hour, 2),
    )
