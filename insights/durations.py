"""Figures as people read them: `3.2 d`, `87 %`, and `?` for what is unknown."""

from __future__ import annotations

from typing import Final

UNKNOWN_TEXT: Final = "?"
_UNITS: Final = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"))


def duration(seconds: float | None) -> str:
    """Return seconds in the greatest unit that leaves at least one, or `?`."""
    if seconds is None:
        return UNKNOWN_TEXT
    for size, unit in _UNITS:
        if abs(seconds) >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


def percent(ratio: float | None) -> str:
    """Return a ratio in percent, or `?`."""
    return UNKNOWN_TEXT if ratio is None else f"{100 * ratio:.0f} %"


def count(value: float | None) -> str:
    """Return a whole number, or `?`."""
    return UNKNOWN_TEXT if value is None else f"{value:.0f}"


def per_day(value: float | None) -> str:
    """Return a rate a day, or `?`."""
    return UNKNOWN_TEXT if value is None else f"{value:.2f} / day"
