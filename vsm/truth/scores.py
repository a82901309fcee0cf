"""The scores of many runs together: what `lab/score.json` holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from lab.announced import false_ratio, found_ratio, worst_false_ratio
from lab.completeness import Kept, mean_error, score_bias, without_outage
from lab.coverage import Coverage, overall, together
from lab.scenarios import SCENARIOS
from lab.score import ScoreRow, summary
from lab.score_links import MethodScore, method_scores
from lab.score_measurements import MetricError, metric_errors
from vsm.truth.runs import Ran


class Held(Struct, frozen=True, kw_only=True):
    """How many comparisons hold, of how many."""

    met: int
    of: int


class Announced(Struct, frozen=True, kw_only=True):
    """Of a scenario's streams over all seeds: with how many a constraint was planted and found, and falsely said."""

    planted: int
    found: int
    false: int
    of: int


class Scores(Struct, frozen=True, kw_only=True):
    """Everything that the runs come to; a ratio of nothing is None.

    `coverage` is by family of interval, `coverage_by_metric` by metric; `metrics` are the errors relative to the truth.
    `constraint_false_ratio` is the greater of the two shares of runs with a false announcement: of those in balance,
    and of those with a planted constraint. `completeness_error` is the largest, `completeness_mean_error` the mean with
    its sign where there is no outage.
    """

    seeds: int
    interval_coverage_ratio: float | None
    constraint_found_ratio: float | None
    constraint_false_ratio: float | None
    constraint_false_balanced_ratio: float | None
    constraint_false_constrained_ratio: float | None
    completeness_error: float | None
    completeness_mean_error: float | None
    groups: Mapping[str, Held]
    links: Mapping[str, MethodScore]
    coverage: Mapping[str, Coverage]
    coverage_by_metric: Mapping[str, Coverage]
    constraint: Mapping[str, Announced]
    completeness: list[Kept]
    metrics: Mapping[str, MetricError]
    off: list[ScoreRow]


def scores(runs: Sequence[Ran], seeds: int) -> Scores:
    """Return the scores of some runs."""
    rows = [row for ran in runs for row in ran.rows]
    said = [one for ran in runs for one in ran.announcements]
    kept = [one for ran in runs for one in ran.kept]
    rows += score_bias(kept)
    families = together((ran.coverage for ran in runs), by=0)
    linked = [ran.links for ran in runs if ran.links]
    return Scores(
        seeds=seeds,
        interval_coverage_ratio=overall(families),
        constraint_found_ratio=found_ratio(said),
        constraint_false_ratio=worst_false_ratio(said),
        constraint_false_balanced_ratio=false_ratio(said, planted=False),
        constraint_false_constrained_ratio=false_ratio(said, planted=True),
        completeness_error=max((abs(one.error or 0.0) for one in kept), default=None),
        completeness_mean_error=mean_error(without_outage(kept)),
        groups={group: Held(met=met, of=of) for group, (met, of) in summary(rows).items()},
        links=method_scores(linked) if linked else {},
        coverage=families,
        coverage_by_metric=together((ran.coverage for ran in runs), by=1),
        constraint={each.name: _announced([ran for ran in runs if ran.scenario == each.name]) for each in SCENARIOS},
        completeness=kept,
        metrics=metric_errors(ran.errors for ran in runs),
        off=[row for row in rows if not row.met],
    )


def _announced(runs: Sequence[Ran]) -> Announced:
    said = [one for ran in runs for one in ran.announcements]
    return Announced(
        planted=sum(bool(one.planted) for one in said),
        found=sum(one.is_found for one in said),
        false=sum(one.is_false for one in said),
        of=len(said),
    )
