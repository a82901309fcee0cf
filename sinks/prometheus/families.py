"""The gauges of the metrics page: every name with its meaning, and how a measurement becomes a series; pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from schemas.measurement import Measurement

QUANTILES: Final[Mapping[str, str]] = MappingProxyType({"p50": "0.5", "p85": "0.85", "p95": "0.95"})
_OF_QUANTILES: Final = frozenset(QUANTILES)
_OF_MIDDLES: Final = frozenset({"p50", "p85"})
_OF_ONE: Final = frozenset({"count", "ratio", "now", "mean"})
_ITEMS_FROM: Final = _OF_ONE | {"p50"}
"""The statistics that carry n to the page: one of each metric, so that n stands there once."""

ITEMS: Final = "vsm_measurement_items"


class Family(Struct, frozen=True):
    """One gauge: its name, its HELP text, and the statistics of its metric that are shown."""

    name: str
    help: str
    statistics: frozenset[str] = _OF_ONE

    @property
    def type(self) -> str:
        """The TYPE on the page: values with a `quantile` are a summary's, in rolling windows, without sum and count."""
        return "summary" if self.statistics <= _OF_QUANTILES else "gauge"

    @property
    def is_of_targets(self) -> bool:
        """Whether its quantiles are those that targets are for: n is that of the durations, and stands by these."""
        return self.name.endswith("_met_ratio")


FAMILIES: Final = (
    Family("vsm_step_process_seconds", "Process time of a step's visits finished in the window.", _OF_QUANTILES),
    Family("vsm_step_wait_seconds", "Wait time of a step's visits finished in the window.", _OF_QUANTILES),
    Family("vsm_step_lead_seconds", "Lead time of a step's visits finished in the window.", _OF_QUANTILES),
    Family("vsm_step_blocked_seconds", "Time that a step's visits finished in the window were blocked.", _OF_QUANTILES),
    Family("vsm_step_process_working_seconds", "Process time of a step's visits in working hours.", _OF_QUANTILES),
    Family("vsm_step_wait_working_seconds", "Wait time of a step's visits in working hours.", _OF_QUANTILES),
    Family("vsm_step_lead_working_seconds", "Lead time of a step's visits in working hours.", _OF_QUANTILES),
    Family("vsm_step_takt_seconds", "Available time in the window for each visit that arrived at a step."),
    Family("vsm_step_wait_met_ratio", "Share of a step's visits that waited within the target.", _OF_QUANTILES),
    Family("vsm_step_process_met_ratio", "Share of a step's visits processed within the target.", _OF_QUANTILES),
    Family("vsm_step_lead_met_ratio", "Share of a step's visits whose lead time is within the target.", _OF_QUANTILES),
    Family("vsm_step_age_seconds", "Ages of the visits open in a step now.", _OF_QUANTILES),
    Family("vsm_step_work_in_progress", "Visits that are open in a step now."),
    Family("vsm_step_oldest_age_seconds", "Age of the oldest open visit of a step."),
    Family("vsm_step_arrivals", "Visits that arrived at a step in the window."),
    Family("vsm_step_completions", "Visits of a step that finished in the window."),
    Family("vsm_step_complete_accurate_ratio", "Share of a step's finished visits that no receiver sent back."),
    Family("vsm_flow_time_seconds", "Flow time of the items finished in the window.", _OF_QUANTILES),
    Family("vsm_flow_time_working_seconds", "Flow time in working hours of the items finished.", _OF_QUANTILES),
    Family("vsm_flow_time_met_ratio", "Share of the items finished within the target for flow time.", _OF_QUANTILES),
    Family("vsm_flow_arrivals", "Items started in the window."),
    Family("vsm_takt_seconds", "Available time in the window for each item started in it."),
    Family("vsm_flow_handoffs", "Hand-offs of the items finished in the window.", _OF_MIDDLES),
    Family("vsm_flow_effort_seconds", "Process time of all visits of an item finished in the window.", _OF_QUANTILES),
    Family("vsm_flow_age_seconds", "Ages of the items active or waiting now.", _OF_QUANTILES),
    Family("vsm_flow_velocity", "Items finished in the window."),
    Family("vsm_flow_load", "Items active or waiting now."),
    Family(
        "vsm_flow_efficiency_ratio", "Active time over active and waiting time of the items finished in the window."
    ),
    Family("vsm_flow_distribution_ratio", "Share of a kind of work among the items finished in the window."),
    Family("vsm_rolled_complete_accurate_ratio", "Product of the steps' complete and accurate ratios."),
    Family("vsm_constraint_score", "Share of the work standing in the steps that stands in this one."),
    Family("vsm_constraint_ratio", "Confidence that a step limits the stream now; announced from 0.95 on."),
    Family("vsm_constraint_age_seconds", "For how long the announced step has been the constraint; others 0."),
    Family("vsm_littles_law_ratio", "Share of the conditions of Little's law that hold: below 1 averages are unsafe."),
    Family("vsm_littles_law_departures_ratio", "Items finished over items started in the window."),
    Family("vsm_littles_law_endings_ratio", "Share of the open items that do not age for ever."),
    Family("vsm_littles_law_load_ratio", "Open items now over those at the window's begin."),
    Family("vsm_littles_law_age_ratio", "Average age of open items now over that at the window's begin."),
    Family("vsm_littles_law_identity_ratio", "Throughput times mean flow time over mean open items."),
    Family("vsm_activity_ratio", "Process time on the critical path over time from order to done."),
    Family("vsm_deployment_frequency_per_day", "Successful deployments a day in the window."),
    Family("vsm_deployment_days_ratio", "Share of the window's days with a successful deployment."),
    Family("vsm_deployment_batch_size", "Changes that a successful deployment carried.", _OF_QUANTILES),
    Family("vsm_change_lead_time_seconds", "First commit to production of the changes deployed.", _OF_QUANTILES),
    Family("vsm_change_coding_seconds", "First commit to opening of the changes deployed.", _OF_QUANTILES),
    Family("vsm_change_pickup_seconds", "Opening to first human review of the changes deployed.", _OF_QUANTILES),
    Family("vsm_change_review_seconds", "First human review to merge of the changes deployed.", _OF_QUANTILES),
    Family("vsm_change_deploy_seconds", "Merge to production of the changes deployed.", _OF_QUANTILES),
    Family("vsm_change_unaccounted_seconds", "Lead time of the changes deployed that is in no part.", _OF_QUANTILES),
    Family("vsm_change_fail_ratio", "Share of finished deployments that needed immediate intervention."),
    Family("vsm_failed_deployment_recovery_seconds", "Finish of a failing deployment to its fix.", _OF_QUANTILES),
    Family("vsm_deployment_rework_ratio", "Share of production deployments made because of a production incident."),
    Family("vsm_data_age_seconds", "Time since the newest fact of a stream."),
    Family("vsm_completeness_ratio", "Share of the data that is there."),
)
"""Every gauge with values of its own; `vsm_measurement_items` counts what stands behind each."""

ITEMS_FAMILY: Final = Family(ITEMS, "How many observations stand behind a measured value.")

_BY_METRIC: Final[Mapping[str, Family]] = MappingProxyType(
    {family.name.removeprefix("vsm_"): family for family in FAMILIES}
)


class Line(Struct, frozen=True, gc=False):
    """One series of the page: the family it belongs to, its text up to the value, and the value (None is unknown)."""

    family: str
    prefix: str
    value: float | None


def lines(measurement: Measurement) -> tuple[Line, ...]:
    """Return the series a measurement fills: its value, and its n; () for what the page does not show.

    Not shown: metrics and statistics of no gauge, and values of a single service (services are no closed set).
    """
    family = _BY_METRIC.get(measurement.metric)
    if family is None or measurement.statistic not in family.statistics or measurement.service:
        return ()
    labels = _labels(measurement)
    quantile = QUANTILES.get(measurement.statistic)
    shown = f'{labels},quantile="{quantile}"' if quantile else labels
    value = Line(family.name, f"{family.name}{{{shown}}} ", measurement.value)
    if measurement.statistic not in _ITEMS_FROM or family.is_of_targets:
        return (value,)
    items = Line(ITEMS, f'{ITEMS}{{{labels},metric="{measurement.metric}"}} ', float(measurement.n))
    return (value, items)


def _labels(measurement: Measurement) -> str:
    pairs = [f'value_stream="{_escaped(measurement.value_stream)}"']
    pairs += [
        f'{name}="{_escaped(text)}"'
        for name in ("step", "window", "kind", "environment")
        if (text := getattr(measurement, name))
    ]
    return ",".join(pairs)


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
