"""Which step limits a stream: where work stands longest."""

from __future__ import annotations

from collections.abc import Sequence

from metrics import codes
from metrics.reading import MINIMUM_N, Basis, Reading, StepTally


def constraint_score(basis: Basis) -> tuple[Reading, ...]:
    """Each step's share of the work that stood in the map's steps over the window; the greatest is the constraint.

    A step's standing work is the mean number of visits open in it, exactly: the area under that number over the
    window (Little's law makes it arrivals times lead time, so growing queues, long waits and slow work all show).
    The inlet is left out: what stands there is demand. `n` counts the visits that stood in the step; below the
    minimum its share is unknown.
    """
    steps = [step for step in basis.steps if not step.is_inlet]
    areas = {step.step: standing_micros(step, basis.window_start, basis.now) for step in steps}
    return tuple(_score(step, areas[step.step], sum(areas.values())) for step in steps)


def constraint(readings: Sequence[Reading]) -> str | None:
    """Return the step with the greatest known score, the first of equals; None when none is above 0."""
    known = [(reading.value, reading.step) for reading in readings if reading.value]
    return max(known, key=lambda pair: pair[0])[1] if known else None


def standing_micros(step: StepTally, start: int, now: int) -> int:
    """Return the area under the number of open visits from `start` to `now`, in visit-microseconds."""
    change = step.counts.get(codes.STANDING, 0)
    before = step.open - change
    return before * (now - start) + change * now - step.counts.get(codes.STANDING_MOMENT, 0)


def _score(step: StepTally, area: int, whole: int) -> Reading:
    stood = step.open - step.counts.get(codes.STANDING, 0) + step.counts.get(codes.ARRIVED, 0)
    value = area / whole if stood >= MINIMUM_N and whole > 0 else None
    return Reading(statistic="ratio", value=value, n=stood, step=step.step)
