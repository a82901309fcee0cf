"""Mappings for tests: of a few rules, and one of a tool that has an adapter."""

from __future__ import annotations

from typing import Final

from ingest.adapter import Adapter
from ingest.mapping.compile import adapters_of
from schemas.definition_file import parse

_TICKET: Final = {"type": "ticket.updated", "subject": "{ticket: $.id}", "at": "$.at"}

OF_PAGERDUTY: Final = """\
version: 1
mappings:
  - tool: pager
    proof: {scheme: hmac_sha256, header: x-pagerduty-signature, prefix: v1=, several: true}
    event_type: $.event.event_type
    delivery_id: $.event.id
    events:
      - &incident
        when: {event_type: incident.triggered}
        type: incident.detected
        subject: {incident: $.event.data.id}
        at: {path: [$.event.data.created_at, $.event.occurred_at]}
        url: $.event.data.html_url
        state: $.event.data.status
        actor:
          id: $.event.agent.id
          class: {path: $.event.agent.type, map: {user: human, user_reference: human}, otherwise: bot}
        attributes:
          service: {path: $.event.data.service.summary, as: slug}
          urgency: $.event.data.urgency
        told_apart: []
      - <<: *incident
        when: {event_type: incident.reopened}
        at: $.event.occurred_at
        state: reopened
        told_apart: [reopened]
      - <<: *incident
        when: {event_type: incident.resolved}
        type: incident.resolved
        at: $.event.occurred_at
        links: [{relates_to: {incident: $.event.data.resolve_reason.incident.id}}]
        attributes:
          service: {path: $.event.data.service.summary, as: slug}
          urgency: $.event.data.urgency
          resolution: {path: $.event.data.resolve_reason.type, map: {merge_resolve_reason: merge_resolve_reason}}
      - <<: *incident
        when: {event_type: incident.service_updated}
        type: incident.updated
        at: $.event.occurred_at
        attributes:
          service: {path: $.event.data.service.summary, as: slug}
          urgency: $.event.data.urgency
          action: service
        told_apart: [$.event.data.service.id]
    ignores: [incident.acknowledged, incident.annotated]
value_streams: [{name: all, select: ["*"]}]
"""
"""PagerDuty's incidents as a mapping says them."""


def a_rule(said: str) -> str:
    """Return a rule of a ticket 12 at `$.at`, in flow style, with what is `said` beside and in place of that."""
    rest = "".join(f", {key}: {value}" for key, value in _TICKET.items() if f"{key}: " not in f" {said}")
    return f"{{{said}{rest}}}" if said else f"{{{rest.removeprefix(', ')}}}"


def mapping_text(*rules: str, proof: str = "{scheme: bearer_token}", more: str = "") -> str:
    """Return a value-stream file that maps the tool `acmeci` by these rules."""
    events = "".join(f"      - {rule}\n" for rule in rules)
    return (
        "version: 1\n"
        "mappings:\n"
        "  - tool: acmeci\n"
        f"    proof: {proof}\n"
        f"    {more or 'delivery_id: $.id'}\n"
        f"    events:\n{events}"
        "value_streams: [{name: all, select: ['*']}]\n"
    )


def mapped(*rules: str, proof: str = "{scheme: bearer_token}", more: str = "") -> Adapter:
    """Return the adapter of such a mapping."""
    (adapter,) = adapters_of(parse(mapping_text(*rules, proof=proof, more=more)))
    return adapter
