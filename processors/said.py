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

Label = tuple[str, str, str, str]


class Block:
    """The series of one thing in one window, computed together; `number` spreads the repeats out in time."""

    __slots__ = ("_early", "_said", "due_at")

    def __init__(self, number: int) -> None:
        self._said: dict[Label, Measurement] = {}
        self._early = number % _SPREAD * _SPREAD_MICROS
        self.due_at: int | None = None
        """When the next repeat is due, microseconds; None when nothing in it is live."""

    def is_due(self, now: int) -> bool:
        """Tell whether a repeat is due."""
        return self.due_at is not None and self.due_at <= now

    def say(self, measurements: Iterable[Measurement], now: int, *, everything: bool) -> list[Measurement]:
        """Take what is measured now and return what must be said: what differs, and when due all that is live.

        `everything`: return all of it, live or not.
        """
        new = {(m.metric, m.statistic, m.kind, m.step): m for m in measurements}
        old, self._said = self._said, new
        due = self.is_due(now)
        says = [m for label, m in new.items() if everything or (due and is_live(m)) or differs(old.get(label), m)]
        self._plan(now, restart=due or everything)
        return says

    def repeat(self, now: int, measured_at: int) -> list[Measurement]:
        """Return what is live as it was last said, at a new time."""
        self._plan(now, restart=True)
        return [replace(m, measured_at=measured_at) for m in self._said.values() if is_live(m)]

    def retract(self, measured_at: int) -> list[Measurement]:
        """Return what is live as unknown, and forget it."""
        said, self._said, self.due_at = self._said, {}, None
        return [
            replace(m, measured_at=measured_at, value=None, n=0, lower=None, upper=None)
            for m in said.values()
            if is_live(m)
        ]

    def _plan(self, now: int, *, restart: bool) -> None:
        if not any(is_live(m) for m in self._said.values()):
            self.due_at = None
        elif restart or self.due_at is None:
            self.due_at = now + REPEAT_MICROS - self._early


def is_live(measurement: Measurement) -> bool:
    """Tell whether anything stands behind a measurement."""
    return measurement.n > 0


def differs(old: Measurement | None, new: Measurement) -> bool:
    """Tell whether two measurements of a series say different things, their times aside.

    Where nothing stands behind either, the completeness of that nothing is not worth saying again.
    """
    return old is None or (
        old.value != new.value
        or old.n != new.n
        or old.lower != new.lower
        or old.upper != new.upper
        or (is_live(new) and old.completeness != new.completeness)
    )
