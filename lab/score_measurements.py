"""Puts every measurement beside the truth: how far each metric is off, and which metrics nothing true is known of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import median
from typing import Any, Final

from msgspec import Struct, field

from lab.gathering import Place, gathered
from lab.score_rows import Measured, ScoreRow
from lab.true_numbers import Number, TrueNumber, true_numbers
from lab.truth import Truth

MEASUREMENTS: Final = (
    "SELECT value_stream, step, metric, window, statistic, kind, environment, service, value, n, lower, upper "
    "FROM vsm.measurements_current WHERE window IN ('', '30d', '90d')"
)
"""The query that reads the measurements of now, and of the two longest windows."""

SKETCH_ERROR: Final = 0.01
"""The stated relative error of a quantile."""

WITHOUT_TRUTH: Final[Mapping[str, str]] = {
    "completeness_ratio": "compared with what was lost, in the two scenarios of lost deliveries",
    "constraint_score": "compared as the group `constraint`",
    "constraint_ratio": "compared with the planted constraint, as announcements",
    "constraint_age_seconds": "the run plants a constraint from its first day, which a window cannot tell from earlier",
    "data_age_seconds": "the newest fact may be one that only a tool's clock tells of",
    "littles_law_ratio": "a monitor of other numbers' conditions: the run plants none",
    "littles_law_departures_ratio": "the same",
    "littles_law_endings_ratio": "the same",
    "littles_law_load_ratio": "the same",
    "littles_law_age_ratio": "the same",
    "littles_law_identity_ratio": "the same",
    "flow_handoffs": "the books keep the class of who did something, not the account; only unit tests hold it",
    "step_blocked_seconds": "the organisation flags nothing as blocked; only unit tests hold it",
}
"""Metrics that have no true value of their own here, each with the reason."""

_ROUNDING: Final = 1e-6
_QUANTILES: Final = frozenset({"p50", "p85", "p95"})
_WHOLE_RUN: Final = frozenset({"", "90d"})


class MetricError(Struct, frozen=True, kw_only=True):
    """How far a metric's known values are off the truth, relative to it: the median and the largest over all series.

    `compared` series are known to both; `unlike` are known to one alone, or further off than is stated.
    """

    compared: int
    unlike: int
    median: float | None
    max: float | None


class Comparison(Struct, frozen=True, kw_only=True):
    """One measurement beside its true value; both None: truly unknown."""

    number: Number
    true: TrueNumber
    seen: float | None
    lower: float | None
    upper: float | None

    @property
    def error(self) -> float | None:
        """How far it is off, relative to the truth; None where one is unknown."""
        if self.seen is None or self.true.value is None:
            return None
        return abs(self.seen - self.true.value) / max(abs(self.true.value), _ROUNDING)

    @property
    def met(self) -> bool:
        """Whether it is as close as is stated: quantiles by the sketch's error, all else up to rounding."""
        error = self.error
        if error is None:
            return self.seen is None and self.true.value is None
        small = abs((self.seen or 0) - (self.true.value or 0)) <= _ROUNDING
        return small or error <= (SKETCH_ERROR + _ROUNDING if self.number[1] in _QUANTILES else _ROUNDING)


def comparisons(truth: Truth, rows: Iterable[Mapping[str, Any]]) -> list[Comparison]:
    """Return each measurement of a whole run, and each true number that none is of, beside one another."""
    true = true_numbers(gathered(truth))
    found: dict[Number, Mapping[str, Any]] = {number(row): row for row in rows if row["window"] in _WHOLE_RUN}
    names = {where.metric for where, _ in true} | {where.metric for where, _ in found}
    return [
        _beside(each, true.get(each, _UNKNOWN), found.get(each, {}))
        for each in sorted({*true, *found})
        if each[0].metric in names and each[0].metric not in WITHOUT_TRUTH
    ]


def number(row: Mapping[str, Any]) -> Number:
    """Return what a measurement is of."""
    where = (row[name] for name in ("value_stream", "metric", "step", "kind", "environment", "service"))
    return Place(*where), row["statistic"]


def score_measurements(compared: Sequence[Comparison]) -> Iterator[ScoreRow]:
    """Yield a row for each stream and metric: how many of its series are as close as they must be."""
    groups: dict[tuple[str, str], list[Comparison]] = defaultdict(list)
    for one in compared:
        groups[one.number[0].value_stream, one.number[0].metric].append(one)
    for (stream, metric), several in sorted(groups.items()):
        off = [one for one in several if not one.met]
        yield ScoreRow(
            group="measurements", value_stream=stream, what=f"{metric}, every series", expected=str(len(several)),
            measured=f"{len(several) - len(off)} alike" + (f", {_told(off[0])}" if off else ""), allowed="as stated",
            n=len(several), met=not off,
        )  # fmt: skip


class Errors(Struct, kw_only=True):
    """How far each series of a metric that is known to both is off, and how many are not as they must be."""

    relative: list[float] = field(default_factory=list)
    unlike: int = 0


def errors(compared: Iterable[Comparison]) -> dict[str, Errors]:
    """Return, by metric, how far its series are off."""
    found: dict[str, Errors] = defaultdict(Errors)
    for one in compared:
        mine, error = found[one.number[0].metric], one.error
        mine.unlike += not one.met
        if error is not None:
            mine.relative.append(error)
    return dict(found)


def metric_errors(runs: Iterable[Mapping[str, Errors]]) -> dict[str, MetricError]:
    """Return how far each metric is off over several runs, by name."""
    found: dict[str, Errors] = defaultdict(Errors)
    for run in runs:
        for name, one in run.items():
            found[name].relative += one.relative
            found[name].unlike += one.unlike
    return {
        name: MetricError(
            compared=len(one.relative),
            unlike=one.unlike,
            median=median(one.relative) if one.relative else None,
            max=max(one.relative, default=None),
        )
        for name, one in sorted(found.items())
    }


_UNKNOWN: Final = TrueNumber(None, 0)


def _beside(each: Number, true: TrueNumber, row: Mapping[str, Any]) -> Comparison:
    seen, lower, upper = (row.get(name) for name in ("value", "lower", "upper"))
    return Comparison(number=each, true=true, seen=seen, lower=lower, upper=upper)


def _told(one: Comparison) -> str:
    place, statistic = one.number
    series = " ".join(part for part in (*place[2:], statistic) if part)
    return f"{series}: {one.seen} for {one.true.value} of {one.true.n}"


def measured_rows(measured: Measured) -> list[dict[str, Any]]:
    """Return the measurements of now and of the two longest windows."""
    return measured.query(MEASUREMENTS)
