"""What differs between two replays of one log under two definitions; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from processors.outputs import TOPIC_OF, identity
from processors.replay import Replayed
from schemas.derived import Derived
from schemas.measurement import Measurement

_Series = tuple[str, str, str, str, str, str, str, str]


class SeriesDifference(Struct, frozen=True, kw_only=True):
    """One series that differs. A value is None where it is unknown or the series is not there; `n` is 0 then.

    `change` is next less live, None where one of them is unknown.
    """

    value_stream: str
    step: str
    metric: str
    window: str
    statistic: str
    kind: str
    environment: str
    service: str
    live: float | None
    live_n: int
    next: float | None
    next_n: int
    change: float | None


class RowsDifference(Struct, frozen=True, kw_only=True):
    """How many rows of one kind one stream has, and how many only one side has or both have otherwise."""

    value_stream: str
    table: str
    live: int
    next: int
    came: int
    went: int
    changed: int


class StreamDifference(Struct, frozen=True):
    """What differs in one stream, and how many of its rows and series do not."""

    rows: Sequence[RowsDifference]
    series: Sequence[SeriesDifference]
    equal_rows: int
    equal_series: int


class Difference(Struct, frozen=True, kw_only=True):
    """What differs at one clock; `equal_series` and `equal_rows` say how much does not."""

    measured_at: int
    live_version: str
    next_version: str
    events: int
    rows: Sequence[RowsDifference]
    series: Sequence[SeriesDifference]
    equal_rows: int
    equal_series: int


def differing(live: Replayed, after: Replayed) -> StreamDifference:
    """Return what differs between two replays of one stream."""
    rows, equal_rows = _rows_differing(live, after)
    series, equal_series = _series_differing(live, after)
    return StreamDifference(rows, series, equal_rows, equal_series)


def _rows_differing(live: Replayed, after: Replayed) -> tuple[list[RowsDifference], int]:
    """Return the counts of each stream and kind that differ in some row, and how many rows are equal."""
    old, new = _rows(live), _rows(after)
    came, went, changed, equal = Counter[tuple[str, str]](), Counter[tuple[str, str]](), Counter[tuple[str, str]](), 0
    for key in old.keys() | new.keys():
        if key not in old:
            came[key[:2]] += 1
        elif key not in new:
            went[key[:2]] += 1
        elif not _say_the_same(old[key], new[key]):
            changed[key[:2]] += 1
        else:
            equal += 1
    olds, news = Counter(key[:2] for key in old), Counter(key[:2] for key in new)
    differing = [
        RowsDifference(
            value_stream=at[0],
            table=at[1],
            live=olds[at],
            next=news[at],
            came=came[at],
            went=went[at],
            changed=changed[at],
        )
        for at in sorted(came.keys() | went.keys() | changed.keys())
    ]
    return differing, equal


def _series_differing(live: Replayed, after: Replayed) -> tuple[list[SeriesDifference], int]:
    """Return the series whose value or n differ, sorted by name, and how many are equal."""
    old, new = _series(live), _series(after)
    differing, equal = [], 0
    for key in sorted(old.keys() | new.keys()):
        was, is_ = old.get(key), new.get(key)
        value, n = _said(was)
        next_value, next_n = _said(is_)
        if (value, n) == (next_value, next_n):
            equal += 1
            continue
        change = None if value is None or next_value is None else next_value - value
        names = dict(zip(_NAMES, key, strict=True))
        differing.append(SeriesDifference(**names, live=value, live_n=n, next=next_value, next_n=next_n, change=change))
    return differing, equal


_NAMES = ("value_stream", "step", "metric", "window", "statistic", "kind", "environment", "service")


def _said(measurement: Measurement | None) -> tuple[float | None, int]:
    return (None, 0) if measurement is None else (measurement.value, measurement.n)


def _series(replayed: Replayed) -> Mapping[_Series, Measurement]:
    return {
        (m.value_stream, m.step, m.metric, m.window, m.statistic, m.kind, m.environment, m.service): m
        for m in replayed.measurements
    }


def _rows(replayed: Replayed) -> Mapping[tuple[str, str, str], Derived]:
    return {(row.value_stream, _TABLES[type(row)], identity(row)): row for row in replayed.rows}


_TABLES = {kind: topic.split(".")[1] for kind, topic in TOPIC_OF.items()}


def _say_the_same(row: Derived, other: Derived) -> bool:
    """Return whether rows differ in nothing but when and by which definition they were derived."""
    return row == replace(
        other, revision=row.revision, known_at=row.known_at, definition_version=row.definition_version
    )
