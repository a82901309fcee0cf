"""A tool's way of writing a time, as microseconds UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.adapter import Untranslatable
from ingest.vocabulary.times import Moment, moment
from schemas.event import EARLIEST_MICROS

NOON = 1_772_452_800_000_000
"""2026-03-02T12:00:00Z."""


@pytest.mark.parametrize(
    ("written", "micros"),
    [
        ("2026-03-02T12:00:00Z", NOON),
        ("2026-03-02T12:00:00+00:00", NOON),
        ("2026-03-02T13:00:00+01:00", NOON),
        ("2026-03-02T13:00:00.000+0100", NOON),
        ("2026-03-02T17:30:00+0530", NOON),
        ("2026-03-02T12:00:00", NOON),
        ("2026-03-02 12:00:00 UTC", NOON),
        ("2026-03-02 12:00:00 +0000", NOON),
        ("2026-03-02 13:00:00 +0100", NOON),
        ("2026-03-02T12:00:00 GMT", NOON),
        ("2026-03-02T12:00:00.5Z", NOON + 500_000),
        ("2026-03-02T12:00:00.123456Z", NOON + 123_456),
        ("2026-03-02T12:00:00.1234567Z", NOON + 123_456),
        ("2026-03-02T12:00:00.123456789Z", NOON + 123_456),
        ("1772452800", NOON),
        ("1772452800123", NOON + 123_000),
        ("1772452800123456789", NOON + 123_456),
        ("1772011512030", 1_772_011_512_030_000),
        (1_772_452_800, NOON),
        (1_772_452_800.25, NOON + 250_000),
        (1_772_452_800_123, NOON + 123_000),
        (1_772_452_800_123_456, NOON + 123_456),
        (1_772_452_800_123_456_789, NOON + 123_456),
    ],
)
def test_spellings_of_a_time(written: str | float, micros: int) -> None:
    """ISO 8601 in its many spellings and epochs of any unit are read to the microsecond."""
    assert moment(written, "at") == Moment(micros)


@pytest.mark.parametrize(
    "written", [None, "", "soon", "2026-13-01T00:00:00Z", "12:00", "x" * 10_000, "9" * 300, 10**40, "-62135596800001"]
)
def test_what_is_no_time_is_told_by_its_field(written: str | int | None) -> None:
    """What is no time is refused by the field's name, without its value."""
    with pytest.raises(Untranslatable, match=r"^at is (missing|not a time)$"):
        moment(written, "at")


@pytest.mark.parametrize("written", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_refused(written: float) -> None:
    """A number that is none is no time."""
    with pytest.raises(Untranslatable, match="at is not a time"):
        moment(written, "at")


@pytest.mark.parametrize(
    "written", ["1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "1989-12-31T23:59:59Z", 0, -5, "0"]
)
def test_a_time_before_1990_is_kept_as_text(written: str | int) -> None:
    """An implausible time becomes 1990 and keeps the tool's own text."""
    assert moment(written, "at") == Moment(EARLIEST_MICROS, str(written))


@settings(max_examples=60)
@given(
    st.datetimes(datetime(1990, 1, 2), datetime(2199, 1, 1)),  # noqa: DTZ001 - the zone is drawn beside
    st.integers(-14 * 60, 14 * 60),
)
def test_any_time_in_any_zone_is_exact(naive: datetime, offset_minutes: int) -> None:
    """Any time of two centuries in any zone is read to the microsecond."""
    at = naive.replace(tzinfo=timezone(timedelta(minutes=offset_minutes)))
    exact = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    assert moment(at.isoformat(), "at") == Moment(exact)


@settings(max_examples=100)
@given(st.one_of(st.text(max_size=40), st.integers(), st.floats()))
def test_anything_is_a_time_or_refused(written: str | float) -> None:
    """Any text or number is a time, or refused by name."""
    try:
        found = moment(written, "at").micros >= EARLIEST_MICROS
    except Untranslatable:
        found = True
    assert found
