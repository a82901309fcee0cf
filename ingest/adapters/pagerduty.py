"""PagerDuty V3 webhooks: incidents.

Acknowledgements, notes, priorities and the like are ignored: they move neither the begin nor the end of an incident.
Custom fields come in events of their own: a deployment, commit or image named there is the explicit cause. An incident
that was merged into another one is resolved and related to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Generic, TypeVar

import msgspec
from msgspec import Struct

from ingest.adapter import Adapter, Context, Headers, Untranslatable
from ingest.facts import MOST_CHARACTERS, fact
from ingest.signatures import pagerduty
from ingest.vocabulary.actors import UNKNOWN, Actor
from ingest.vocabulary.by_action import Translated
from ingest.vocabulary.delivery_ids import delivery_id
from ingest.vocabulary.incident_fields import CAUSES, causes, service_name
from ingest.vocabulary.kept_text import kept_of_environment
from ingest.vocabulary.times import moment
from schemas.event import NO_CAUSE, ActorClass, FlowEvent, Link, LinkKind, LinkMethod
from schemas.identity import incident_uri

TOOL: Final = "pagerduty"

_SERVICE: Final = "service"
_ENVIRONMENTS: Final = ("environment", "env", "stage")

Data = TypeVar("Data")


class Reference(Struct, frozen=True):
    """A reference to another resource: a service, a user, an incident."""

    id: str = ""
    summary: str | None = None
    type: str = ""
    html_url: str | None = None


class Field(Struct, frozen=True):
    """A custom field of an incident; its value is a text, several, a number, or null."""

    name: str = ""
    value: Any = None


class FieldValues(Struct, frozen=True):
    """An incident's custom fields as they stand after some of them changed."""

    incident: Reference
    custom_fields: tuple[Field, ...] = ()


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
    urgency: str | None = None
    resolve_reason: ResolveReason | None = None


class Event(Struct, Generic[Data], frozen=True):
    """One event of a subscription; what its data is goes by its type."""

    occurred_at: str
    data: Data
    id: str = ""
    agent: Reference | None = None


class Body(Struct, Generic[Data], frozen=True):
    """A V3 delivery."""

    event: Event[Data]


class _Kind(Struct, frozen=True):
    event_type: str = ""
    id: str = ""


class _Envelope(Struct, frozen=True):
    event: _Kind = _Kind()


_decode: Final = msgspec.json.Decoder(Body[Incident]).decode
_decode_fields: Final = msgspec.json.Decoder(Body[FieldValues]).decode
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


def rerouted(body: bytes, context: Context) -> Translated:
    """`incident.updated` with the new service, at `occurred_at`."""
    event = _decode(body).event
    return [_incident(event, context, "incident.updated", event.occurred_at)]


def described(body: bytes, context: Context) -> Translated:
    """`incident.updated` with service, environment and cause as the custom fields name them, at `occurred_at`."""
    event = _decode_fields(body).event
    incident, told = event.data.incident, list(_texts(event.data.custom_fields))
    word = next((text for wanted in _ENVIRONMENTS for name, text in told if name == wanted), "")
    environment, kept = kept_of_environment(word, context.environment, context.pseudonym)
    named = causes((text for name, text in told if name in CAUSES), context.pseudonym)
    asked = any(field.name.lower() in CAUSES for field in event.data.custom_fields)
    services = (service_name(text, context.pseudonym) for name, text in told if name == _SERVICE)
    return [
        fact(
            context,
            "incident.updated",
            _uri(incident.id),
            moment(event.occurred_at, "event.occurred_at"),
            told_apart=("custom fields", *(text for pair in sorted(told) for text in pair)),
            url=incident.html_url,
            links=named,
            environment=environment,
            by=_agent(event.agent, context),
            attributes={
                "service": next(services, None),
                "environment_raw": kept,
                "action": "custom fields",
                "cause": NO_CAUSE if asked and not named else None,
            },
        )
    ]


def _merged_into(incident: Incident) -> tuple[Link, ...]:
    """Return the incident that a resolved one was merged into, if it was."""
    into = incident.resolve_reason.incident if incident.resolve_reason else None
    if into is None or not into.id:
        return ()
    return (Link(uri=incident_uri(TOOL, into.id), kind=LinkKind.RELATES_TO, method=LinkMethod.EXPLICIT),)


def _incident(
    event: Event[Incident], context: Context, event_type: str, at: str, state: str | None = None
) -> FlowEvent:
    incident = event.data
    moved = incident.service.id if incident.service and event_type == "incident.updated" else ""
    return fact(
        context,
        event_type,
        _uri(incident.id),
        moment(at, "event.occurred_at"),
        told_apart=tuple(text for text in (state, moved) if text),
        url=incident.html_url,
        links=_merged_into(incident) if event_type == "incident.resolved" else (),
        state=state or incident.status,
        by=_agent(event.agent, context),
        attributes={
            "service": service_name((incident.service.summary if incident.service else None) or "", context.pseudonym),
            "urgency": incident.urgency,
            "resolution": incident.resolve_reason.type if incident.resolve_reason else None,
            "action": "service" if moved else None,
        },
    )


def _uri(incident_id: str) -> str:
    if not incident_id:
        raise Untranslatable("the incident's id is missing")
    return incident_uri(TOOL, incident_id)


def _texts(fields: tuple[Field, ...]) -> Iterator[tuple[str, str]]:
    """Yield the texts of custom fields, each with its field's name in lower case; a field may have several."""
    for field in fields:
        values = field.value if isinstance(field.value, list) else [field.value]
        yield from ((field.name.lower(), text) for text in values if isinstance(text, str))


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
        "incident.custom_field_values.updated": described,
        "incident.service_updated": rerouted,
        "incident.triggered": triggered,
        "incident.reopened": reopened,
        "incident.resolved": resolved,
    },
    ignores=frozenset(
        {
            "incident.acknowledged", "incident.action_invocation.created", "incident.action_invocation.terminated",
            "incident.action_invocation.updated", "incident.annotated", "incident.conference_bridge.updated",
            "incident.delegated", "incident.escalated",
            "incident.incident_type.changed", "incident.priority_updated", "incident.reassigned",
            "incident.responder.added", "incident.responder.replied", "incident.role.assigned",
            "incident.status_update_published", "incident.task.completed", "incident.task.created",
            "incident.task.updated", "incident.unacknowledged", "incident.workflow.completed",
            "incident.workflow.started", "pagey.ping", "service.created", "service.custom_field_values.updated",
            "service.deleted", "service.updated",
        }
    ),
)  # fmt: skip
"""The adapter for PagerDuty."""
