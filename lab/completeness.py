"""Whether the completeness that is measured reads what was lost on the way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import sqrt
from typing import Any, Final

from msgspec import Struct

from lab.organisation import DAY
from lab.scenarios import SCENARIOS, Scenario
from lab.score_rows import ScoreRow
from lab.sending import MICROS

WINDOW: Final = "30d"
"""A window that the run fills, so that all that is missing in it was lost."""

_DAYS: Final = 30
_DEVIATIONS: Final = 3
_PRESUPPOSED: Final = 0.25
"""Share of the facts that later ones presuppose, at least: runs, deployments, incidents, tickets, changes."""

BIAS: Final = 0.01
"""How far the mean error may be from 0 where nothing but chance takes deliveries."""

_ENOUGH: Final = 9

Fact = tuple[str, str, int]
"""(value stream, event id, when it occurred in microseconds)."""


class Kept(Struct, frozen=True, kw_only=True):
    """The share of a stream's n facts that arrived, what was measured of it, and how far these may be apart.

    `by_chance` and `in_outage` are the shares lost one by one and to the outage alone: with `true` they make 1.
    """

    scenario: str
    value_stream: str
    true: float
    by_chance: float
    in_outage: float
    measured: float | None
    allowed: float
    n: int

    @property
    def error(self) -> float | None:
        """How much too high the measured share reads; None where it is unknown."""
        return None if self.measured is None else self.measured - self.true

    @property
    def met(self) -> bool:
        """Whether the measured share is as close as it must be."""
        return self.error is not None and abs(self.error) <= self.allowed


class Arrivals(Struct, frozen=True, kw_only=True):
    """The facts of a run: all, those that would have arrived without the outage, and those that arrived."""

    every: frozenset[Fact]
    but_for_outage: frozenset[Fact]
    arrived: frozenset[Fact]


def kept(scenario: Scenario, facts: Arrivals, rows: Iterable[Mapping[str, Any]], end: int) -> list[Kept]:
    """Return the comparison of each stream of a scenario with a loss; `end` in microseconds.

    The share is estimated from the facts that others presuppose, so it may be off by chance: three standard deviations
    of as many draws as there are such facts. What fell whole into the outage is presupposed by nothing: as much as was
    lost to it may be missed.
    """
    since = end - _DAYS * DAY * MICROS
    seen = {
        r["value_stream"]: r["value"] for r in rows if r["metric"] == "completeness_ratio" and r["window"] == WINDOW
    }
    found = []
    for stream in scenario.streams:
        mine = {fact for fact in facts.every if fact[0] == stream.name and since <= fact[2] < end}
        n = max(1, len(mine))
        share = 1 - len(mine - facts.arrived) / n
        chance = sqrt(share * (1 - share) / max(1.0, n * _PRESUPPOSED))
        in_outage = len((mine & facts.but_for_outage) - facts.arrived) / n
        found.append(
            Kept(
                scenario=scenario.name, value_stream=stream.name, true=share,
                by_chance=len(mine - facts.but_for_outage) / n,
                in_outage=in_outage, measured=seen.get(stream.name), allowed=_DEVIATIONS * chance + in_outage,
                n=len(mine),
            )
        )  # fmt: skip
    return found


def mean_error(several: Iterable[Kept]) -> float | None:
    """Return how much too high the share reads on average, errors of both signs against one another; None of none."""
    errors = [one.error for one in several if one.error is not None]
    return sum(errors) / len(errors) if errors else None


def without_outage(several: Iterable[Kept]) -> list[Kept]:
    """Return those of the scenarios in which deliveries are lost one by one alone."""
    names = {each.name for each in SCENARIOS if each.loss is not None and not each.loss.outage_lasts}
    return [one for one in several if one.scenario in names]


def score_bias(several: Sequence[Kept]) -> Iterator[ScoreRow]:
    """Yield whether the mean error without an outage is small, from so many comparisons on that it says something."""
    those = without_outage(several)
    mean = mean_error(those)
    if len(those) >= _ENOUGH and mean is not None:
        yield ScoreRow(
            group="completeness, mean error", value_stream="every", what="error without an outage, mean of the runs",
            expected="0", measured=f"{mean:+.4f}", allowed=f"{BIAS:.4f}", n=len(those), met=abs(mean) <= BIAS,
        )  # fmt: skip


def score_completeness(several: Iterable[Kept]) -> Iterator[ScoreRow]:
    """Yield a row for each comparison."""
    for one in several:
        yield ScoreRow(
            group="completeness", value_stream=one.value_stream,
            what=f"{one.scenario}: share of the facts that arrived",
            expected=f"{one.true:.4f}", measured="unknown" if one.measured is None else f"{one.measured:.4f}",
            allowed=f"{one.allowed:.4f}", n=one.n, met=one.met,
        )  # fmt: skip
