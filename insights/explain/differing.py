"""Which rows stand behind a number at one of two times alone, or with other amounts, found by the engine; pure.

Most of them have come into the window or aged out of it, which the engine counts. Of the others the rows are read, by
the names given here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from msgspec import Struct

from insights.explain.effects import BEGUN, ENDED, Effect
from insights.explain.parts import Told
from insights.explain.since import AGED, CORRECTED, LATE, NEW, Key, Listing
from insights.explain.totals import Summed, counts_at, names_of, rows_from, stands_behind
from schemas.derived import StepVisit

_NOW: Final = "{now:Int64}"
_OF_THEN: Final = {"{start:Int64}": "{start_then:Int64}", _NOW: "{now_then:Int64}"}
_BEFORE_ALL: Final = "toInt64(-4611686018427387904)"
_CAME: Final = ("new", "late", "came")
"""What stands behind it now alone: since its instant, or what is known of it, is later than then; or corrected."""
_CHANGED: Final = "changed"
_AGED: Final = "aged"
_WENT: Final = "went"
"""What stood behind it then alone and has not aged out: why is told by its row of now."""


class Differing(Struct, frozen=True):
    """How many rows differ in each way, and the names of the first of them in order; of those that went, of all."""

    numbers: Mapping[str, int]
    keys: Mapping[str, Sequence[Key]]

    def number(self, *ways: str) -> int:
        """Return how many differ in one of some ways."""
        return sum(self.numbers.get(way, 0) for way in ways)

    def examined(self, limit: int) -> set[Key]:
        """Return the names of the rows to read: the first `limit` that are listed, and those that went."""
        listed: list[Key] = []
        for ways in (_CAME, (_CHANGED,), (_AGED, _WENT)):
            listed += sorted(key for way in ways for key in self.keys.get(way, ()))[: max(0, limit - len(listed))]
        return {*listed, *self.keys.get(_WENT, ())}

    def listing(self, examined: Iterable[Told], redefined: str, limit: int) -> Listing:
        """Return what has changed, `examined` being what is said of the rows that were read."""
        found = list(examined)
        anew = _head(redefined)
        why = Counter({NEW: self.number("new"), anew or LATE: self.number("late"), AGED: self.number(_AGED)})
        why[anew or CORRECTED] += self.number("came", _CHANGED)
        why.update(head for each in found if each["change"] == _WENT and (head := _head(str(each["why"]))) != AGED)
        return Listing(
            came=self.number(*_CAME),
            went=self.number(_AGED, _WENT),
            changed=self.number(_CHANGED),
            why=dict((+why).most_common()),
            changes=found[:limit],
        )


def differing_sql(now: Summed, then: Summed) -> str:
    """Return the question which rows differ, one answer's row for each way: `parameters` of both and `limit`."""
    order = now.of.order
    sides = f"{_side(then, later=False)} UNION ALL {_side(now, later=True)}"
    came, late = "only_now = 1", "known_now > {at:Int64}"
    aged = "last_then < {start:Int64}" if now.asked.window else "false"
    way = (
        f"multiIf({came} AND last_now > {_OF_THEN[_NOW]}, '{_CAME[0]}', {came} AND {late}, '{_CAME[1]}',"
        f" {came}, '{_CAME[2]}', is_now = 1, '{_CHANGED}', {aged}, '{_AGED}', '{_WENT}')"
    )
    paired = (
        f"SELECT {order}, max(later) AS is_now, min(later) AS only_now, maxIf(last, later = 1) AS last_now,"  # noqa: S608 - constants
        f" maxIf(last, later = 0) AS last_then, maxIf(known, later = 1) AS known_now"
        f" FROM ({sides}) GROUP BY {order}"
        f" HAVING is_now = 0 OR only_now = 1 OR anyIf(adds, later = 1) != anyIf(adds, later = 0)"
    )
    key = "item_id, step, toString(visit)" if now.of.kind is StepVisit else order
    return (
        f"SELECT way, count() AS number, arraySlice(arraySort(groupArray(tuple({key}))), 1,"  # noqa: S608 - constants
        f" if(way = '{_WENT}', number, {{limit:UInt64}})) AS keys"
        f" FROM (SELECT {order}, {way} AS way FROM ({paired})) GROUP BY way"
    )


def differing_parameters(now: Mapping[str, object], then: Mapping[str, object]) -> dict[str, object]:
    """Return what the question takes, of what is taken by the two series' own."""
    return {**now, "start_then": then["start"], "now_then": then["now"], "at": then["at"]}


def differing(rows: Iterable[Mapping[str, Any]]) -> Differing:
    """Return what the answer to `differing_sql` says."""
    told = list(rows)
    return Differing(
        {row["way"]: int(row["number"]) for row in told},
        {row["way"]: [tuple(str(part) for part in key) for key in row["keys"]] for row in told},
    )


def _side(series: Summed, *, later: bool) -> str:
    """Return the question for what stands behind the number at one of the times, with what it adds and until when."""
    told = (
        f"WITH {names_of(series)} SELECT {series.of.order}, {int(later)} AS later, {_adds(series)} AS adds,"
        f" {_last()} AS last, toUnixTimestamp64Micro(known_at) AS known"
        f" {rows_from(series)} WHERE NOT withdrawn AND {stands_behind(series)}"
    )
    for name, of_then in _OF_THEN.items():
        told = told if later else told.replace(name, of_then)
    return told


def _adds(series: Summed) -> str:
    """Return what a row adds (`insights.explain.reading_of.amount`) as one number, the same for the same amounts."""
    found = series.reads
    effects = [effect for effect in series.of.plain if found.standing or effect.code in found.plain]
    by_code = groupby(sorted(effects, key=lambda effect: effect.code), key=lambda effect: effect.code)
    parts = [part for _, each in by_code for part in _amounts(list(each), standing=found.standing)]
    for sketch in () if found.standing else sorted(found.sketches):
        span = series.of.spans[sketch]
        parts.append(f"if({counts_at(ENDED)} AND ifNull({span} >= 0, false), assumeNotNull({span}), -1)")
    return f"cityHash64({', '.join(parts)})"


def _amounts(effects: Sequence[Effect], *, standing: bool) -> Iterator[str]:
    """Yield whether a row adds to a code at all, and how much."""
    holds = [f"({_placed(each.at) if standing else counts_at(each.at)} AND {each.when})" for each in effects]
    yield f"({' OR '.join(holds)})"
    yield " + ".join(
        f"if({holding}, toInt128(ifNull({each.amount}, 0)), toInt128(0))"
        for each, holding in zip(effects, holds, strict=True)
    )


def _last() -> str:
    """Return the latest instant with which a row enters the series."""
    return f"greatest({', '.join(f'if({_placed(at)}, assumeNotNull({at}), {_BEFORE_ALL})' for at in (BEGUN, ENDED))})"


def _placed(at: str) -> str:
    return f"(own AND ifNull({at} <= {_NOW}, false))"


def _head(why: str) -> str:
    return why.split(":", maxsplit=1)[0]
