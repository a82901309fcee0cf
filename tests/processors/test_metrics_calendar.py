"""Working time against a minute-by-minute count of the wall clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.calendar import working_micros
from schemas.definition import Calendar

MINUTE = 60_000_000
HOUR = 60 * MINUTE
OFFICE = Calendar(
    zone="Europe/Berlin",
    hours=tuple((day, 9 * 60, 17 * 60) for day in range(5)),
    holidays=("2026-05-01",),
)
ALWAYS = Calendar(zone="Europe/Berlin", hours=tuple((day, 0, 24 * 60) for day in range(7)))
NIGHT = Calendar(zone="Europe/Berlin", hours=((6, 2 * 60 + 15, 2 * 60 + 45), (6, 0, 60)))
SPLIT = Calendar(
    zone="America/St_Johns", hours=tuple((d, 60 * h, 60 * h + 45) for d in range(7) for h in (1, 9, 22, 23))
)
CALENDARS = st.sampled_from([OFFICE, ALWAYS, NIGHT, SPLIT])
INSTANTS = st.integers(min_value=1_500_000_000, max_value=1_900_000_000).map(lambda s: s * 1_000_000)


def micros(text: str, zone: str = "UTC") -> int:
    """The microseconds of an ISO time in a zone."""
    moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def by_the_wall_clock(calendar: Calendar, start: int, end: int) -> int:
    """Count working minutes one by one, straight from the definition."""
    zone = ZoneInfo(calendar.zone)
    total = 0
    for instant in range(start, end, MINUTE):
        local = datetime.fromtimestamp(instant // 1_000_000, tz=zone)
        minute = local.hour * 60 + local.minute
        inside = any(d == local.weekday() and a <= minute < b for d, a, b in calendar.hours)
        total += MINUTE * (inside and local.date().isoformat() not in calendar.holidays)
    return total


@given(CALENDARS, INSTANTS, st.integers(min_value=0, max_value=3_000))
@settings(max_examples=40, deadline=None)
def test_working_time_is_the_count_of_working_minutes(calendar: Calendar, start: int, minutes: int) -> None:
    """Any span's working time is what counting its minutes on the wall clock gives."""
    begin = start // MINUTE * MINUTE
    assert working_micros(calendar, begin, begin + minutes * MINUTE) == by_the_wall_clock(
        calendar, begin, begin + minutes * MINUTE
    )


@given(CALENDARS, st.lists(INSTANTS, min_size=3, max_size=3).map(sorted))
@settings(max_examples=50, deadline=None)
def test_working_time_is_additive(calendar: Calendar, instants: list[int]) -> None:
    """A span cut anywhere has the working time of its parts together."""
    whole = working_micros(calendar, instants[0], instants[-1])
    assert whole == sum(working_micros(calendar, a, b) for a, b in pairwise(instants))


@given(CALENDARS, INSTANTS, st.integers(min_value=0, max_value=10**12))
@settings(max_examples=50, deadline=None)
def test_working_time_never_exceeds_the_span(calendar: Calendar, start: int, length: int) -> None:
    """Working time lies between nothing and the elapsed time."""
    assert 0 <= working_micros(calendar, start, start + length) <= length


@pytest.mark.parametrize(
    ("calendar", "start", "end", "hours"),
    [
        pytest.param(OFFICE, "2026-06-01T00:00", "2026-06-06T00:00", 40.0, id="a working week"),
        pytest.param(OFFICE, "2026-06-06T00:00", "2026-06-08T00:00", 0.0, id="a week-end is outside the hours"),
        pytest.param(OFFICE, "2026-04-30T16:00", "2026-05-04T10:00", 2.0, id="a holiday and a week-end between"),
        pytest.param(ALWAYS, "2026-03-29T00:00", "2026-03-30T00:00", 23.0, id="the day that loses an hour"),
        pytest.param(ALWAYS, "2026-10-25T00:00", "2026-10-26T00:00", 25.0, id="the day that repeats an hour"),
        pytest.param(NIGHT, "2026-03-29T00:00", "2026-03-30T00:00", 1.0, id="hours that the spring skips"),
        pytest.param(NIGHT, "2026-10-25T00:00", "2026-10-26T00:00", 2.0, id="hours that the autumn repeats"),
        pytest.param(OFFICE, "2026-06-01T12:00", "2026-06-01T12:00", 0.0, id="the empty span"),
        pytest.param(OFFICE, "2026-06-02T12:00", "2026-06-01T12:00", 0.0, id="a span that ends before it starts"),
        pytest.param(ALWAYS, "2028-02-29T00:00", "2028-03-01T00:00", 24.0, id="a leap day"),
    ],
)
def test_known_days(calendar: Calendar, start: str, end: str, hours: float) -> None:
    """Days whose working hours anybody can count."""
    assert working_micros(calendar, micros(start, calendar.zone), micros(end, calendar.zone)) == hours * HOUR


def test_a_broken_clock_costs_no_time() -> None:
    """A span to the year 9999 counts to the horizon and no further."""
    assert working_micros(ALWAYS, micros("2099-12-31T00:00"), micros("9999-12-31T00:00")) == 24 * HOUR


def test_hours_given_twice_count_once() -> None:
    """Overlapping hours are worked once."""
    twice = Calendar(zone="UTC", hours=((0, 540, 720), (0, 600, 780)))
    assert working_micros(twice, micros("2026-06-01T00:00"), micros("2026-06-02T00:00")) == 4 * HOUR
