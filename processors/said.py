"""What was last said of a block of series, so that only what changed, or is due to be repeated, is said again; pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from schemas.measurement import Measurement

REPEAT_MICROS: Final = 60_000_000
"""A live series is repeated at least this often."""

_SPREAD: Final = 16
_SPREAD_MICROS: Final = 1_000_000


class Block:
    """The series of one thing in one window, always the same and in the same order; what lives of them is remembered.

    `number` spreads the repeats out in time.
    """

    __slots__ = ("_begun", "_early", "_said", "due_at")

    def __init__(self, number: int) -> None:
        self._said: dict[int, Measurement] = {}
        self._begun = False
        self._early = number % _SPREAD * _SPREAD_MICROS
        self.due_at: int | None = None
        """When the next repeat is due, microseconds; None when nothing in it is live."""

    def is_due(self, now: int) -> bool:
        """Tell whether a repeat is due."""
        return self.due_at is not None and self.due_at <= now

    def say(self, measurements: Iterable[Measurement], now: int, *, everything: bool) -> list[Measurement]:
        """Take what is measured now and return what must be said: what differs, and when due all that is live.

        The first time, and with `everything`, all of it is said, live or not.
        """
        new = list(measurements)
        old, due, whole = self._said, self.is_due(now), everything or not self._begun
        self._said = {place: m for place, m in enumerate(new) if is_live(m)}
        self._begun = True
        self._plan(now, restart=due or everything)
        if whole:
            return new
        return [m for place, m in enumerate(new) if differs(old.get(place), m) or (due and is_live(m))]

    def repeat(self, now: int, measured_at: int) -> list[Measurement]:
        """Return what is live as it was last said, at a new time."""
        self._plan(now, restart=True)
        return [replace(m, measured_at=measured_at) for m in self._said.values()]

    def retract(self, measured_at: int) -> list[Measurement]:
        """Return what is live as unknown, and forget it."""
        said, self._said, self.due_at = self._said, {}, None
        return [replace(m, measured_at=measured_at, value=None, n=0, lower=None, upper=None) for m in said.values()]

    def _plan(self, now: int, *, restart: bool) -> None:
        if not self._said:
            self.due_at = None
        elif restart or self.due_at is None:
            self.due_at = now + REPEAT_MICROS - self._early


def is_live(measurement: Measurement) -> bool:
    """Tell whether anything stands behind a measurement."""
    return measurement.n > 0


def differs(live: Measurement | None, new: Measurement) -> bool:
    """Tell whether a series says something else than before, its time aside; `live` None: nothing stood behind it.

    Where nothing stands behind it still, the completeness of that nothing is not worth saying again.
    """
    if live is None:
        return is_live(new)
    return (
        live.value != new.value
        or live.n != new.n
        or live.lower != new.lower
        or live.upper != new.upper
        or live.completeness != new.completeness
    )
