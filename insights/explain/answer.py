"""A number and all that stands behind it, gathered from a measurement and the rows of its window; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isclose
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from insights.explain.naming import Meaning, Wanted, meaning, statistic_of
from insights.explain.parts import Told, identity, item_id, moment, told
from insights.explain.reading_of import Amount, amount, reads
from insights.explain.reasons import Owners, owners, reason
from metrics.reading import Reading, Scope
from metrics.recompute import NOW_SCOPES, Asked, recompute
from schemas.definition import derived_version
from schemas.derived import Derived

SECOND: Final = 1_000_000
_CLOSE: Final = 1e-9
CLOCKS: Final = (0, SECOND - 1)
"""Where in the second that a measurement says it may have been made, microseconds."""
SORTED_MOST: Final = 20_000
"""More items than this are listed as they come."""


class Figure(Struct, frozen=True, kw_only=True):
    """A value and what stands behind it; `value` None is unknown."""

    value: float | None
    n: int
    lower: float | None = None
    upper: float | None = None


class Recomputed(Struct, frozen=True, kw_only=True):
    """What the rows give at the time of the measurement, and whether that is what was measured; `note` says why not."""

    value: float | None
    n: int
    lower: float | None
    upper: float | None
    equal: bool
    note: str = ""


class Measured(Struct, frozen=True, kw_only=True):
    """A stored measurement; `measured_at` is microseconds UTC."""

    figure: Figure
    statistic: str
    completeness: float | None
    definition_version: str
    generation: int
    measured_at: int


class Explanation(Struct, frozen=True, kw_only=True):
    """A number, the items behind it and those left out; lists are cut after the limit asked for, the totals are not.

    Times are ISO 8601, UTC. `as_of` is only filled where a past number was asked for; `no_more` then says what of
    it the definition does not have any more, '' where it has all.
    """

    value_stream: str
    metric: str
    step: str
    window: str
    statistic: str
    kind: str
    environment: str
    service: str
    value: float | None
    n: int
    lower: float | None
    upper: float | None
    completeness: float | None
    definition: Meaning
    definition_version: str
    generation: int
    measured_at: str | None
    window_start: str | None
    window_end: str | None
    recomputed: Recomputed
    items_total: int
    left_out_total: int
    items: Sequence[Told]
    left_out: Sequence[Told]
    as_of: Mapping[str, Any] | None = None
    no_more: str = ""


class Evidence(Struct, frozen=True, kw_only=True):
    """The rows of a window and what is known beside them.

    `seen_before` counts what opened of rows that are not here; `counted_with` are owners of visits that are not.
    """

    asked: Asked
    rows: Sequence[Derived]
    seen_before: int = 0
    counted_with: Owners = {}

    def readings(self) -> tuple[Reading, ...]:
        """Return what the rows give."""
        return recompute(self.rows, self.asked, self.seen_before)


class Listed(Struct, frozen=True, kw_only=True):
    """The first rows behind a number and the first left out, each with its reason, and how many there are in all."""

    behind: Sequence[Derived]
    without: Sequence[tuple[Derived, str]]
    items_total: int
    left_out_total: int


class Since(Struct, frozen=True, kw_only=True):
    """What tells why a number is not recomputed: rows known since it was measured, and the rows' definitions."""

    later: int
    versions: frozenset[str]


def measured(row: Mapping[str, Any]) -> Measured:
    """Return the measurement of a row."""
    return Measured(
        figure=Figure(value=row["value"], n=row["n"], lower=row["lower"], upper=row["upper"]),
        statistic=row["statistic"],
        completeness=row["completeness"],
        definition_version=row["definition_version"],
        generation=row["generation"],
        measured_at=row["measured_seconds"] * SECOND,
    )


def chosen(readings: Sequence[Reading], asked: Asked, statistic: str) -> Reading:
    """Return the reading of a statistic, step and kind; one without anything behind it where there is none."""
    for each in readings:
        if each.statistic == statistic and each.step in {"", asked.step} and each.kind in {"", asked.kind}:
            return each
    return Reading(statistic=statistic, value=None, n=0)


def recomputed(evidence: Evidence, stored: Measured) -> tuple[Evidence, Recomputed]:
    """Return what the rows give, and the evidence at the clock which that holds at.

    A measurement says the whole second it was made in, so the end of that second is tried too.
    """
    first: tuple[Evidence, Recomputed] | None = None
    for late in CLOCKS:
        at = replace(evidence, asked=replace(evidence.asked, now=stored.measured_at + late))
        found = compared(at.readings(), at.asked, stored)
        if found.equal:
            return at, found
        first = first or (at, found)
    assert first is not None  # noqa: S101 - the loop ran
    return first[0], replace(first[1], note=why_not(since(evidence, stored.measured_at), evidence.asked, stored))


def unmeasured(readings: Sequence[Reading], asked: Asked, statistic: str, note: str) -> tuple[str, Recomputed]:
    """Return what some readings give where nothing was measured, as `note` says; '' takes the usual statistic."""
    statistic = statistic or statistic_of("", [each.statistic for each in readings], asked.metric.name)
    reading = chosen(readings, asked, statistic)
    return statistic, Recomputed(
        value=reading.value, n=reading.n, lower=reading.lower, upper=reading.upper, equal=False, note=note
    )


def compared(readings: Sequence[Reading], asked: Asked, stored: Measured) -> Recomputed:
    """Return what some readings give for a measurement, and whether they give the same; why not is not said."""
    reading = chosen(readings, asked, stored.statistic)
    equal = _equal(reading, stored.figure, asked)
    return Recomputed(value=reading.value, n=reading.n, lower=reading.lower, upper=reading.upper, equal=equal)


def explanation(
    wanted: Wanted, asked: Asked, stored: Measured | None, again: Recomputed, listed: Listed
) -> Explanation:
    """Return the whole answer; `stored` None: nothing is measured yet, so the recomputed number stands alone."""
    figure = (
        stored.figure
        if stored is not None
        else Figure(value=again.value, n=again.n, lower=again.lower, upper=again.upper)
    )
    return Explanation(
        value_stream=asked.stream.name,
        metric=asked.metric.name,
        step=asked.step,
        window=asked.window,
        statistic=stored.statistic if stored is not None else wanted.statistic,
        kind=asked.kind,
        environment=asked.environment,
        service=asked.service,
        value=figure.value,
        n=figure.n,
        lower=figure.lower,
        upper=figure.upper,
        completeness=None if stored is None else stored.completeness,
        definition=meaning(asked.metric),
        definition_version="" if stored is None else stored.definition_version,
        generation=0 if stored is None else stored.generation,
        measured_at=None if stored is None else moment(stored.measured_at),
        window_start=moment(asked.start) if asked.window else None,
        window_end=moment(asked.now),
        recomputed=again,
        items_total=listed.items_total,
        left_out_total=listed.left_out_total,
        items=[told(row, asked) for row in listed.behind],
        left_out=[{"item_id": item_id(row), **_where(row), "reason": why} for row, why in listed.without],
    )


def listed(evidence: Evidence, limit: int) -> Listed:
    """Return the first rows behind the number and the first left out, at most `limit` of each."""
    behind, without = divided(evidence)
    return Listed(
        behind=[row for row, _ in behind[:limit]],
        without=without[:limit],
        items_total=len(behind),
        left_out_total=len(without),
    )


def divided(evidence: Evidence) -> tuple[list[tuple[Derived, Amount]], list[tuple[Derived, str]]]:
    """Return the rows behind the number with what each adds, and those left out with the reason."""
    asked, read = evidence.asked, reads(evidence.asked)
    counted_with = {**owners(evidence.rows), **evidence.counted_with}
    behind, without = [], []
    for row in evidence.rows:
        adds = amount(row, asked, read)
        if adds:
            behind.append((row, adds))
        elif (why := reason(row, asked, read, counted_with)) is not None:
            without.append((row, why))
    if len(behind) <= SORTED_MOST:
        behind.sort(key=lambda each: identity(each[0]))
        without.sort(key=lambda each: identity(each[0]))
    return behind, without


def _where(row: Derived) -> Told:
    step = getattr(row, "step", None)
    return {} if step is None else {"step": step, "visit": getattr(row, "visit", None)}


def _equal(reading: Reading, figure: Figure, asked: Asked) -> bool:
    """Tell whether a reading is what was measured: ages within the second that the measurement's time is cut to."""
    slack = 1.0 if asked.metric.scope in NOW_SCOPES and asked.metric.name.endswith("_seconds") else 0.0
    pairs = ((reading.value, figure.value), (reading.lower, figure.lower), (reading.upper, figure.upper))
    return reading.n == figure.n and all(_same(a, b, slack) for a, b in pairs)


def _same(a: float | None, b: float | None, slack: float) -> bool:
    if a is None or b is None:
        return a is b
    return isclose(a, b, rel_tol=_CLOSE, abs_tol=max(slack, 1e-12))


def since(evidence: Evidence, measured_at: int) -> Since:
    """Return what tells why rows do not give what was measured of them at a time, microseconds UTC."""
    return Since(
        later=sum(row.known_at > measured_at for row in evidence.rows),
        versions=frozenset(row.definition_version for row in evidence.rows),
    )


def why_not(since: Since, asked: Asked, stored: Measured) -> str:
    """Return why the rows do not give what was measured, in plain words."""
    if since.later:
        return f"{since.later} rows have become known since it was measured"
    if since.versions - {derived_version(stored.definition_version)} and stored.definition_version:
        return "it was measured under another version of the definition than the rows are derived under"
    if asked.metric.scope == Scope.MAP or asked.metric.name.startswith("littles_law_"):
        return "it moves with the clock and was last computed a moment before"
    return "the rows have changed since it was measured"
