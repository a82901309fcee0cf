"""Working time by the lab's own reckoning: day by day, from what the clock on the team's wall shows. Whole seconds."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from lab.organisation import CLOSES, OPENS, Hours

_FRIDAY = 4


def working(hours: Hours | None, start: int | None, end: int | None) -> int | None:
    """Return the seconds of [start, end) that the team works; None without hours, or where an end is unknown."""
    if hours is None or start is None or end is None:
        return None
    zone = ZoneInfo(hours.zone)
    day = datetime.fromtimestamp(start, UTC).astimezone(zone).date()
    total = 0
    while True:
        opens, closes = _at_work(hours, day)
        if opens >= end:
            return total
        total += max(0, min(closes, end) - max(opens, start))
        day += timedelta(days=1)


@lru_cache(maxsize=4_096)
def _at_work(hours: Hours, day: date) -> tuple[int, int]:
    """Return when the team's day begins and ends, seconds since the epoch; the same on a day off."""
    zone = ZoneInfo(hours.zone)
    opens, closes = (
        int(datetime.combine(day, time(minutes // 60, minutes % 60), zone).timestamp()) for minutes in (OPENS, CLOSES)
    )
    return opens, closes if day.weekday() <= _FRIDAY and day.isoformat() not in hours.holidays else opens
