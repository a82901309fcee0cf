"""Sentry's integration platform webhooks: issues, issue alerts and metric alerts as incidents.

An issue of high priority is an incident from its first event on; of any other only an alert rule makes one. Sentry
tells no time of a resolution or a regression: there the time of sending stands, from its header.
"""

from __future__ import annotations

from typing import Final

from ingest.adapter import Adapter, Headers
from ingest.adapters.sentry.incidents import TOOL
from ingest.adapters.sentry.issues import EVENT_ALERT, ISSUE
from ingest.adapters.sentry.metric_alerts import METRIC_ALERT
from ingest.signatures import hmac_sha256
from ingest.vocabulary.delivery_ids import delivery_id


def _event_type(headers: Headers, _body: bytes) -> str:
    return headers.get("sentry-hook-resource", "")


def _delivery_id(headers: Headers, body: bytes) -> str:
    return delivery_id(headers.get("request-id"), body)


ADAPTER: Final = Adapter(
    tool=TOOL,
    verify=hmac_sha256("sentry-hook-signature"),
    event_type=_event_type,
    delivery_id=_delivery_id,
    translate={"event_alert": EVENT_ALERT, "issue": ISSUE, "metric_alert": METRIC_ALERT},
    ignores=frozenset({"activity_alert", "comment", "error", "installation", "preprod_artifact", "seer"}),
)
"""The adapter for Sentry."""
