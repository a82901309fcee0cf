"""How often the interval of a measurement holds what the planted process does in the long run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

from lab.gathering import PRODUCTION
from lab.score_measurements import Comparison
from lab.true_numbers import Number, family

OF_EVIDENCE: Final[Mapping[str, str]] = {
    "change_fail_ratio": "its bounds are of what is certain and what is possible, not of chance",
}
"""Metrics whose bounds do not say how far chance may have moved the value, each with the reason."""


Kind = tuple[str, str]
"""The family of an interval, and the metric."""


class Coverage(Struct, kw_only=True):
    """How many of so many intervals hold the truth."""

    held: int = 0
    of: int = 0

    @property
    def ratio(self) -> float | None:
        """The share that does; None of none."""
        return self.held / self.of if self.of else None


def is_pooled(number: Number) -> bool:
    """Return whether a number is one whose long run is kept: of all work, or of production, together.

    What holds now is no sample: its bounds are the value itself.
    """
    place, statistic = number
    if statistic == "now" or place.metric.endswith("_age_seconds"):
        return False
    by_kind = bool(place.kind) and place.metric != "flow_distribution_ratio"
    return not by_kind and not place.service and place.environment in {"", PRODUCTION}


def coverage(compared: Iterable[Comparison], long_run: Mapping[Number, float]) -> dict[Kind, Coverage]:
    """Return, for each kind of interval, how many hold the long run's value."""
    found: dict[Kind, Coverage] = defaultdict(Coverage)
    for one in compared:
        value = long_run.get(one.number)
        if value is None or one.lower is None or one.upper is None or one.number[0].metric in OF_EVIDENCE:
            continue
        mine = found[family(one.number), one.number[0].metric]
        mine.of += 1
        mine.held += one.lower <= value <= one.upper
    return dict(found)


def together(runs: Iterable[Mapping[Kind, Coverage]], by: int) -> dict[str, Coverage]:
    """Return the coverage of several runs, by family (`by` 0) or by metric (1)."""
    found: dict[str, Coverage] = defaultdict(Coverage)
    for run in runs:
        for kind, one in run.items():
            found[kind[by]].held += one.held
            found[kind[by]].of += one.of
    return dict(sorted(found.items()))


def overall(several: Mapping[str, Coverage]) -> float | None:
    """Return the share of all intervals that hold the truth."""
    of = sum(one.of for one in several.values())
    return sum(one.held for one in several.values()) / of if of else None
