"""Working time: how much of a span lies inside a stream's working hours; pure.

Hours are wall-clock minutes in the calendar's zone. An instant works if its own wall time lies in the hours of its
own weekday and its date is no holiday: an hour that daylight saving skips is never worked, one that it repeats is
worked twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import accumulate
from typing import Final
from zoneinfo import ZoneInfo

from schemas.definition import Calendar

_SECOND: Final = 1_000_000
_MINUTE: Final = 60 * _SECOND
_DAY: Final = 86_400 * _SECOND
_BLOCK_DAYS: Final = 32
_BLOCK: Final = _BLOCK_DAYS * _DAY
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - wall time without a zone is meant
_HORIZON: Final = 47_482 * _DAY
"""2100-01-01: working time after it (or before 1970) counts as none, so that a broken clock costs no time."""

Spans = tuple[tuple[int, int], ...]
"""Half-open [from, to) spans in microseconds UTC, ascending, disjoint."""


def working_micros(calendar: Calendar, start: int, end: int) -> int:
    """Return the microseconds of working time in [start, end), both microseconds UTC; 0 if `end` is not after `start`.

    Additive: (a, b) + (b, c) = (a, c). Raises ZoneInfoNotFoundError for a zone that does not exist.
    """
    start, end = max(start, 0), min(end, _HORIZON)
    if end <= start:
        return 0
    timetable = _timetable(calendar)
    first, last = start // _BLOCK, end // _BLOCK
    between = sum(timetable.block(block)[-1] for block in range(first, last))
    return between + timetable.until(end) - timetable.until(start)


class _Timetable:
    """One calendar's working time, remembered by block of days: bounded by the horizon."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self._zone = ZoneInfo(calendar.zone)
        self._blocks: dict[int, tuple[int, ...]] = {}
        self._days: dict[int, Spans] = {}

    def block(self, block: int) -> tuple[int, ...]:
        """Return the working time from the block's start to each of its days' starts, its end last."""
        found = self._blocks.get(block)
        if found is None:
            days = (self._spans(block * _BLOCK_DAYS + i) for i in range(_BLOCK_DAYS))
            found = tuple(accumulate((sum(to - begin for begin, to in spans) for spans in days), initial=0))
            self._blocks[block] = found
        return found

    def until(self, instant: int) -> int:
        """Return the working time from the start of the instant's block to the instant."""
        day = instant // _DAY
        today = sum(max(0, min(to, instant) - begin) for begin, to in self._spans(day))
        return self.block(day // _BLOCK_DAYS)[day % _BLOCK_DAYS] + today

    def _spans(self, day: int) -> Spans:
        found = self._days.get(day)
        if found is None:
            found = self._days[day] = _day_spans(self._calendar, self._zone, day)
        return found


@lru_cache(maxsize=256)
def _timetable(calendar: Calendar) -> _Timetable:
    return _Timetable(calendar)


def _day_spans(calendar: Calendar, zone: ZoneInfo, day: int) -> Spans:
    """Return the working spans inside one UTC day (days since the epoch)."""
    spans = sorted(
        span
        for start, end, offset in _segments(zone, day * _DAY, (day + 1) * _DAY)
        for span in _local_spans(calendar, start, end, offset)
    )
    return _merged(spans)


def _segments(zone: ZoneInfo, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield (start, end, offset) parts of a span in which the zone's offset is constant; at most one change a span."""
    before, after = _offset(zone, start), _offset(zone, end - 1)
    if before == after:
        yield start, end, before
        return
    low, high = start // _SECOND, end // _SECOND
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, middle * _SECOND) == before:
            low = middle
        else:
            high = middle
    yield start, high * _SECOND, before
    yield high * _SECOND, end, after


def _offset(zone: ZoneInfo, instant: int) -> int:
    """Return the zone's offset from UTC at an instant, in microseconds."""
    offset = (_EPOCH + timedelta(microseconds=instant)).astimezone(zone).utcoffset()
    return (offset or timedelta()) // timedelta(microseconds=1)


def _local_spans(calendar: Calendar, start: int, end: int, offset: int) -> Iterator[tuple[int, int]]:
    """Yield the working spans of [start, end) where the offset from UTC is constant."""
    for local_day in range((start + offset) // _DAY, (end - 1 + offset) // _DAY + 1):
        date = (_NAIVE_EPOCH + timedelta(days=local_day)).date()
        if date.isoformat() in calendar.holidays:
            continue
        midnight = local_day * _DAY - offset
        for weekday, from_minute, to_minute in calendar.hours:
            begin = max(start, midnight + from_minute * _MINUTE)
            to = min(end, midnight + to_minute * _MINUTE)
            if weekday == date.weekday() and begin < to:
                yield begin, to


def _merged(spans: list[tuple[int, int]]) -> Spans:
    """Join overlapping spans, so that hours given twice count once."""
    merged: list[tuple[int, int]] = []
    for begin, to in spans:
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], to))
        else:
            merged.append((begin, to))
    return tuple(merged)
