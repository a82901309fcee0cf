"""The current-state value stream map: measurements of one stream and window, gathered into boxes and totals. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from metrics.constraint import ANNOUNCED
from metrics.littles_law import holds
from metrics.reading import Reading

Row = Mapping[str, object]
"""One row of `vsm.measurements_current`, columns by name."""

MAP_SQL: Final = """
SELECT step, metric, window, statistic, kind, environment, service, value, n, lower, upper, completeness,
       toUnixTimestamp(measured_at) AS measured_seconds
FROM vsm.measurements_current
WHERE value_stream = {stream:String} AND window IN ('', {window:String}) AND service = ''
"""
STREAMS_SQL: Final = "SELECT DISTINCT value_stream FROM vsm.measurements_current ORDER BY value_stream"
STEPS_SQL: Final = """
SELECT step FROM vsm.step_visits_current
WHERE value_stream = {stream:String}
GROUP BY step ORDER BY avg(toUnixTimestamp(coalesce(queued_at, started_at, finished_at))), step
"""

KINDS: Final = ("feature", "defect", "risk", "debt")

CONDITIONS: Final = ("departures", "endings", "load", "age", "identity")
"""Little's conditions, each the name of its metric between `littles_law_` and `_ratio`."""


class Figure(Struct, frozen=True, kw_only=True):
    """One value with what stands behind it; `value` None is unknown."""

    value: float | None
    n: int = 0
    lower: float | None = None
    upper: float | None = None


UNKNOWN: Final = Figure(value=None)


class StepBox(Struct, frozen=True, kw_only=True):
    """One box of the map; durations in seconds."""

    name: str
    process_p50_seconds: Figure
    process_p85_seconds: Figure
    wait_p50_seconds: Figure
    wait_p85_seconds: Figure
    lead_p50_seconds: Figure
    complete_accurate_ratio: Figure
    work_in_progress: Figure
    oldest_age_seconds: Figure
    arrivals: Figure
    completions: Figure


class Flow(Struct, frozen=True, kw_only=True):
    """The Flow Framework's five; `distribution` is the share of each kind among completed items."""

    time_p50_seconds: Figure
    time_p85_seconds: Figure
    velocity: Figure
    load: Figure
    efficiency_ratio: Figure
    distribution: Mapping[str, Figure]


class Dora(Struct, frozen=True, kw_only=True):
    """DORA's five of the production environment."""

    change_lead_time_p50_seconds: Figure
    deployment_frequency_per_day: Figure
    change_fail_ratio: Figure
    failed_deployment_recovery_p50_seconds: Figure
    deployment_rework_ratio: Figure


class Constraint(Struct, frozen=True, kw_only=True):
    """What limits the stream: `step` None where none is sure enough to be announced.

    `leading` is the step with the greatest confidence, announced or not, None where nobody can tell; `confidence` is
    its own (a known 0 where all are in balance), `share` its share of all standing work. `age_seconds` is for how long
    the announced step has been it, as far back as the window reaches.
    """

    step: str | None
    leading: str | None
    confidence: Figure
    share: Figure
    age_seconds: Figure


class LittlesLaw(Struct, frozen=True, kw_only=True):
    """Whether averages may be trusted: `ratio` of Little's conditions that hold; which of `CONDITIONS` surely fail."""

    ratio: Figure
    failing: tuple[str, ...]


class StreamMap(Struct, frozen=True, kw_only=True):
    """The map of one stream: boxes, totals, and what limits it. `measured_at` in epoch seconds, None if empty."""

    value_stream: str
    window: str
    measured_at: int | None
    steps: tuple[StepBox, ...]
    total_process_seconds: float | None
    total_wait_seconds: float | None
    activity_ratio: Figure
    rolled_complete_accurate_ratio: Figure
    flow: Flow
    dora: Dora
    constraint: str | None
    limit: Constraint
    littles_law: LittlesLaw
    completeness_ratio: Figure
    data_age_seconds: Figure


class _Board:
    """Measurements by (step, metric, statistic, kind)."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._figures: dict[tuple[str, str, str, str], Figure] = {}
        self.newest: int | None = None
        for row in _in_production(list(rows)):
            key = (str(row["step"]), str(row["metric"]), str(row["statistic"]), str(row["kind"]))
            self._figures[key] = Figure(
                value=_number(row["value"]),
                n=int(_number(row["n"]) or 0),
                lower=_number(row["lower"]),
                upper=_number(row["upper"]),
            )
            seen = int(_number(row["measured_seconds"]) or 0)
            self.newest = seen if self.newest is None else max(self.newest, seen)

    def get(self, metric: str, statistic: str, step: str = "", kind: str = "") -> Figure:
        return self._figures.get((step, metric, statistic, kind), UNKNOWN)

    def only(self, metric: str, step: str = "", kind: str = "") -> Figure:
        """Return the metric's one figure whatever its statistic is called."""
        return next(
            (f for (s, m, _, k), f in self._figures.items() if (s, m, k) == (step, metric, kind)),
            UNKNOWN,
        )


def _in_production(rows: Sequence[Row]) -> Iterator[Row]:
    """Yield what is of no environment or of production, the only one that has lead times of changes."""
    production = {row.get("environment") for row in rows if row["metric"] == "change_lead_time_seconds"}
    yield from (row for row in rows if not row.get("environment") or not production or row["environment"] in production)


def build(stream: str, window: str, steps: Sequence[str], rows: Iterable[Row]) -> StreamMap:
    """Gather measurement rows of one stream and window into its map; what is missing is unknown."""
    board = _Board(rows)
    boxes = tuple(_box(board, step) for step in steps)
    limit = _limit(board, steps)
    return StreamMap(
        value_stream=stream,
        window=window,
        measured_at=board.newest,
        steps=boxes,
        total_process_seconds=_sum(box.process_p50_seconds for box in boxes),
        total_wait_seconds=_sum(box.wait_p50_seconds for box in boxes),
        activity_ratio=board.only("activity_ratio"),
        rolled_complete_accurate_ratio=board.only("rolled_complete_accurate_ratio"),
        flow=_flow(board),
        dora=_dora(board),
        constraint=limit.step,
        limit=limit,
        littles_law=_littles_law(board),
        completeness_ratio=board.only("completeness_ratio"),
        data_age_seconds=board.only("data_age_seconds"),
    )


def _box(board: _Board, step: str) -> StepBox:
    return StepBox(
        name=step,
        process_p50_seconds=board.get("step_process_seconds", "p50", step),
        process_p85_seconds=board.get("step_process_seconds", "p85", step),
        wait_p50_seconds=board.get("step_wait_seconds", "p50", step),
        wait_p85_seconds=board.get("step_wait_seconds", "p85", step),
        lead_p50_seconds=board.get("step_lead_seconds", "p50", step),
        complete_accurate_ratio=board.only("step_complete_accurate_ratio", step),
        work_in_progress=board.only("step_work_in_progress", step),
        oldest_age_seconds=board.only("step_oldest_age_seconds", step),
        arrivals=board.only("step_arrivals", step),
        completions=board.only("step_completions", step),
    )


def _flow(board: _Board) -> Flow:
    return Flow(
        time_p50_seconds=board.get("flow_time_seconds", "p50"),
        time_p85_seconds=board.get("flow_time_seconds", "p85"),
        velocity=board.only("flow_velocity"),
        load=board.only("flow_load"),
        efficiency_ratio=board.only("flow_efficiency_ratio"),
        distribution={kind: board.only("flow_distribution_ratio", kind=kind) for kind in KINDS},
    )


def _dora(board: _Board) -> Dora:
    return Dora(
        change_lead_time_p50_seconds=board.get("change_lead_time_seconds", "p50"),
        deployment_frequency_per_day=board.only("deployment_frequency_per_day"),
        change_fail_ratio=board.only("change_fail_ratio"),
        failed_deployment_recovery_p50_seconds=board.get("failed_deployment_recovery_seconds", "p50"),
        deployment_rework_ratio=board.only("deployment_rework_ratio"),
    )


def _limit(board: _Board, steps: Sequence[str]) -> Constraint:
    figures = {step: board.only("constraint_ratio", step) for step in steps}
    confidences = {step: figure.value for step, figure in figures.items() if figure.value}
    leading = max(confidences, key=lambda step: confidences[step], default=None)
    confidence = figures[leading] if leading is not None else _told(figures.values())
    announced = leading if leading is not None and confidences[leading] >= ANNOUNCED else None
    return Constraint(
        step=announced,
        leading=leading,
        confidence=confidence,
        share=UNKNOWN if leading is None else board.only("constraint_score", leading),
        age_seconds=UNKNOWN if announced is None else board.only("constraint_age_seconds", announced),
    )


def _told(figures: Iterable[Figure]) -> Figure:
    """Return one of the figures that are known; unknown when none is."""
    return next((figure for figure in figures if figure.value is not None), UNKNOWN)


def _littles_law(board: _Board) -> LittlesLaw:
    conditions = {name: board.only(f"littles_law_{name}_ratio") for name in CONDITIONS}
    failing = tuple(name for name, figure in conditions.items() if not _holds(figure))
    return LittlesLaw(ratio=board.only("littles_law_ratio"), failing=failing)


def _holds(condition: Figure) -> bool:
    return holds(
        Reading(statistic="ratio", value=condition.value, n=condition.n, lower=condition.lower, upper=condition.upper)
    )


def _sum(figures: Iterable[Figure]) -> float | None:
    """Sum the known values; None when none is known."""
    known = [figure.value for figure in figures if figure.value is not None]
    return sum(known) if known else None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
