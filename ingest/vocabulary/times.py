"""A tool's way of writing a time, as microseconds UTC; pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Final

from msgspec import Struct

from ingest.adapter import Untranslatable
from schemas.event import EARLIEST_MICROS

FUTURE_TIME: Final = "future_time"
"""Attribute that flags a time more than `FUTURE_TOLERANCE_MICROS` after the arrival; the event counts all the same."""

FUTURE_TOLERANCE_MICROS: Final = 300_000_000

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_UTC: Final = " UTC"
_ZONE_WORD: Final = re.compile(r"\s*(?:UTC|GMT|Z)\s*$", re.IGNORECASE)
_LOOSE_OFFSET: Final = re.compile(r"\s+([+-]\d{2}:?\d{2})\s*$")
_KEPT_CHARACTERS: Final = 64
_DATE_DIGITS: Final = 8
_MILLIS_FROM: Final = 100_000_000_000
_MICROS_FROM: Final = 100_000_000_000_000
_NANOS_FROM: Final = 100_000_000_000_000_000
_LATEST_MICROS: Final = 253_402_300_800_000_000
_FIRST_MICROS: Final = -62_135_596_800_000_000
"""The year 1: a date knows none before."""


class Moment(Struct, frozen=True, gc=False):
    """A time: `micros` since the epoch, UTC, never before 1990; `implausible` is the tool's text of an earlier one."""

    micros: int
    implausible: str | None = None


def moment(written: str | float | None, field: str) -> Moment:
    """Return the time a tool wrote: ISO 8601 in its many spellings, or a number of seconds (or ms, us, ns) since 1970.

    A time without a zone is UTC; digits below the microsecond are cut off. Raises Untranslatable, naming `field`, when
    it is missing or no time at all.
    """
    if isinstance(written, str) and written:
        micros = _from_text(written, field)
    elif written is None or written == "":
        raise Untranslatable(f"{field} is missing")
    else:
        micros = _from_number(written, field)
    if micros < EARLIEST_MICROS:
        return Moment(EARLIEST_MICROS, str(written)[:_KEPT_CHARACTERS])
    return Moment(micros)


def _from_text(text: str, field: str) -> int:
    if text.isdecimal() and text.isascii() and _DATE_DIGITS < len(text) <= _KEPT_CHARACTERS:
        return _from_number(int(text), field)  # digits alone are an epoch, even where they could be a date and a time
    try:
        at = datetime.fromisoformat(text.removesuffix(_UTC))
    except ValueError:
        at = _from_loose_text(text, field)
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    since = at - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _from_loose_text(text: str, field: str) -> datetime:
    """Read what `fromisoformat` does not: a zone as a word, blanks before the offset; or digits of an epoch."""
    plain = text.strip()
    if plain.isascii() and plain.removeprefix("-").replace(".", "", 1).isdigit() and len(plain) <= _KEPT_CHARACTERS:
        return _EPOCH + timedelta(microseconds=_from_number(float(plain), field))
    zoned = _LOOSE_OFFSET.sub(r"\1", _ZONE_WORD.sub("+00:00", plain[:_KEPT_CHARACTERS]))
    try:
        return datetime.fromisoformat(zoned)
    except ValueError:
        raise Untranslatable(f"{field} is not a time") from None


def _from_number(number: float, field: str) -> int:
    """Tell seconds, milliseconds, microseconds and nanoseconds apart by size."""
    if isinstance(number, float) and not isfinite(number):
        raise Untranslatable(f"{field} is not a time")
    size = abs(number)
    if size < _MILLIS_FROM:
        micros = int(number * 1_000_000) if isinstance(number, int) else round(number * 1_000_000)
    elif size < _MICROS_FROM:
        micros = int(number * 1_000)
    elif size < _NANOS_FROM:
        micros = int(number)
    else:
        micros = int(number // 1_000)
    if not _FIRST_MICROS <= micros < _LATEST_MICROS:
        raise Untranslatable(f"{field} is not a time")
    return micros
