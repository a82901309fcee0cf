"""What open work stands against: what was finished lately, what was promised, and how likely it is to be broken; pure.

The probability that work which has reached an age breaks an expectation is that of what was finished before: of those
that took longer than the age, the share that took longer than the expectation, P(T > expectation | T > age).
Durations and ages are microseconds.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from msgspec import Struct

from metrics.answers import share
from metrics.reading import MINIMUM_N, Reading
from metrics.sketch import quantile_rank
from schemas.targets_text import UNIT_SECONDS

AT_RISK: Final = 0.5
"""From this probability on work is at risk: it is more likely than not to break its expectation."""

OBSERVED_QUANTILE: Final = 85
"""The quantile of what was finished that stands in where no target is set."""

_QUANTILES: Final = (85, 95, 50)
"""Which target is the expectation where several are set, the first one there."""
_MICROS: Final = 1_000_000


class Verdict(StrEnum):
    """How open work stands to its expectation, the worst first."""

    BROKEN = "broken"
    AT_RISK = "at_risk"
    FINE = "fine"
    UNKNOWN = "unknown"


class Source(StrEnum):
    """Where an expectation is from."""

    TARGET = "target"
    OBSERVED = "observed"


class Expectation(Struct, frozen=True, kw_only=True):
    """So many percent (`quantile`) are expected to take no more than `seconds`."""

    quantile: int
    seconds: float
    source: Source

    @property
    def micros(self) -> int:
        """The same in microseconds."""
        return round(self.seconds * _MICROS)


class Ratio(Struct, frozen=True, kw_only=True):
    """A share of `n` with its 95 % bounds; all but `n` None where fewer than five stand behind it."""

    value: float | None
    n: int
    lower: float | None
    upper: float | None


class Standing(Struct, frozen=True, kw_only=True):
    """How old something is and how that stands.

    `faster` is the share of what was finished that had taken less than this age. `left_seconds` is how long it may
    still take, negative where the expectation is broken; `breaking` the probability that it will be. Both are None
    without an expectation.
    """

    age_seconds: float
    faster: Ratio
    expectation: Expectation | None
    left_seconds: float | None
    breaking: Ratio | None
    verdict: Verdict


class Finished:
    """The durations of what was finished, microseconds."""

    def __init__(self, durations: Iterable[int] = ()) -> None:
        self._sorted = sorted(durations)

    def __len__(self) -> int:
        return len(self._sorted)

    def faster(self, age: int) -> Ratio:
        """Return the share that took less than an age."""
        return _ratio(bisect_left(self._sorted, age), len(self))

    def breaking(self, age: int, expected: int) -> Ratio:
        """Return, of those that took longer than `age`, the share that took longer than `expected`."""
        older = len(self) - bisect_right(self._sorted, age)
        longer = len(self) - bisect_right(self._sorted, max(age, expected))
        return _ratio(longer, older)

    def observed(self) -> Expectation | None:
        """Return the own 85th percentile as an expectation, None of fewer than five."""
        if len(self) < MINIMUM_N:
            return None
        micros = self._sorted[quantile_rank(len(self), OBSERVED_QUANTILE / 100) - 1]
        return Expectation(quantile=OBSERVED_QUANTILE, seconds=micros / _MICROS, source=Source.OBSERVED)


def targeted(targets: Mapping[str, str], metric: str) -> Expectation | None:
    """Return what the definition's targets expect of `flow_time` or of `STEP.lead`, None where nothing."""
    for quantile in _QUANTILES:
        written = targets.get(f"{metric}_p{quantile}")
        if written:
            seconds = float(written[:-1]) * UNIT_SECONDS[written[-1]]
            return Expectation(quantile=quantile, seconds=seconds, source=Source.TARGET)
    return None


def standing(age: int, finished: Finished, expectation: Expectation | None) -> Standing:
    """Return how something of an age stands."""
    breaking = None if expectation is None else finished.breaking(age, expectation.micros)
    return Standing(
        age_seconds=age / _MICROS,
        faster=finished.faster(age),
        expectation=expectation,
        left_seconds=None if expectation is None else (expectation.micros - age) / _MICROS,
        breaking=breaking,
        verdict=_verdict(age, expectation, breaking),
    )


def _verdict(age: int, expectation: Expectation | None, breaking: Ratio | None) -> Verdict:
    if expectation is None or breaking is None:
        return Verdict.UNKNOWN
    if age > expectation.micros:
        return Verdict.BROKEN
    if breaking.value is None:
        return Verdict.UNKNOWN
    return Verdict.AT_RISK if breaking.value >= AT_RISK else Verdict.FINE


def _ratio(hits: int, n: int) -> Ratio:
    told: Reading = share(hits, n)
    return Ratio(value=told.value, n=n, lower=told.lower, upper=told.upper)
