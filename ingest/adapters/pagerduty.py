"""PagerDuty V3 webhooks: incidents.

Acknowledgements, notes, priorities and the like are ignored: they move neither the begin nor the end of an incident. A
deployment or commit named in the incident's custom fields or details is its explicit cause. An incident that was merged
into another one is resolved and related to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec
from msgspec import Struct

from ingest.actors import UNKNOWN, Actor
from ingest.adapter import Adapter, Context, Headers, Untranslatable
from ingest.by_action import Translated
from ingest.delivery_ids import delivery_id
from ingest.facts import MOST_CHARACTERS, fact
from ingest.signature import pagerduty
from ingest.times import moment
from schemas.event import ActorClass, FlowEvent, Link, LinkKind, LinkMethod
from schemas.identity import artifact_uri, commit_uri, incident_uri

TOOL: Final = "pagerduty"

_COMMIT: Final = re.compile(r"(?<![0-9a-f:])[0-9a-f]{40}(?![0-9a-f])")
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_DEPLOYMENT: Final = re.compile(r"deployment:[\w.-]+/\S{1,400}")
_NOT_WORD: Final = re.compile(r"[^0-9a-z]+")
_CAUSES: Final = frozenset({"artifact", "caused_by", "commit", "commit_sha", "deployment", "digest", "image", "sha"})
_SERVICE: Final = "service"
_ENVIRONMENTS: Final = ("environment", "env", "stage")


class Reference(Struct, frozen=True):
    """A reference to another resource: a service, a user."""

    id: str = ""
    summary: str | None = None
    type: str = ""


class Field(Struct, frozen=True):
    """A custom field of an incident."""

    name: str = ""
    value: Any = None


class Details(Struct, frozen=True):
    """The body of an incident, where an integration gave one."""

    details: Any = None
    cef_details: Any = None


class ResolveReason(Struct, frozen=True):
    """Why an incident was resolved, where it was merged into another."""

    type: str = ""
    incident: Reference | None = None


class Incident(Struct, frozen=True):
    """An incident; its title is not read."""

    id: str
    html_url: str | None = None
    status: str | None = None
    created_at: str | None = None
    service: Reference | None = None
    custom_fields: tuple[Field, ...] | None = None
    body: Details | None = None
    urgency: str | None = None
    resolve_reason: ResolveReason | None = None


class Event(Struct, frozen=True):
    """One event of a subscription."""

    occurred_at: str
    data: Incident
    id: str = ""
    agent: Reference | None = None


class Body(Struct, frozen=True):
    """A V3 delivery."""

    event: Event


class _Kind(Struct, frozen=True):
    event_type: str = ""
    id: str = ""


class _Envelope(Struct, frozen=True):
    event: _Kind = _Kind()


_decode: Final = msgspec.json.Decoder(Body).decode
_envelope: Final = msgspec.json.Decoder(_Envelope).decode


def triggered(body: bytes, context: Context) -> Translated:
    """`incident.detected`, at the incident's `created_at`, else the event's `occurred_at`."""
    event = _decode(body).event
    return [_incident(event, context, "incident.detected", event.data.created_at or event.occurred_at)]


def reopened(body: bytes, context: Context) -> Translated:
    """`incident.detected` again, state `reopened`, at `occurred_at`."""
    event = _decode(body).event
    return [_incident(event, context, "incident.detected", event.occurred_at, state="reopened")]


def resolved(body: bytes, context: Context) -> Translated:
    """`incident.resolved`, at `occurred_at`."""
    event = _decode(body).event
    return [_incident(event, context, "incident.resolved", event.occurred_at)]


def _merged_into(incident: Incident) -> tuple[Link, ...]:
    """Return the incident that a resolved one was merged into, if it was."""
    into = incident.resolve_reason.incident if incident.resolve_reason else None
    if into is None or not into.id:
        return ()
    return (Link(uri=incident_uri(TOOL, into.id), kind=LinkKind.RELATES_TO, method=LinkMethod.EXPLICIT),)


def _incident(event: Event, context: Context, event_type: str, at: str, state: str | None = None) -> FlowEvent:
    incident = event.data
    if not incident.id:
        raise Untranslatable("event.data.id is missing")
    details = dict(_details(incident))
    environment = next((details[name] for name in _ENVIRONMENTS if details.get(name)), "")
    service = details.get(_SERVICE) or (incident.service.summary if incident.service else None) or ""
    return fact(
        context,
        event_type,
        incident_uri(TOOL, incident.id),
        moment(at, "event.occurred_at"),
        told_apart=(state,) if state else (),
        url=incident.html_url,
        links=tuple(_causes(details)) if event_type == "incident.detected" else _merged_into(incident),
        state=state or incident.status,
        environment=context.environment(environment) if environment else None,
        by=_agent(event.agent, context),
        attributes={
            "service": service_name(service),
            "environment_raw": environment,
            "urgency": incident.urgency,
            "resolution": incident.resolve_reason.type if incident.resolve_reason else None,
        },
    )


def service_name(name: str) -> str:
    """Return a service's display name as deployments spell it: `Checkout API` is `checkout-api`."""
    return _NOT_WORD.sub("-", name.lower()).strip("-")


def _details(incident: Incident) -> Iterator[tuple[str, str]]:
    """Yield what an incident says of itself beside its text: custom fields and details, names in lower case."""
    for field in incident.custom_fields or ():
        if isinstance(field.value, str):
            yield field.name.lower(), field.value
    for given in (incident.body.details, incident.body.cef_details) if incident.body else ():
        inner = given.get("custom_details") or given.get("details") if isinstance(given, dict) else None
        for told in (given, inner):
            if isinstance(told, dict):
                yield from ((str(name).lower(), text) for name, text in told.items() if isinstance(text, str))


def _causes(details: dict[str, str]) -> Iterator[Link]:
    for name, text in details.items():
        if name not in _CAUSES:
            continue
        uris = (
            [found[0]] if (found := _DEPLOYMENT.search(text))
            else [artifact_uri(found[0])] if (found := _DIGEST.search(text))
            else [commit_uri(found[0])] if (found := _COMMIT.search(text.lower()))
            else []
        )  # fmt: skip
        for uri in uris:
            yield Link(uri=uri, kind=LinkKind.CAUSED_BY, method=LinkMethod.EXPLICIT)


def _agent(agent: Reference | None, context: Context) -> Actor:
    """Return who did it: a user is a human, a service or integration a bot."""
    if agent is None or not agent.id:
        return UNKNOWN
    human = agent.type.startswith("user")
    return Actor(ActorClass.HUMAN if human else ActorClass.BOT, context.pseudonym(agent.id[:MOST_CHARACTERS]))


def _event_type(_headers: Headers, body: bytes) -> str:
    return _envelope(body).event.event_type


def _delivery_id(_headers: Headers, body: bytes) -> str:
    return delivery_id(_envelope(body).event.id, body)


ADAPTER: Final = Adapter(
    tool=TOOL,
    verify=pagerduty(),
    event_type=_event_type,
    delivery_id=_delivery_id,
    translate={
        "incident.triggered": triggered,
        "incident.reopened": reopened,
        "incident.resolved": resolved,
    },
    ignores=frozenset(
        {
            "incident.acknowledged", "incident.action_invocation.created", "incident.action_invocation.terminated",
            "incident.action_invocation.updated", "incident.annotated", "incident.conference_bridge.updated",
            "incident.custom_field_values.updated", "incident.delegated", "incident.escalated",
            "incident.incident_type.changed", "incident.priority_updated", "incident.reassigned",
            "incident.responder.added", "incident.responder.replied", "incident.role.assigned",
            "incident.service_updated", "incident.status_update_published", "incident.task.created",
            "incident.task.updated", "incident.unacknowledged", "incident.workflow.completed",
            "incident.workflow.started", "pagey.ping", "service.created", "service.custom_field_values.updated",
            "service.deleted", "service.updated",
        }
    ),
)  # fmt: skip
"""The adapter for PagerDuty."""
