"""Which rows stand behind a number at one of two times alone, or with other amounts, found by the engine; pure.

How many differ in each way, and why those went that have not aged out, is counted by the engine. Rows are read of those
alone that are listed, by the names given here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from msgspec import Struct

from insights.explain.effects import BEGUN, ENDED, Effect
from insights.explain.parts import Told
from insights.explain.questions import HELD, MOVED
from insights.explain.since import AGED, CORRECTED, LATE, NEW, OVER, WITHDRAWN, Key, Listing
from insights.explain.since import MOVED as HAS_MOVED
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
    """How many rows differ in each way, and the names of the first of them in order."""

    numbers: Mapping[str, int]
    keys: Mapping[str, Sequence[Key]]

    def number(self, *ways: str) -> int:
        """Return how many differ in one of some ways."""
        return sum(self.numbers.get(way, 0) for way in ways)

    @property
    def more_went(self) -> bool:
        """Whether more rows went than are named."""
        return self.number(_WENT) > len(self.keys.get(_WENT, ()))

    def examined(self, limit: int) -> set[Key]:
        """Return the names of the rows to read: the first `limit` that are listed, and of those that went the named."""
        listed: list[Key] = []
        for ways in (_CAME, (_CHANGED,), (_AGED, _WENT)):
            listed += sorted(key for way in ways for key in self.keys.get(way, ()))[: max(0, limit - len(listed))]
        return {*listed, *self.keys.get(_WENT, ())}

    def listing(
        self, examined: Iterable[Told], redefined: str, limit: int, went: Mapping[str, int] | None = None
    ) -> Listing:
        """Return what has changed, `examined` being what is said of the rows that were read.

        `went` is why rows went that have not aged out; None where all of them are examined.
        """
        found = list(examined)
        anew = head(redefined)
        why = Counter({NEW: self.number("new"), anew or LATE: self.number("late"), AGED: self.number(_AGED)})
        why[anew or CORRECTED] += self.number("came", _CHANGED)
        heads = [head(str(each["why"])) for each in found if each["change"] == _WENT]
        why.update([each for each in heads if each != AGED] if went is None else went)
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
    sides = " UNION ALL ".join(
        _side(series, f"{_adds(series)} AS adds, toUnixTimestamp64Micro(known_at) AS known", stands_behind(series))
        for series in (then, now)
    )
    came, late = "only_now = 1", "known_now > {at:Int64}"
    way = (
        f"multiIf({came} AND last_now > {_OF_THEN[_NOW]}, '{_CAME[0]}', {came} AND {late}, '{_CAME[1]}',"
        f" {came}, '{_CAME[2]}', is_now = 1, '{_CHANGED}', {_aged(now)}, '{_AGED}', '{_WENT}')"
    )
    paired = (
        f"SELECT {order}, max(later) AS is_now, min(later) AS only_now, maxIf(last, later = 1) AS last_now,"  # noqa: S608 - constants
        f" maxIf(last, later = 0) AS last_then, maxIf(known, later = 1) AS known_now"
        f" FROM ({sides}) GROUP BY {order}"
        f" HAVING is_now = 0 OR only_now = 1 OR anyIf(adds, later = 1) != anyIf(adds, later = 0)"
    )
    key = "item_id, step, toString(visit)" if now.of.kind is StepVisit else order
    return (
        f"SELECT way, count() AS number, arraySlice(arraySort(groupArray(tuple({key}))), 1, {{limit:UInt64}}) AS keys"  # noqa: S608 - constants
        f" FROM (SELECT {order}, {way} AS way FROM ({paired})) GROUP BY way"
    )


def why_went_sql(now: Summed, then: Summed) -> str:
    """Return the question why rows went that have not aged out (`insights.explain.since`), how many for each reason.

    Takes what `differing_sql` does, and `anew`: why the rows of now are others, '' where they are not.
    """
    order, key, held = now.of.order, now.of.key, HELD[now.of.kind]
    sides = " UNION ALL ".join(
        (_side(then, "1 AS stands", stands_behind(then)), _side(now, f"toUInt8({stands_behind(now)}) AS stands", held))
    )
    is_over = f"last_now > {_BEFORE_ALL}" if not now.asked.window else "false"
    known = f"SELECT {key} {rows_from(now)} WHERE NOT withdrawn AND {held}"
    moved = f"SELECT item_id FROM {MOVED} AND item_id NOT IN ({known})"  # noqa: S608 - constants
    why = (
        f"multiIf({key} IN ({moved}), '{HAS_MOVED}', {{anew:String}} != '', {{anew:String}},"
        f" is_known = 0, '{WITHDRAWN if now.asked.window else OVER}', {is_over}, '{OVER}', '{CORRECTED}')"
    )
    went = (
        f"SELECT {order}, max(later) AS is_known, maxIf(last, later = 1) AS last_now,"  # noqa: S608 - constants
        f" maxIf(last, later = 0) AS last_then FROM ({sides}) GROUP BY {order}"
        f" HAVING min(later) = 0 AND countIf(later = 1 AND stands = 1) = 0 AND NOT {_aged(now)}"
    )
    return f"SELECT {why} AS why, count() AS number FROM ({went}) GROUP BY why"  # noqa: S608 - constants


def why_went(rows: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Return what the answer to `why_went_sql` says."""
    return {str(row["why"]): int(row["number"]) for row in rows}


def differing_parameters(now: Mapping[str, object], then: Mapping[str, object]) -> dict[str, object]:
    """Return what the question takes, of what is taken by the two series' own."""
    since = min(int(str(each["since"])) for each in (now, then))
    return {**now, "since": since, "start_then": then["start"], "now_then": then["now"], "at": then["at"]}


def differing(rows: Iterable[Mapping[str, Any]]) -> Differing:
    """Return what the answer to `differing_sql` says."""
    told = list(rows)
    return Differing(
        {row["way"]: int(row["number"]) for row in told},
        {row["way"]: [tuple(str(part) for part in key) for key in row["keys"]] for row in told},
    )


def _side(series: Summed, told: str, where: str) -> str:
    """Return the question for rows at one of the times, with until when each is of the series."""
    asked = (
        f"WITH {names_of(series)} SELECT {series.of.order}, {int(series.as_of is None)} AS later,"
        f" {_last()} AS last, {told} {rows_from(series)} WHERE NOT withdrawn AND {where}"
    )
    for name, of_then in _OF_THEN.items() if series.as_of is not None else ():
        asked = asked.replace(name, of_then)
    return asked


def _aged(now: Summed) -> str:
    return "last_then < {start:Int64}" if now.asked.window else "false"


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


def head(why: str) -> str:
    """Return the kind of a reason, as they are counted."""
    return why.split(":", maxsplit=1)[0]
