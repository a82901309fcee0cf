"""An event log's rows (case, activity, times, lifecycle) as facts of activities; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, tzinfo

from msgspec import Struct

from ingest.importers.activities import CANCELLED, FINISHED, STARTED, TRANSITIONS, BadLog, fact, time_of, zone_of


class BadRow(BadLog):
    """A row that cannot be read; says which, which column and why."""


class Columns(Struct, frozen=True, kw_only=True):
    """Which columns hold what. `end` is the only time, or the end beside `start`; `lifecycle` says which a row's is."""

    case: str
    activity: str
    end: str
    start: str | None = None
    lifecycle: str | None = None
    zone: str = "UTC"


class Skipped(Struct, kw_only=True):
    """Rows that say nothing of starts and ends, counted by their lifecycle value."""

    by_lifecycle: Counter[str]


def facts(
    rows: Iterable[Mapping[str, str | None]], columns: Columns, skipped: Skipped | None = None
) -> Iterator[dict[str, object]]:
    """Yield the import facts of rows in their order; the same rows give the same facts.

    Identical rows of one case are told apart by how many came before. Raises BadRow.
    """
    zone = zone_of(columns.zone)
    seen: Counter[tuple[str, str, str, datetime]] = Counter()
    for number, row in enumerate(rows, start=1):
        case, activity = _cell(row, columns.case, number), _cell(row, columns.activity, number)
        for kind, column in _boundaries(row, columns, number, skipped):
            at = _time(row, column, zone, number)
            same = (case, activity, kind, at)
            made = fact(kind, case, activity, at, order=number, repeat=seen[same])
            if columns.lifecycle is not None and _cell(row, columns.lifecycle, number).lower() in CANCELLED:
                made["outcome"] = "cancelled"
            yield made
            seen[same] += 1


def activities(rows: Iterable[Mapping[str, str | None]], column: str) -> tuple[str, ...]:
    """Return the activities of rows, each once, in the order of their first. Raises BadRow."""
    return tuple(dict.fromkeys(_cell(row, column, number) for number, row in enumerate(rows, start=1)))


def _boundaries(
    row: Mapping[str, str | None], columns: Columns, number: int, skipped: Skipped | None
) -> Iterator[tuple[str, str]]:
    if columns.lifecycle is not None:
        value = _cell(row, columns.lifecycle, number).lower()
        if value in TRANSITIONS:
            yield TRANSITIONS[value], columns.end
        elif skipped is not None:
            skipped.by_lifecycle[value] += 1
        return
    if columns.start is not None and row.get(columns.start):
        yield STARTED, columns.start
    if row.get(columns.end) or columns.start is None:
        yield FINISHED, columns.end


def _cell(row: Mapping[str, str | None], column: str, number: int) -> str:
    if column not in row:
        raise BadRow(f"row {number}: there is no column '{column}'; columns: {', '.join(str(name) for name in row)}")
    value = (row[column] or "").strip()
    if not value:
        raise BadRow(f"row {number}: column '{column}' is empty")
    return value


def _time(row: Mapping[str, str | None], column: str, zone: tzinfo, number: int) -> datetime:
    text = _cell(row, column, number)
    try:
        return time_of(text, zone)
    except ValueError:
        raise BadRow(f"row {number}: column '{column}': '{text}' is no ISO 8601 time") from None
