"""Every metric: one pure function and one line each."""

from __future__ import annotations

from typing import Final

from metrics import constraint, dora, feed, flow, vsm
from metrics.reading import Metric, Scope

METRICS: Final = (
    Metric(name="step_process_seconds", scope=Scope.STEP, compute=vsm.step_process_seconds),
    Metric(name="step_wait_seconds", scope=Scope.STEP, compute=vsm.step_wait_seconds),
    Metric(name="step_lead_seconds", scope=Scope.STEP, compute=vsm.step_lead_seconds),
    Metric(name="step_arrivals", scope=Scope.STEP, compute=vsm.step_arrivals),
    Metric(name="step_completions", scope=Scope.STEP, compute=vsm.step_completions),
    Metric(name="step_complete_accurate_ratio", scope=Scope.STEP, compute=vsm.step_complete_accurate_ratio),
    Metric(name="step_work_in_progress", scope=Scope.STEP_NOW, compute=vsm.step_work_in_progress),
    Metric(name="step_oldest_age_seconds", scope=Scope.STEP_NOW, compute=vsm.step_oldest_age_seconds),
    Metric(name="rolled_complete_accurate_ratio", scope=Scope.MAP, compute=vsm.rolled_complete_accurate_ratio),
    Metric(name="constraint_score", scope=Scope.MAP, compute=constraint.constraint_score),
    Metric(name="flow_time_seconds", scope=Scope.FLOW, compute=flow.flow_time_seconds),
    Metric(name="flow_velocity", scope=Scope.FLOW, compute=flow.flow_velocity),
    Metric(name="flow_load", scope=Scope.FLOW_NOW, compute=flow.flow_load),
    Metric(name="flow_efficiency_ratio", scope=Scope.FLOW, compute=flow.flow_efficiency_ratio),
    Metric(name="flow_distribution_ratio", scope=Scope.FLOW, compute=flow.flow_distribution_ratio),
    Metric(name="activity_ratio", scope=Scope.FLOW, compute=flow.activity_ratio),
    Metric(name="deployment_frequency_per_day", scope=Scope.SERVICE, compute=dora.deployment_frequency_per_day),
    Metric(name="change_lead_time_seconds", scope=Scope.SERVICE, compute=dora.change_lead_time_seconds),
    Metric(name="change_fail_ratio", scope=Scope.SERVICE, compute=dora.change_fail_ratio),
    Metric(
        name="failed_deployment_recovery_seconds", scope=Scope.SERVICE, compute=dora.failed_deployment_recovery_seconds
    ),
    Metric(name="deployment_rework_ratio", scope=Scope.SERVICE, compute=dora.deployment_rework_ratio),
    Metric(name="data_age_seconds", scope=Scope.FEED_NOW, compute=feed.data_age_seconds),
    Metric(name="completeness_ratio", scope=Scope.FEED, compute=feed.completeness_ratio),
)
"""In the order of the documentation's index."""


def of_scope(scope: Scope) -> tuple[Metric, ...]:
    """Return the metrics of a scope, in order."""
    return tuple(metric for metric in METRICS if metric.scope == scope)
