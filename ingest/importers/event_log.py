"""An event log's rows (case, activity, times, lifecycle) as facts: `activity.started` and `activity.finished`."""

from __future__ import annotations

import zoneinfo
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Final

from msgspec import Struct

STARTED: Final = "activity.started"
FINISHED: Final = "activity.finished"
_LIFECYCLE: Final = {"start": STARTED, "started": STARTED, "complete": FINISHED, "completed": FINISHED, "end": FINISHED}


class BadRow(ValueError):  # noqa: N818 - shown to the user as it is
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
    zone = _zone(columns.zone)
    seen: Counter[tuple[str, str, str, str]] = Counter()
    for number, row in enumerate(rows, start=1):
        case, activity = _cell(row, columns.case, number), _cell(row, columns.activity, number)
        for kind, column in _boundaries(row, columns, number, skipped):
            at = _time(row, column, zone, number)
            same = (case, activity, kind, at)
            yield _fact(kind, case, activity, at, position=number, repeat=seen[same])
            seen[same] += 1


def activities(rows: Iterable[Mapping[str, str | None]], column: str) -> tuple[str, ...]:
    """Return the activities of rows, each once, in the order of their first. Raises BadRow."""
    return tuple(dict.fromkeys(_cell(row, column, number) for number, row in enumerate(rows, start=1)))


def steps_yaml(activities: Iterable[str], *, with_start: bool) -> str:
    """Return a `steps:` section with one step an activity, in their order."""
    lines = ["    steps:"]
    for activity in activities:
        quoted = '"' + activity.replace("\\", "\\\\").replace('"', '\\"') + '"'
        lines.append(f"      - name: {quoted}")
        if with_start:
            lines.append(f"        start:  {{on: {STARTED}, where: {{activity: {quoted}}}}}")
        lines.append(f"        finish: {{on: {FINISHED}, where: {{activity: {quoted}}}}}")
    return "\n".join(lines) + "\n"


def _boundaries(
    row: Mapping[str, str | None], columns: Columns, number: int, skipped: Skipped | None
) -> Iterator[tuple[str, str]]:
    if columns.lifecycle is not None:
        value = _cell(row, columns.lifecycle, number).lower()
        if value in _LIFECYCLE:
            yield _LIFECYCLE[value], columns.end
        elif skipped is not None:
            skipped.by_lifecycle[value] += 1
        return
    if columns.start is not None and row.get(columns.start):
        yield STARTED, columns.start
    if row.get(columns.end) or columns.start is None:
        yield FINISHED, columns.end


def _fact(kind: str, case: str, activity: str, at: str, *, position: int, repeat: int) -> dict[str, object]:
    attributes = {"activity": activity}
    if repeat:
        attributes["repeat"] = str(repeat)
    return {
        "type": kind,
        "occurred_at": at,
        "subject_id": f"activity:{case}",
        "order": position,
        "attributes": attributes,
    }


def _cell(row: Mapping[str, str | None], column: str, number: int) -> str:
    if column not in row:
        raise BadRow(f"row {number}: there is no column '{column}'; columns: {', '.join(str(name) for name in row)}")
    value = (row[column] or "").strip()
    if not value:
        raise BadRow(f"row {number}: column '{column}' is empty")
    return value


def _time(row: Mapping[str, str | None], column: str, zone: tzinfo, number: int) -> str:
    text = _cell(row, column, number)
    try:
        at = datetime.fromisoformat(text.replace("/", "-"))
    except ValueError:
        raise BadRow(f"row {number}: column '{column}': '{text}' is no ISO 8601 time") from None
    at = at if at.tzinfo is not None else at.replace(tzinfo=zone)
    return at.astimezone(UTC).isoformat()


def _zone(name: str) -> tzinfo:
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        raise BadRow(f"'{name}' is no time zone, such as Europe/Berlin") from None
