"""Times as the tools write them, from whole seconds since the epoch."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

_HOUR = 3_600
_DAY = 24 * _HOUR


def zulu(at: int) -> str:
    """Return `2025-11-01T08:30:00Z`."""
    return f"{_date(at // _DAY)}T{_clock(at % _DAY)}Z"


def zulu_millis(at: int) -> str:
    """Return `2025-11-01T08:30:00.000Z`."""
    return f"{_date(at // _DAY)}T{_clock(at % _DAY)}.000Z"


def with_offset(at: int, hours: int) -> str:
    """Return `2025-11-01T10:30:00+02:00`: the author's clock, east of Greenwich or there."""
    there = at + hours * _HOUR
    return f"{_date(there // _DAY)}T{_clock(there % _DAY)}+{hours:02d}:00"


def jira(at: int, hours: int = 1) -> str:
    """Return `2025-11-01T09:30:00.000+0100`."""
    there = at + hours * _HOUR
    return f"{_date(there // _DAY)}T{_clock(there % _DAY)}.000+{hours:02d}00"


@lru_cache(maxsize=512)
def _date(day: int) -> str:
    return datetime.fromtimestamp(day * _DAY, UTC).date().isoformat()


def _clock(second: int) -> str:
    minutes, seconds = divmod(second, 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}"
