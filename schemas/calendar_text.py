"""The `calendar` of a value stream: working hours as people write them, `Mon-Fri 09:00-17:00`, in one time zone."""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from typing import Final

from schemas.definition import Calendar
from schemas.yaml_node import Node, nearest

CALENDAR_KEYS: Final = ("zone", "hours", "holidays")
DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
OFFICE: Final = tuple((day, 9 * 60, 17 * 60) for day in range(5))
"""The hours of a calendar that names none."""

_DAY: Final = "|".join(DAYS)
_SPAN: Final = re.compile(
    rf"(?P<first>{_DAY})(?:-(?P<last>{_DAY}))?\s+(?P<begin>[0-2][0-9]:[0-5][0-9])-(?P<end>[0-2][0-9]:[0-5][0-9])"
)
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DAY_MINUTES: Final = 24 * 60


def read_calendar(node: Node) -> Calendar:
    """Return the calendar a node describes; problems are noted on it. Without hours, Mon-Fri 09:00-17:00."""
    fields = node.fields(CALENDAR_KEYS, required=("zone",))
    hours = fields["hours"].one_or_many() if "hours" in fields else []
    return Calendar(
        zone=_zone(fields["zone"]) if "zone" in fields else "UTC",
        hours=tuple(span for child in hours for span in _spans(child)) if "hours" in fields else OFFICE,
        holidays=tuple(_date(child) for child in fields["holidays"].items()) if "holidays" in fields else (),
    )


def _zone(node: Node) -> str:
    zone = node.text()
    try:
        zoneinfo.ZoneInfo(zone or "UTC")
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        close = nearest(zone, zoneinfo.available_timezones())
        told = close if close.startswith("did") else "an IANA name, such as Europe/Berlin"
        node.complain(f"'{zone}' is no time zone", told)
    return zone


def _spans(node: Node) -> list[tuple[int, int, int]]:
    spans: list[tuple[int, int, int]] = []
    text = node.text()
    for part in text.split(",") if text else ():
        match = _SPAN.fullmatch(part.strip())
        begin, end = (_minutes(match["begin"]), _minutes(match["end"])) if match else (0, 0)
        if match is None or end > _DAY_MINUTES:
            node.complain(f"'{part.strip()}' are no working hours", "such as 'Mon-Fri 09:00-17:00, Sat 10:00-12:00'")
        elif end <= begin:
            node.complain(
                f"'{part.strip()}' ends before it begins", "a night is two: 'Mon 22:00-24:00, Tue 00:00-06:00'"
            )
        else:
            first = DAYS.index(match["first"])
            last = DAYS.index(match["last"]) if match["last"] else first
            spans += [(day % 7, begin, end) for day in range(first, last + 1 if last >= first else last + 8)]
    return spans


def _minutes(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)


def _date(node: Node) -> str:
    text = node.text()
    try:
        if not _DATE.fullmatch(text):
            raise ValueError  # noqa: TRY301 - other forms of ISO dates are no more wanted than none
        return dt.date.fromisoformat(text).isoformat()
    except ValueError:
        node.complain(f"'{text}' is no date", "such as 2026-12-25")
        return text
