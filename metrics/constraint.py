"""Which step limits a stream now: where work stands, how sure that is, and for how long it has been so.

Standing work is arrivals less departures, added up: one number that long waits, slow work, a queue that grows and old
work all raise, and that starved steps do not have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from math import floor, sqrt
from typing import Final

from msgspec import Struct

from metrics import codes
from metrics.batch_means import LEAST, chance_above_zero, variance_of_mean
from metrics.reading import MINIMUM_N, Basis, Reading, StepTally
from metrics.slices import areas
from metrics.student import student

ANNOUNCED: Final = 0.95
"""A step is said to be the constraint where its confidence is at least this, and no step where none's is."""

MARGIN: Final = 1.75
"""A constraint holds at least this many times the work that any other step does: less is a stream in balance."""

ENOUGH: Final = 20
"""Visits that have to have stood in the step that holds most, within the time that it is judged by."""

_SPANS: Final = (4, 8 / 3, 2, 4 / 3, 1)
"""The last quarter of what the window shows, three eighths of it, half, three quarters, all: which it is judged by."""

_SECOND: Final = 1_000_000


def constraint_score(basis: Basis) -> tuple[Reading, ...]:
    """Each step's share of the work that stood in the map's steps over the window.

    A step's standing work is the mean number of visits open in it, exactly: the area under that number over the
    window (Little's law makes it arrivals times lead time, so growing queues, long waits and slow work all show).
    The inlet is left out: what stands there is demand. `n` counts the visits that stood in the step; below the
    minimum its share is unknown. Bounds (95 %) by how the share moved from slice to slice of the window.
    """
    steps = _limiting(basis)
    totals = {step.step: standing_micros(step, basis.window_start, basis.now) for step in steps}
    standing = _standing(basis)
    return tuple(_score(step, totals[step.step], sum(totals.values()), standing) for step in steps)


def constraint_ratio(basis: Basis) -> tuple[Reading, ...]:
    """Each step's confidence that it limits the stream now: at least the chance that it truly holds most, by `MARGIN`.

    Only the step that holds most in the window's last quarter can have any; the others have 0. It is judged by each
    of the window's last parts in which it holds most, as far as it does in all shorter ones too, and the surest
    counts. Unknown where too few visits stood in it, or too little of the window has anything to show.
    """
    verdict = _verdict(basis)
    return tuple(
        Reading(
            statistic="ratio",
            value=None if verdict is None else verdict.confidence if step.step == verdict.step else 0.0,
            n=_stood(step, 0),
            step=step.step,
        )
        for step in _limiting(basis)
    )


def constraint_age_seconds(basis: Basis) -> tuple[Reading, ...]:
    """For how long the step that is announced has been the constraint, as far back as the window reaches; others 0.

    The begin is the slice since which its lead over the step next to it, added up, is greatest (the change point of a
    cumulative sum: Page 1954), so that a moment's lapse does not end it and one that outweighs all since does.
    """
    verdict = _verdict(basis)
    announced = verdict.step if verdict is not None and verdict.confidence >= ANNOUNCED else None
    seconds = _standing(basis).led_micros(announced) / _SECOND if announced is not None else 0.0
    return tuple(
        Reading(
            statistic="now",
            value=None if verdict is None else seconds if step.step == announced else 0.0,
            n=_stood(step, 0),
            step=step.step,
        )
        for step in _limiting(basis)
    )


def constraint(readings: Sequence[Reading]) -> str | None:
    """Return the step that `constraint_ratio`'s readings announce; None where none is sure enough."""
    return next((r.step for r in readings if r.value is not None and r.value >= ANNOUNCED), None)


def standing_micros(step: StepTally, start: int, now: int) -> int:
    """Return the area under the number of open visits from `start` to `now`, in visit-microseconds."""
    change = step.counts.get(codes.STANDING, 0)
    before = step.open - change
    return before * (now - start) + change * now - step.counts.get(codes.STANDING_MOMENT, 0)


class _Verdict(Struct, frozen=True):
    step: str
    confidence: float


class _Standing(Struct, frozen=True):
    """The mean number of visits open in each step in each slice, from the first slice on that has anything."""

    tallies: Mapping[str, StepTally]
    edges: Sequence[int]
    means: Mapping[str, Sequence[float]]
    wholes: Sequence[float]
    """The same of all steps together."""

    @classmethod
    def of(cls, basis: Basis) -> _Standing:
        bounds = basis.edges
        lengths = [end - start for start, end in pairwise(bounds)]
        tallies = {step.step: step for step in _limiting(basis)}
        means = {
            name: [area / length for area, length in zip(areas(t.slices, bounds, t.open), lengths, strict=False)]
            for name, t in tallies.items()
        }
        first = min((_first(each) for each in means.values()), default=0)
        means = {name: each[first:] for name, each in means.items()}
        return cls(tallies, bounds[first:], means, [sum(each) for each in zip(*means.values(), strict=True)])

    def verdict(self) -> _Verdict | None:
        """Return the step that holds most and its confidence; None where too little is known.

        The confidence is cut to whole thousandths, so that a stream in which nothing happens says nothing new.
        """
        leader, counts = self._led()
        best = 0.0
        for count in reversed(counts):
            best = max(best, floor(self._confidence(leader, count) * 1_000) / 1_000)
            if best >= ANNOUNCED:
                break
        return _Verdict(leader, best) if counts else None

    def _led(self) -> tuple[str, list[int]]:
        """Return the step that holds most, and how many of the last slices it may be judged by, ascending."""
        leader, number = "", len(self.edges) - 1
        counts: list[int] = []
        if number < LEAST or max((_stood(t, number) for t in self.tallies.values()), default=0) < ENOUGH:
            return leader, counts
        for part in _SPANS:
            count = max(LEAST, round(number / part))
            totals = {name: sum(each[-count:]) for name, each in self.means.items()}
            most = max(totals, key=totals.__getitem__)
            leader = leader or most
            if most != leader or totals[most] <= 0:
                break
            if _stood(self.tallies[most], count) >= ENOUGH:
                counts.append(count)
        return leader, counts

    def led_micros(self, step: str) -> int:
        """Return for how long the lead of a step over the next one has added up to the most; 0 without a lead."""
        since, led, most = self.edges[-1], 0.0, 0.0
        others = [each for name, each in self.means.items() if name != step]
        for i in range(len(self.edges) - 2, -1, -1):
            next_one = max((each[i] for each in others), default=0.0)
            led += (self.means[step][i] - next_one) * (self.edges[i + 1] - self.edges[i])
            if led > most:
                most, since = led, self.edges[i]
        return self.edges[-1] - since

    def _confidence(self, most: str, count: int) -> float:
        """Return at least the chance that a step holds `MARGIN` times as much as each other (Bonferroni's bound)."""
        recent = {name: each[-count:] for name, each in self.means.items()}
        rivals = {name: MARGIN * sum(each) / count for name, each in recent.items() if name != most}
        leading = recent[most]
        mean = sum(leading) / count
        if mean <= max(rivals.values(), default=0.0):
            return 0.0
        n = _stood(self.tallies[most], count)
        doubt = 0.0
        for name, rival in rivals.items():
            variance, degrees = variance_of_mean([a - MARGIN * b for a, b in zip(leading, recent[name], strict=True)])
            least = mean * mean / n + rival * rival / max(1, _stood(self.tallies[name], count))
            if least > variance:
                variance, degrees = least, n - 1
            doubt += 1 - chance_above_zero(mean - rival, variance, degrees)
        return max(0.0, 1 - doubt)


@lru_cache(maxsize=1)
def _standing(basis: Basis) -> _Standing:
    """Return a basis' standing work; remembered, because the metrics of the map are computed one after another."""
    return _Standing.of(basis)


@lru_cache(maxsize=1)
def _verdict(basis: Basis) -> _Verdict | None:
    return _standing(basis).verdict()


def _limiting(basis: Basis) -> list[StepTally]:
    return [step for step in basis.steps if not step.is_inlet]


def _stood(step: StepTally, count: int) -> int:
    """Return how many visits stood in a step in its last `count` slices; 0: in the window."""
    if not count:
        return step.open - step.counts.get(codes.STANDING, 0) + step.counts.get(codes.ARRIVED, 0)
    recent = step.slices[-count:]
    return step.open + sum(each.arrived - each.change for each in recent)


def _score(step: StepTally, area: int, whole: int, standing: _Standing) -> Reading:
    stood = _stood(step, 0)
    if stood < MINIMUM_N or whole <= 0:
        return Reading(statistic="ratio", value=None, n=stood, step=step.step)
    share = area / whole
    spread = _spread(step.step, share, standing)
    lower, upper = (None, None) if spread is None else (max(0.0, share - spread), min(1.0, share + spread))
    return Reading(statistic="ratio", value=share, n=stood, lower=lower, upper=upper, step=step.step)


def _spread(step: str, share: float, standing: _Standing) -> float | None:
    """Return half the interval of a share: the ratio estimator's, over the slices; None where they are too few."""
    wholes = standing.wholes
    if len(wholes) < LEAST:
        return None
    variance, degrees = variance_of_mean(
        [own - share * whole for own, whole in zip(standing.means[step], wholes, strict=True)]
    )
    mean = sum(wholes) / len(wholes)
    return student(degrees) * sqrt(variance) / mean if degrees and mean > 0 else None


def _first(values: Sequence[float]) -> int:
    return next((i for i, value in enumerate(values) if value > 0), len(values))
