"""Metric alerts: one incident each time that a rule is breached, however severe the breach becomes."""

from __future__ import annotations

from typing import Final

import msgspec

from ingest.adapter import Context
from ingest.adapters.sentry.bodies import Body, OfMetricAlert
from ingest.adapters.sentry.incidents import by, sent_at, uri_of
from ingest.facts import fact
from ingest.vocabulary.by_action import Actions, ByAction, Translated
from ingest.vocabulary.incident_fields import severity
from ingest.vocabulary.kept_text import kept_of_environment
from ingest.vocabulary.times import Moment, moment
from schemas.event import FlowEvent

_KIND: Final = "metric-alert/"
"""What stands before a metric alert's number: issues have numbers, too."""


def breached(told: Body[OfMetricAlert], context: Context) -> Translated:
    """`incident.detected`, at `date_detected`, else `date_started`; the same fact however severe it becomes."""
    alert = told.data.metric_alert
    at = moment(alert.date_detected or alert.date_started, "metric_alert.date_detected")
    return [_incident(told, context, "incident.detected", at)]


def recovered(told: Body[OfMetricAlert], context: Context) -> Translated:
    """`incident.resolved`, at `date_closed`, else at `Sentry-Hook-Timestamp`."""
    closed = told.data.metric_alert.date_closed
    at = moment(closed, "metric_alert.date_closed") if closed else sent_at(context)
    return [_incident(told, context, "incident.resolved", at)]


def _incident(told: Body[OfMetricAlert], context: Context, event_type: str, at: Moment) -> FlowEvent:
    alert, ends = told.data.metric_alert, event_type == "incident.resolved"
    word = (alert.alert_rule.environment if alert.alert_rule else None) or ""
    environment, kept = kept_of_environment(word, context.environment, context.pseudonym)
    return fact(
        context,
        event_type,
        uri_of(alert.id, _KIND),
        at,
        url=told.data.web_url,
        state="resolved" if ends else "open",
        environment=environment,
        by=by(told.actor, context),
        attributes={
            "service": alert.projects[0] if alert.projects else None,
            "environment_raw": kept,
            "severity": None if ends else severity(told.action, context.pseudonym),
        },
    )


METRIC_ALERT: Final[Actions] = ByAction(
    decode=msgspec.json.Decoder(Body[OfMetricAlert]).decode,
    action=lambda told: told.action,
    handlers={"open": breached, "warning": breached, "critical": breached, "resolved": recovered},
)
"""The resource `metric_alert`."""
