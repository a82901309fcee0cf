"""Whether the completeness that is measured reads what was lost on the way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import sqrt
from typing import Any, Final

from msgspec import Struct

from lab.organisation import DAY, Stream
from lab.scenarios import Loss
from lab.score_rows import ScoreRow
from lab.sending import MICROS

WINDOW: Final = "30d"
"""A window that the run fills, so that all that is missing in it was lost."""

_DAYS: Final = 30
_DEVIATIONS: Final = 3
_PRESUPPOSED: Final = 0.25
"""Share of the facts that later ones presuppose, at least: runs, deployments, incidents, tickets, changes."""

Fact = tuple[str, str, int]
"""(value stream, event id, when it occurred in microseconds)."""


class Kept(Struct, frozen=True, kw_only=True):
    """The share of a stream's n facts that arrived, what was measured of it, and how far these may be apart."""

    value_stream: str
    true: float
    measured: float | None
    allowed: float
    n: int

    @property
    def met(self) -> bool:
        """Whether the measured share is as close as it must be."""
        return self.measured is not None and abs(self.measured - self.true) <= self.allowed


def kept(
    streams: Iterable[Stream], facts: tuple[Iterable[Fact], Iterable[Fact]], loss: Loss,
    rows: Iterable[Mapping[str, Any]], end: int,
) -> list[Kept]:  # fmt: skip
    """Return the comparison of each stream; `facts` are all of them, then those that arrived; `end` microseconds.

    The share is estimated from the facts that others presuppose, so it may be off by chance: three standard deviations
    of as many draws as there are such facts. What fell whole into the outage is presupposed by nothing: as much as the
    outage's share of the window may be missed.
    """
    since = end - _DAYS * DAY * MICROS
    all_of, arrived = ({fact for fact in each if since <= fact[2] < end} for each in facts)
    seen = {
        r["value_stream"]: r["value"] for r in rows if r["metric"] == "completeness_ratio" and r["window"] == WINDOW
    }
    found = []
    for stream in streams:
        n = sum(fact[0] == stream.name for fact in all_of)
        share = sum(fact[0] == stream.name for fact in arrived & all_of) / n if n else 1.0
        chance = sqrt(share * (1 - share) / max(1.0, n * _PRESUPPOSED))
        allowed = _DEVIATIONS * chance + loss.outage_lasts / (_DAYS * DAY)
        found.append(Kept(value_stream=stream.name, true=share, measured=seen.get(stream.name), allowed=allowed, n=n))
    return found


def score_completeness(several: Iterable[Kept]) -> Iterator[ScoreRow]:
    """Yield a row for each comparison."""
    for one in several:
        yield ScoreRow(
            group="completeness", value_stream=one.value_stream, what="share of the facts that arrived",
            expected=f"{one.true:.4f}", measured="unknown" if one.measured is None else f"{one.measured:.4f}",
            allowed=f"{one.allowed:.4f}", n=one.n, met=one.met,
        )  # fmt: skip
