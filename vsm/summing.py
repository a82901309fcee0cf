"""An explanation of which the engine does the sums: only the rows that are shown are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from msgspec import Struct
from msgspec.structs import replace

from insights.explain import questions as ask
from insights.explain import totals
from insights.explain.answer import (
    CLOCKS,
    Explanation,
    Figure,
    Listed,
    Measured,
    Recomputed,
    Since,
    compared,
    explanation,
    unmeasured,
    why_not,
)
from insights.explain.naming import Wanted
from insights.explain.reasons import reason
from insights.explain.totals import Summed
from metrics.recompute import Asked
from schemas.derived import Derived, StepVisit
from vsm.store import Store

MOST_SUBJECTS: Final = 1_000
"""Of so many visits that are counted elsewhere it is said where."""

Sums = Sequence[Mapping[str, Any]]
"""What the engine sums, a row for each step, slice and bin."""


class Found(Struct, frozen=True, kw_only=True):
    """A series at the clock that its measurement holds at, what it comes to there, and the engine's sums.

    `stored` None: nothing is measured, so the series' own clock is it, and `again` is all there is.
    """

    series: Summed
    statistic: str
    stored: Measured | None
    again: Recomputed
    sums: Sums

    @property
    def figure(self) -> Figure:
        """What was measured, else what the rows come to."""
        if self.stored is not None:
            return self.stored.figure
        return Figure(value=self.again.value, n=self.again.n, lower=self.again.lower, upper=self.again.upper)


class _Listing(Struct, frozen=True):
    """Which rows are listed: how many there are, and how many are asked for at most."""

    behind: bool
    total: int
    limit: int


def summed(store: Store, series: Summed, stored: Measured | None, statistic: str, note: str) -> Found:
    """Return what a series comes to; `note` says why where nothing is measured."""
    if stored is not None:
        return _measured(store, series, stored)
    sums = _sums(store, series)
    statistic, again = unmeasured(totals.readings(sums, series), series.asked, statistic, note)
    return Found(series=series, statistic=statistic, stored=None, again=again, sums=sums)


def explained(store: Store, found: Found, wanted: Wanted, limit: int) -> Explanation:
    """Return the explanation of a series: its number, and the first rows behind it and left out."""
    series = found.series
    asked, read = series.asked, series.reads
    items_total, left_out_total = totals.counts(found.sums)
    without = _rows(store, series, _Listing(behind=False, total=left_out_total, limit=limit))
    counted_with = elsewhere(store, asked, without)
    shown = Listed(
        behind=_rows(store, series, _Listing(behind=True, total=items_total, limit=limit)),
        without=[(row, reason(row, asked, read, counted_with) or "") for row in without],
        items_total=items_total,
        left_out_total=left_out_total,
    )
    return explanation(replace(wanted, statistic=found.statistic), asked, found.stored, found.again, shown)


def elsewhere(store: Store, question: Asked, rows: Sequence[Derived]) -> dict[tuple[str, str], str]:
    """Return with which items the visits are counted that are not counted here, as far as they are not many."""
    subjects = sorted({row.subject_id for row in rows if isinstance(row, StepVisit) and not row.counted})
    if not subjects:
        return {}
    told = {**ask.parameters(question, 0), "subjects": subjects[:MOST_SUBJECTS]}
    return {
        (str(row["step"]), str(row["subject_id"])): str(row["item_id"]) for row in store.query(ask.OWNERS_SQL, told)
    }


def since(store: Store, series: Summed, measured_at: int) -> Since:
    """Return what has become known of a series' rows since a time, microseconds UTC, and by which definitions."""
    row = store.query(totals.since_sql(series), {**_told(series), "measured": measured_at})[0]
    return Since(later=int(str(row["later"])), versions=frozenset(cast("list[str]", row["versions"])))


def _measured(store: Store, series: Summed, stored: Measured) -> Found:
    first: Found | None = None
    for late in CLOCKS:
        at = series.at(stored.measured_at + late)
        sums = _sums(store, at)
        again = compared(totals.readings(sums, at), at.asked, stored)
        found = Found(series=at, statistic=stored.statistic, stored=stored, again=again, sums=sums)
        if again.equal:
            return found
        first = first or found
    assert first is not None  # noqa: S101 - the loop ran
    if series.as_of is not None:  # of a past number it is told whether it is recomputed, not why it is not
        return first
    why = why_not(since(store, first.series, stored.measured_at), series.asked, stored)
    return replace(first, again=replace(first.again, note=why))


def _sums(store: Store, series: Summed) -> Sums:
    return store.query(totals.sums_sql(series), _told(series))


def _told(series: Summed) -> dict[str, object]:
    return totals.parameters(series.asked, series.as_of)


def _rows(store: Store, series: Summed, listing: _Listing) -> list[Derived]:
    if not listing.total:
        return []
    sql = totals.list_sql(series, behind=listing.behind, few=listing.total <= listing.limit)
    answer = store.ask(sql, {**_told(series), "limit": min(listing.limit, listing.total)})
    names = totals.list_names(series, behind=listing.behind)
    return list(ask.rows_of(series.of.kind, series.asked.stream.name, answer.rows, names))
