"""PagerDuty's V3 webhooks: incident.triggered, acknowledged, resolved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lab.payloads.moments import zulu, zulu_millis
from lab.planted import Account

SITE = "https://acme.pagerduty.com"


def headers(guid: str) -> Mapping[str, str]:
    """Return the headers of a delivery; the signature is added when it is sent."""
    return {
        "Content-Type": "application/json",
        "User-Agent": "PagerDuty-Webhook/V3.0",
        "X-Webhook-Id": guid,
        "X-Webhook-Subscription": "PSUB5EED",
    }


def event(  # noqa: PLR0913 - what an incident tells
    kind: str,
    *,
    event_id: str,
    incident: str,
    number: int,
    service: str,
    created: int,
    at: int,
    agent: Account,
    fields: Mapping[str, str],
) -> dict[str, Any]:
    """Return an incident event; `kind` is triggered, acknowledged or resolved, `fields` its custom fields."""
    who = _user(agent)
    return {
        "event": {
            "id": event_id,
            "event_type": f"incident.{kind}",
            "resource_type": "incident",
            "occurred_at": zulu_millis(at),
            "agent": _service(service) if kind == "triggered" else who,
            "client": None,
            "data": {
                "id": incident,
                "type": "incident",
                "self": f"https://api.pagerduty.com/incidents/{incident}",
                "html_url": f"{SITE}/incidents/{incident}",
                "number": number,
                "status": kind,
                "incident_key": f"key-{number}",
                "created_at": zulu(created),
                "title": f"Errors above threshold, called {agent.name} <{agent.mail}>",
                "service": _service(service),
                "assignees": [who],
                "escalation_policy": {"id": "PESC01", "summary": "Default", "type": "escalation_policy_reference"},
                "teams": [],
                "priority": None,
                "urgency": "high",
                "custom_fields": [
                    {"id": f"PF{index}", "name": name, "value": value, "type": "field_value", "data_type": "string"}
                    for index, (name, value) in enumerate(fields.items())
                ],
                "resolve_reason": None,
            },
        }
    }


def _user(account: Account) -> dict[str, Any]:
    return {
        "id": account.pagerduty_id,
        "type": "user_reference",
        "summary": account.name,
        "html_url": f"{SITE}/users/{account.pagerduty_id}",
        "self": f"https://api.pagerduty.com/users/{account.pagerduty_id}",
    }


def _service(name: str) -> dict[str, Any]:
    shown = " ".join(word.capitalize() for word in name.split("-"))
    return {
        "id": f"PSVC{sum(name.encode()) % 10_000}",
        "type": "service_reference",
        "summary": shown,
        "html_url": f"{SITE}/services/PSVC{sum(name.encode()) % 10_000}",
        "self": f"https://api.pagerduty.com/services/PSVC{sum(name.encode()) % 10_000}",
    }
