"""How often the constraint is found, falsely announced, and Little's law warned of: simulated queues, many seeds.

`python -m bench.constraint [SEEDS]` prints the tables of `docs/metrics/constraint_ratio.md` and `littles_law_ratio.md`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from metrics.constraint import ANNOUNCED
from schemas.measurement import Measurement
from tests.builders.measured import NOW, STREAM, fed
from tests.builders.queues import Line, Station, balanced, delays, simulate, with_load

SEEDS: Final = 200
_MIDDLE: Final = 39 * 24.0
_SLOW: Final = delays((12, 56, 0.3, 3, 0.1))


def moved_delay() -> Line:
    """Review is slow for the first half of the run, Verify for the second."""
    review = Station(hours=56, servers=None, since=_MIDDLE, then_hours=5)
    verify = Station(hours=3, servers=None, since=_MIDDLE, then_hours=56)
    return replace(_SLOW, stations={**_SLOW.stations, "Review": review, "Verify": verify})


def moved_load() -> Line:
    """Review lacks capacity for the first half of the run, Verify for the second."""
    first = with_load(with_load(balanced(), "Review", 1.2), "Review", 0.5, since=_MIDDLE)
    return with_load(first, "Verify", 1.3, since=_MIDDLE)


CONSTRAINED: Final[Mapping[str, tuple[Line, str]]] = {
    "delays of 12, 56, 0.3, 3, 0.1 hours": (_SLOW, "Review"),
    "delays of 10, 5, 0.3, 62, 0.1 hours": (delays((10, 5, 0.3, 62, 0.1)), "Verify"),
    "delays of 66, 6, 0.3, 4, 0.1 hours": (delays((66, 6, 0.3, 4, 0.1)), "Develop"),
    "delays of 20, 60, 0.3, 3, 0.1 hours": (delays((20, 60, 0.3, 3, 0.1)), "Review"),
    "the slow delay moves in the middle": (moved_delay(), "Verify"),
    "load 1.2 in Verify, else 0.6": (with_load(balanced(), "Verify", 1.2), "Verify"),
    "load 1.3 in Verify, else 0.7": (with_load(balanced(load=0.7), "Verify", 1.3), "Verify"),
    "load 1.05 in Verify, else 0.6, 300 items": (with_load(balanced(every=6), "Verify", 1.05), "Verify"),
    "load 0.95 in Verify, else 0.5": (with_load(balanced(load=0.5), "Verify", 0.95), "Verify"),
    "too much load moves in the middle": (moved_load(), "Verify"),
}
"""Streams with a constraint, and which step it is at the end."""

BALANCED: Final[Mapping[str, Line]] = {
    "delays of 20 hours in all": delays((20, 20, 20, 20, 20)),
    "delays of 20, 20, 0.3, 20, 0.1 hours": delays((20, 20, 0.3, 20, 0.1)),
    "delays of 20, 0.3, 0.3, 24, 0.1 hours": delays((20, 0.3, 0.3, 24, 0.1)),
    "load 0.5 in all": balanced(load=0.5),
    "load 0.6 in all": balanced(load=0.6),
    "load 0.7 in all": balanced(load=0.7),
    "load 0.7 in all, 300 items": balanced(load=0.7, every=6),
    "load 0.8 in all": balanced(load=0.8),
    "load 0.8 in all, 300 items": balanced(load=0.8, every=6),
}
"""Streams without a constraint."""

UNSTABLE: Final[Mapping[str, Line]] = {
    "load 1.2 in Verify, else 0.6": with_load(balanced(), "Verify", 1.2),
    "load 1.3 in Verify, else 0.6, 300 items": with_load(balanced(every=6), "Verify", 1.3),
    "one in ten is abandoned": replace(balanced(), abandoned=0.1),
    "one in ten is abandoned, slow delays": replace(_SLOW, abandoned=0.1),
    "three times the arrivals for 13 days": replace(balanced(load=0.5), surge=3, surge_at=65 * 24),
    "Deploy all but stops for 18 days": with_load(balanced(), "Deploy", 40, since=60 * 24),
}
"""Streams over which Little's law does not hold."""


def announced(said: Sequence[Measurement], window: str) -> str | None:
    """Return the step that is announced as the constraint."""
    return next((m.step for m in said if _is(m, "constraint_ratio", window) and (m.value or 0) >= ANNOUNCED), None)


def age_days(said: Sequence[Measurement], window: str) -> float:
    """Return for how many days the announced step has been the constraint; 0 where none is."""
    return sum(m.value or 0 for m in said if _is(m, "constraint_age_seconds", window)) / 86_400


def warns(said: Sequence[Measurement], window: str) -> bool | None:
    """Tell whether Little's law is said not to hold; None where nobody can tell."""
    ratio = next(m.value for m in said if _is(m, "littles_law_ratio", window))
    return None if ratio is None else ratio < 1


def runs(line: Line, seeds: int) -> Iterator[list[Measurement]]:
    """Yield what is said at the end of each run."""
    for seed in range(seeds):
        yield [m for m in fed(simulate(line, seed)).measure_all(NOW, {}) if m.value_stream == STREAM]


def _is(measurement: Measurement, metric: str, window: str) -> bool:
    return (measurement.metric, measurement.window) == (metric, window)


def _constraints(seeds: int) -> Iterator[str]:
    yield "| stream | found, 90d | found, 30d | announced falsely, 90d | announced falsely, 30d | age, 90d, p5 to p95 |"
    yield "|---|---|---|---|---|---|"
    streams = {**CONSTRAINED, **{name: (line, None) for name, line in BALANCED.items()}}
    for name, (line, planted) in streams.items():
        said = list(runs(line, seeds))
        steps = {window: [announced(each, window) for each in said] for window in ("90d", "30d")}
        found = ["-" if planted is None else f"{steps[w].count(planted) / seeds:.1%}" for w in steps]
        false = [f"{sum(s not in (None, planted) for s in steps[w]) / seeds:.1%}" for w in steps]
        ages = sorted(age_days(each, "90d") for each, step in zip(said, steps["90d"], strict=True) if step == planted)
        age = f"{ages[len(ages) // 20]:.0f} to {ages[len(ages) * 19 // 20]:.0f} days" if planted and ages else "-"
        yield f"| {name} | {' | '.join((*found, *false, age))} |"


def _warnings(seeds: int) -> Iterator[str]:
    yield "| stream | warned, 90d | warned, 30d | cannot tell, 30d |"
    yield "|---|---|---|---|"
    steady = {"slow delays": _SLOW, **{name: line for name, line in BALANCED.items() if "load" in name}}
    for name, line in {**steady, **UNSTABLE}.items():
        said = [[warns(each, window) for window in ("90d", "30d")] for each in runs(line, seeds)]
        shares = [sum(each[place] is True for each in said) / seeds for place in range(2)]
        unknown = sum(each[1] is None for each in said) / seeds
        yield f"| {name} | {shares[0]:.1%} | {shares[1]:.1%} | {unknown:.1%} |"


def main() -> None:
    """Print both tables."""
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else SEEDS
    for row in (*_constraints(seeds), "", *_warnings(seeds)):
        print(row, flush=True)


if __name__ == "__main__":
    main()
