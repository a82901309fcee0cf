"""PagerDuty's V3 webhooks: incidents triggered, acknowledged, rerouted, resolved, and their custom fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from lab.payloads.moments import zulu, zulu_millis
from lab.planted import Account

Body = dict[str, Any]

SITE = "https://acme.pagerduty.com"


def headers(guid: str) -> Mapping[str, str]:
    """Return the headers of a delivery; the signature is added when it is sent."""
    return {
        "Content-Type": "application/json",
        "User-Agent": "PagerDuty-Webhook/V3.0",
        "X-Webhook-Id": guid,
        "X-Webhook-Subscription": "PSUB5EED",
    }


class Incident(Struct, kw_only=True):
    """One incident as it stands now; times in seconds."""

    identity: str
    number: int
    service: str
    created: int
    agent: Account
    status: str = "triggered"


def event(kind: str, incident: Incident, event_id: str, at: int) -> Body:
    """Return an incident event; `kind` is triggered, acknowledged, service_updated or resolved."""
    by = _service(incident.service) if kind == "triggered" else _user(incident.agent)
    return _event(kind, event_id, at, by, _data(incident))


def described(incident: Incident, event_id: str, at: int, fields: Mapping[str, str]) -> Body:
    """Return the event that tells the incident's custom fields: no other one does."""
    data = {
        "incident": _reference("incident", incident.identity, None),
        "custom_fields": [_field(index, name, value) for index, (name, value) in enumerate(fields.items())],
        "changed_custom_fields": [_field(index, name, None) for index, name in enumerate(fields)],
        "type": "incident_field_values",
    }
    return _event("custom_field_values.updated", event_id, at, _user(incident.agent), data)


def _event(kind: str, event_id: str, at: int, agent: Body, data: Body) -> Body:
    return {
        "event": {
            "id": event_id,
            "event_type": f"incident.{kind}",
            "resource_type": "incident",
            "occurred_at": zulu_millis(at),
            "agent": agent,
            "client": None,
            "data": data,
        }
    }


def _data(incident: Incident) -> Body:
    agent = incident.agent
    return {
        "id": incident.identity,
        "type": "incident",
        "self": f"https://api.pagerduty.com/incidents/{incident.identity}",
        "html_url": f"{SITE}/incidents/{incident.identity}",
        "number": incident.number,
        "status": incident.status,
        "incident_key": f"key-{incident.number}",
        "created_at": zulu(incident.created),
        "title": f"Errors above threshold, called {agent.name} <{agent.mail}>",
        "incident_type": {"name": "incident_default"},
        "service": _service(incident.service),
        "assignees": [_user(agent)],
        "escalation_policy": {"id": "PESC01", "summary": "Default", "type": "escalation_policy_reference"},
        "teams": [],
        "priority": None,
        "urgency": "high",
        "conference_bridge": None,
        "resolve_reason": None,
    }


def _field(index: int, name: str, value: str | None) -> Body:
    return {
        "data_type": "string", "field_type": "single_value", "id": f"PF{index}", "name": name,
        "namespace": "incidents", "type": "field_value", "value": value,
    }  # fmt: skip


def _user(account: Account) -> Body:
    return _reference("user", account.pagerduty_id, account.name)


def _service(name: str) -> Body:
    shown = " ".join(word.capitalize() for word in name.split("-"))
    return _reference("service", f"PSVC{sum(name.encode()) % 10_000}", shown)


def _reference(kind: str, identity: str, summary: str | None) -> Body:
    return {
        "id": identity,
        "type": f"{kind}_reference",
        "summary": summary,
        "html_url": f"{SITE}/{kind}s/{identity}",
        "self": f"https://api.pagerduty.com/{kind}s/{identity}",
    }
