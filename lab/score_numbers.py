"""Compares measured numbers with the truth: times within the sketch's stated error, everything else exactly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from lab.releasing import PRODUCTION
from lab.samples import Quantiles
from lab.score_rows import Measured, ScoreRow
from lab.truth import TrueDora, TrueStream, Truth

WINDOW: Final = "90d"
"""The window that holds a whole run when the clock stands at its end."""

SKETCH_ERROR: Final = 0.01
"""The stated relative error of a quantile."""

MINIMUM_N: Final = 5
"""Quantiles and ratios of fewer are unknown."""

_ROUNDING: Final = 1e-9
_DAYS: Final = 90
_QUERY: Final = (
    "SELECT value_stream, step, metric, statistic, kind, value, n FROM vsm.measurements_current "  # noqa: S608 - constants
    f"WHERE service = '' AND environment IN ('', '{PRODUCTION}') AND window IN ('{WINDOW}', '')"
)

Series = tuple[str, str, str, str]
"""(step, metric, statistic, kind)."""


def score_numbers(truth: Truth, measured: Measured) -> list[ScoreRow]:
    """Return a row a number."""
    found: dict[str, dict[Series, float | None]] = {}
    for row in measured.query(_QUERY):
        series = (row["step"], row["metric"], row["statistic"], row["kind"])
        found.setdefault(row["value_stream"], {})[series] = _number(row)
    return [
        row
        for name, stream in truth.streams.items()
        for row in _stream(_Judge(name, found.get(name, {})), stream)
    ]  # fmt: skip


class _Judge:
    """Puts one stream's measured values beside what they should be."""

    def __init__(self, stream: str, found: Mapping[Series, float | None]) -> None:
        self._stream = stream
        self._found = found

    def times(self, group: str, metric: str, true: Quantiles, step: str = "") -> Iterator[ScoreRow]:
        """Yield p50, p85 and p95; unknown below the minimum."""
        for statistic, seconds in (("p50", true.p50), ("p85", true.p85), ("p95", true.p95)):
            expected = None if true.n < MINIMUM_N or seconds is None else float(seconds)
            yield self._row(group, (step, metric, statistic, ""), expected, true.n, SKETCH_ERROR)

    def ratio(self, group: str, metric: str, true: float | None, n: int, step: str = "", kind: str = "") -> ScoreRow:
        """Return a share; unknown below the minimum."""
        return self._row(group, (step, metric, "ratio", kind), true if n >= MINIMUM_N else None, n, 0.0)

    def count(self, group: str, metric: str, true: float, statistic: str = "count", step: str = "") -> ScoreRow:
        """Return a count; none is unknown (a count of now is 0)."""
        known = true if true or statistic == "now" else None
        return self._row(group, (step, metric, statistic, ""), known, int(true), 0.0)

    def constraint(self, true: TrueStream) -> ScoreRow:
        """Return whether the step that limits the stream is the one where work truly stood longest."""
        scores = {s[0]: v for s, v in self._found.items() if s[1] == "constraint_score" and v}
        seen = max(scores, key=lambda step: scores[step], default=None)
        return ScoreRow(
            group="constraint", value_stream=self._stream, what=f"constraint (planted: {true.planted_constraint})",
            expected=str(true.constraint), measured=str(seen), allowed="exactly", n=true.items,
            met=seen == true.constraint,
        )  # fmt: skip

    def _row(self, group: str, series: Series, expected: float | None, n: int, error: float) -> ScoreRow:
        seen = self._found.get(series)
        step, metric, statistic, kind = series
        return ScoreRow(
            group=group,
            value_stream=self._stream,
            what=" ".join(part for part in (step, metric, kind, statistic) if part),
            expected=_told(expected),
            measured=_told(seen),
            allowed=f"{error:.0%}" if error else "exactly",
            n=n,
            met=_close(expected, seen, error),
        )


def _stream(judge: _Judge, true: TrueStream) -> Iterator[ScoreRow]:
    yield judge.constraint(true)
    yield from _steps(judge, true)
    yield from _flow(judge, true)
    yield from _dora(judge, true.dora)


def _steps(judge: _Judge, true: TrueStream) -> Iterator[ScoreRow]:
    for name, step in true.steps.items():
        yield from judge.times("step times", "step_process_seconds", step.process, name)
        yield from judge.times("step times", "step_wait_seconds", step.wait, name)
        yield from judge.times("step times", "step_lead_seconds", step.lead, name)
        yield judge.ratio("%C&A", "step_complete_accurate_ratio", step.complete_accurate_ratio, step.completions, name)
        yield judge.count("step counts", "step_arrivals", step.arrivals, step=name)
        yield judge.count("step counts", "step_completions", step.completions, step=name)
        if step.arrivals or step.completions:
            yield judge.count("step counts", "step_work_in_progress", step.work_in_progress, "now", name)
    least = min((s.completions for s in true.steps.values() if s.completions), default=0)
    yield judge.ratio("%C&A", "rolled_complete_accurate_ratio", true.rolled_complete_accurate_ratio, least)


def _flow(judge: _Judge, true: TrueStream) -> Iterator[ScoreRow]:
    yield from judge.times("flow", "flow_time_seconds", true.flow_time)
    yield judge.count("flow", "flow_velocity", true.finished_items)
    yield judge.count("flow", "flow_load", true.flow_load, "now")
    yield judge.ratio("flow", "flow_efficiency_ratio", true.flow_efficiency_ratio, true.finished_items)
    n = sum(true.kinds.values())
    for kind in ("feature", "defect", "risk", "debt"):
        share = true.kinds.get(kind, 0) / n if n else None
        yield judge.ratio("flow", "flow_distribution_ratio", share, n, kind=kind)


def _dora(judge: _Judge, true: TrueDora) -> Iterator[ScoreRow]:
    yield from judge.times("DORA", "change_lead_time_seconds", true.change_lead_time)
    yield judge.count("DORA", "deployment_frequency_per_day", true.successful / _DAYS, "mean")
    yield judge.ratio("DORA", "change_fail_ratio", true.change_fail_ratio, true.deployments)
    yield from judge.times("DORA", "failed_deployment_recovery_seconds", true.recovery)
    yield judge.ratio("DORA", "deployment_rework_ratio", true.rework_ratio, true.deployments)


def _close(expected: float | None, seen: float | None, error: float) -> bool:
    if expected is None or seen is None:
        return expected is seen
    return abs(seen - expected) <= expected * error + _ROUNDING * max(1.0, abs(expected))


def _told(value: float | None) -> str:
    return "unknown" if value is None else f"{value:,.4g}" if abs(value) < 1 else f"{value:,.1f}"


def _number(row: Mapping[str, Any]) -> float | None:
    return None if row["value"] is None else float(row["value"])


def unmet(rows: Sequence[ScoreRow]) -> list[ScoreRow]:
    """Return what is not as close as it must be."""
    return [row for row in rows if not row.met]
