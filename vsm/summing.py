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

NOT_YET: Final = "nothing is measured yet"
MOST_SUBJECTS: Final = 1_000
"""Of so many visits that are counted elsewhere it is said where."""

_Sums = Sequence[Mapping[str, Any]]


class _Found(Struct, frozen=True):
    """The series at the clock that its measurement holds at, what it comes to there, and the engine's sums."""

    series: Summed
    again: Recomputed
    sums: _Sums


class _Listing(Struct, frozen=True):
    """Which rows are listed: how many there are, and how many are asked for at most."""

    behind: bool
    total: int
    limit: int


def summed(store: Store, series: Summed, wanted: Wanted, stored: Measured | None, limit: int) -> Explanation:
    """Return the explanation of a series; its clock is that of `stored`, or its own where nothing is measured."""
    if stored is None:
        sums = _sums(store, series)
        readings = totals.readings(sums, series)
        statistic, again = unmeasured(readings, series.asked, wanted.statistic, NOT_YET)
        wanted, found = replace(wanted, statistic=statistic), _Found(series, again, sums)
    else:
        found = _measured(store, series, stored)
    again, asked, read = found.again, found.series.asked, found.series.reads
    items_total, left_out_total = totals.counts(found.sums)
    without = _rows(store, found.series, _Listing(behind=False, total=left_out_total, limit=limit))
    counted_with = elsewhere(store, asked, without)
    shown = Listed(
        behind=_rows(store, found.series, _Listing(behind=True, total=items_total, limit=limit)),
        without=[(row, reason(row, asked, read, counted_with) or "") for row in without],
        items_total=items_total,
        left_out_total=left_out_total,
    )
    return explanation(wanted, asked, stored, again, shown)


def elsewhere(store: Store, question: Asked, rows: Sequence[Derived]) -> dict[tuple[str, str], str]:
    """Return with which items the visits are counted that are not counted here, as far as they are not many."""
    subjects = sorted({row.subject_id for row in rows if isinstance(row, StepVisit) and not row.counted})
    if not subjects:
        return {}
    told = {**ask.parameters(question, 0), "subjects": subjects[:MOST_SUBJECTS]}
    return {
        (str(row["step"]), str(row["subject_id"])): str(row["item_id"]) for row in store.query(ask.OWNERS_SQL, told)
    }


def _measured(store: Store, series: Summed, stored: Measured) -> _Found:
    first: _Found | None = None
    for late in CLOCKS:
        at = series.at(stored.measured_at + late)
        sums = _sums(store, at)
        found = _Found(at, compared(totals.readings(sums, at), at.asked, stored), sums)
        if found.again.equal:
            return found
        first = first or found
    assert first is not None  # noqa: S101 - the loop ran
    told = {**totals.parameters(first.series.asked), "measured": stored.measured_at}
    row = store.query(totals.since_sql(first.series), told)[0]
    since = Since(later=int(str(row["later"])), versions=frozenset(cast("list[str]", row["versions"])))
    return replace(first, again=replace(first.again, note=why_not(since, series.asked, stored)))


def _sums(store: Store, series: Summed) -> _Sums:
    return store.query(totals.sums_sql(series), totals.parameters(series.asked))


def _rows(store: Store, series: Summed, listing: _Listing) -> list[Derived]:
    if not listing.total:
        return []
    sql = totals.list_sql(series, behind=listing.behind, few=listing.total <= listing.limit)
    answer = store.ask(sql, {**totals.parameters(series.asked), "limit": min(listing.limit, listing.total)})
    names = totals.list_names(series, behind=listing.behind)
    return list(ask.rows_of(series.of.kind, series.asked.stream.name, answer.rows, names))
