"""Working hours as people write them: `Mon-Fri 09:00-17:00`, several spans separated by commas."""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from typing import Final

from schemas.definition import Calendar
from schemas.yaml_node import Node, nearest

DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_SPAN: Final = re.compile(
    r"(?P<first>Mon|Tue|Wed|Thu|Fri|Sat|Sun)(?:-(?P<last>Mon|Tue|Wed|Thu|Fri|Sat|Sun))?"
    r"\s+(?P<h1>\d\d):(?P<m1>\d\d)-(?P<h2>\d\d):(?P<m2>\d\d)"
)
_DAY_MINUTES: Final = 24 * 60


def read_calendar(node: Node) -> Calendar:
    """Return the calendar a node describes; problems are noted on it. Without hours, Mon-Fri 09:00-17:00."""
    fields = node.fields(("zone", "hours", "holidays"), required=("zone",))
    zone = fields["zone"].text() if "zone" in fields else "UTC"
    if zone not in zoneinfo.available_timezones():
        fields["zone"].complain(f"'{zone}' is no time zone", nearest(zone, zoneinfo.available_timezones())[:60])
    hours = [span for child in fields["hours"].one_or_many() for span in _spans(child)] if "hours" in fields else []
    holidays = fields["holidays"].items() if "holidays" in fields else []
    return Calendar(
        zone=zone,
        hours=tuple(hours) if "hours" in fields else tuple((day, 9 * 60, 17 * 60) for day in range(5)),
        holidays=tuple(_date(child) for child in holidays),
    )


def _spans(node: Node) -> list[tuple[int, int, int]]:
    spans: list[tuple[int, int, int]] = []
    for part in node.text().split(","):
        match = _SPAN.fullmatch(part.strip())
        begin = int(match["h1"]) * 60 + int(match["m1"]) if match else 0
        end = int(match["h2"]) * 60 + int(match["m2"]) if match else 0
        if match is None or not 0 <= begin < end <= _DAY_MINUTES:
            node.complain(f"'{part.strip()}' are no working hours", "such as 'Mon-Fri 09:00-17:00, Sat 10:00-12:00'")
            continue
        first = DAYS.index(match["first"])
        last = DAYS.index(match["last"]) if match["last"] else first
        spans += [(day % 7, begin, end) for day in range(first, last + 1 if last >= first else last + 8)]
    return spans


def _date(node: Node) -> str:
    if isinstance(node.value, dt.date):
        return node.value.isoformat()
    text = node.text()
    try:
        return dt.date.fromisoformat(text).isoformat()
    except ValueError:
        node.complain(f"'{text}' is no date", "such as 2026-12-25")
        return text
