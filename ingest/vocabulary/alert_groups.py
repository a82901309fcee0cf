"""Groups of alerts as Prometheus Alertmanager and Grafana send them: each firing of an alert is an incident; pure.

An alert is known by the fingerprint of its labels, which is the same whenever it fires: with the begin it is one
firing. A group is sent again and again while anything in it fires; what was told before has the same ids. Grafana often
writes the end's time as the begin, too: which firing that ends is not known, and it is none of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec
from msgspec import Struct

from ingest.adapter import Context, Ignored, Untranslatable
from ingest.facts import Said, check_size, fact
from ingest.vocabulary.by_action import Translated
from ingest.vocabulary.incident_fields import severity, told_by
from ingest.vocabulary.times import Moment, moment
from schemas.event import FlowEvent
from schemas.identity import incident_uri, short_digest

_NO_LABELS: Final[Mapping[str, str]] = {}
_NO_INCIDENT: Final = Ignored("no alert is an incident: tests, and severities that wake nobody")
_NO_BEGIN: Final = Ignored("the end of an alert tells no begin")
_SLIGHT: Final = frozenset({"debug", "info", "information", "informational", "none", "ok"})
"""Severities of alerts that only inform, a watchdog's that always fires among them."""

_TEST: Final = {"alertname": "TestAlert", "instance": "Grafana"}.items()
"""The labels of what Grafana sends to try a contact point."""


class Alert(Struct, frozen=True):
    """One alert; its texts are not read, of its labels and annotations those that tell service, place and cause."""

    status: str
    labels: dict[str, str]
    starts_at: str = msgspec.field(name="startsAt")
    annotations: dict[str, str] | None = None
    ends_at: str | None = msgspec.field(name="endsAt", default=None)
    fingerprint: str | None = None
    address: str | None = msgspec.field(name="generatorURL", default=None)


class Group(Struct, frozen=True):
    """A delivery: the alerts of one group, fewer than there are where the sender was told to cut."""

    alerts: tuple[Alert, ...]
    truncated: float | None = msgspec.field(name="truncatedAlerts", default=None)


_decode: Final = msgspec.json.Decoder(Group).decode


def alerts(body: bytes, context: Context) -> Translated:
    """For each alert `incident.detected`, at `startsAt`; for a resolved one `incident.resolved` too, at `endsAt`."""
    group = _decode(body)
    check_size(group.alerts, "alerts")
    lost = {"truncated_alerts": group.truncated} if group.truncated else {}
    incidents = [alert for alert in group.alerts if _is_incident(alert)]
    found = [event for alert in incidents for event in _facts(alert, context, lost)]
    return found or (_NO_BEGIN if incidents else _NO_INCIDENT)


def _is_incident(alert: Alert) -> bool:
    return alert.labels.get("severity", "").lower() not in _SLIGHT and not alert.labels.items() >= _TEST


def _page(address: str) -> str | None:
    """Return the address of an alert's rule without its query; None for Prometheus's, which is all query."""
    page = address.partition("?")[0]
    return None if page.endswith("/graph") else page


def _facts(alert: Alert, context: Context, lost: Mapping[str, float]) -> Iterator[FlowEvent]:
    labels = alert.labels
    began, ended = moment(alert.starts_at, "alerts[].startsAt"), _end(alert)
    if ended is not None and ended.implausible is None and ended.micros <= began.micros:
        return
    mark = alert.fingerprint or short_digest("\n".join(f"{name}={labels[name]}" for name in sorted(labels)))
    uri = incident_uri(context.tool, f"{mark}/{began.micros // 1_000_000}")
    told = told_by({**(alert.annotations or _NO_LABELS), **labels}, context)
    said: Said = {
        "url": _page(alert.address or ""),
        "links": told.causes,
        "state": "firing",
        "environment": told.environment,
        "quantities": lost,
        "attributes": {
            "service": told.service,
            "environment_raw": told.environment_raw,
            "severity": severity(labels.get("severity"), context.pseudonym),
        },
    }
    yield fact(context, "incident.detected", uri, began, **said)
    if ended is not None:
        said["state"], said["links"] = "resolved", ()
        yield fact(context, "incident.resolved", uri, ended, **said)


def _end(alert: Alert) -> Moment | None:
    """Return when an alert ended, None while it fires."""
    if alert.status == "firing":
        return None
    if alert.status != "resolved":
        raise Untranslatable("alerts[].status is neither firing nor resolved")
    return moment(alert.ends_at, "alerts[].endsAt")
