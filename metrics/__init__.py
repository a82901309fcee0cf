"""Every metric: one pure function and one line each."""

from __future__ import annotations

from typing import Final

from metrics import constraint, dora, feed, flow, littles_law, vsm
from metrics.reading import Applies, Compute, Metric, Scope, always, never
from schemas.definition import DIALECTS, ValueStream


def _step(compute: Compute, applies: Applies = always, ticks: Applies = never) -> Metric:
    return Metric(name=_name(compute), scope=Scope.STEP, compute=compute, by_kind=True, applies=applies, ticks=ticks)


def _step_now(compute: Compute) -> Metric:
    return Metric(name=_name(compute), scope=Scope.STEP_NOW, compute=compute, by_kind=True)


def _map(compute: Compute) -> Metric:
    return Metric(name=_name(compute), scope=Scope.MAP, compute=compute)


def _flow(compute: Compute, applies: Applies = always, ticks: Applies = never) -> Metric:
    return Metric(name=_name(compute), scope=Scope.FLOW, compute=compute, by_kind=True, applies=applies, ticks=ticks)


def _whole_flow(compute: Compute, ticks: Applies = never) -> Metric:
    return Metric(name=_name(compute), scope=Scope.FLOW, compute=compute, ticks=ticks)


def _flow_now(compute: Compute) -> Metric:
    return Metric(name=_name(compute), scope=Scope.FLOW_NOW, compute=compute, by_kind=True)


def _service(compute: Compute, ticks: Applies = never) -> Metric:
    return Metric(name=_name(compute), scope=Scope.SERVICE, compute=compute, ticks=ticks)


def _production(compute: Compute, applies: Applies = always) -> Metric:
    return Metric(name=_name(compute), scope=Scope.SERVICE, compute=compute, production=True, applies=applies)


def _name(compute: Compute) -> str:
    return str(getattr(compute, "__name__"))  # noqa: B009 - a Callable need not have one, a function does


def _works_by_calendar(stream: ValueStream) -> bool:
    return stream.calendar is not None


def _counts_rework(stream: ValueStream) -> bool:
    return stream.dialect == DIALECTS[-1]


METRICS: Final = (
    _step(vsm.step_process_seconds),
    _step(vsm.step_wait_seconds),
    _step(vsm.step_lead_seconds),
    _step(vsm.step_blocked_seconds),
    _step(vsm.step_process_working_seconds, _works_by_calendar),
    _step(vsm.step_wait_working_seconds, _works_by_calendar),
    _step(vsm.step_lead_working_seconds, _works_by_calendar),
    _step(vsm.step_arrivals),
    _step(vsm.step_completions),
    _step(vsm.step_takt_seconds, ticks=_works_by_calendar),
    _step(vsm.step_complete_accurate_ratio),
    _step(vsm.step_wait_met_ratio),
    _step(vsm.step_process_met_ratio),
    _step(vsm.step_lead_met_ratio),
    _step_now(vsm.step_work_in_progress),
    _step_now(vsm.step_oldest_age_seconds),
    _step_now(vsm.step_age_seconds),
    _map(vsm.rolled_complete_accurate_ratio),
    _map(constraint.constraint_score),
    _map(constraint.constraint_ratio),
    _map(constraint.constraint_age_seconds),
    _whole_flow(littles_law.littles_law_ratio, always),
    _whole_flow(littles_law.littles_law_departures_ratio, always),
    _whole_flow(littles_law.littles_law_endings_ratio, always),
    _whole_flow(littles_law.littles_law_load_ratio, always),
    _whole_flow(littles_law.littles_law_age_ratio, always),
    _whole_flow(littles_law.littles_law_identity_ratio, always),
    _flow(flow.flow_time_seconds),
    _flow(flow.flow_time_working_seconds, _works_by_calendar),
    _flow(flow.flow_time_met_ratio),
    _flow(flow.flow_velocity),
    _flow(flow.flow_arrivals),
    _flow(flow.takt_seconds, ticks=_works_by_calendar),
    _flow_now(flow.flow_load),
    _flow_now(flow.flow_age_seconds),
    _flow(flow.flow_efficiency_ratio),
    _whole_flow(flow.flow_distribution_ratio),
    _flow(flow.activity_ratio),
    _flow(flow.flow_handoffs),
    _flow(flow.flow_effort_seconds),
    _service(dora.deployment_frequency_per_day),
    _service(dora.deployment_days_ratio, always),
    _service(dora.deployment_batch_size),
    _production(dora.change_lead_time_seconds),
    _production(dora.change_coding_seconds),
    _production(dora.change_pickup_seconds),
    _production(dora.change_review_seconds),
    _production(dora.change_deploy_seconds),
    _production(dora.change_unaccounted_seconds),
    _service(dora.change_fail_ratio),
    _service(dora.failed_deployment_recovery_seconds),
    _production(dora.deployment_rework_ratio, _counts_rework),
    Metric(name="data_age_seconds", scope=Scope.FEED_NOW, compute=feed.data_age_seconds),
    Metric(name="completeness_ratio", scope=Scope.FEED, compute=feed.completeness_ratio),
)
"""In the order of the documentation's index."""


def of_scope(scope: Scope) -> tuple[Metric, ...]:
    """Return the metrics of a scope, in order."""
    return tuple(metric for metric in METRICS if metric.scope == scope)
