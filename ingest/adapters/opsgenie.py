"""Opsgenie's webhooks, and those of Jira Service Management's alerts, which are the same: alerts.

An alert begins an incident and its end ends it; what is done to it in between moves neither. Details (and tags like
`service:checkout`) tell the service, the environment and the cause; Opsgenie sends them where the integration says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec
from msgspec import Struct

from ingest.adapter import Adapter, Context, Headers, Untranslatable
from ingest.facts import MOST_CHARACTERS, fact
from ingest.signatures import any_of, basic_auth, bearer_token
from ingest.vocabulary.actors import UNKNOWN, Actor
from ingest.vocabulary.by_action import Translated
from ingest.vocabulary.delivery_ids import hashed_body
from ingest.vocabulary.incident_fields import SERVICES, severity, told_by
from ingest.vocabulary.times import moment
from schemas.event import ActorClass, FlowEvent
from schemas.identity import incident_uri

TOOL: Final = "opsgenie"

_PEOPLE: Final = frozenset({"app", "mobile", "user", "web"})
"""The types of sources through which people act; any other is an integration, a policy or Opsgenie itself."""

_SERVICES: Final = (*SERVICES, "entity")


class Alert(Struct, frozen=True):
    """An alert; its message, description and the mail address of who did it are not read."""

    id: str = msgspec.field(name="alertId")
    created_at: int | str | None = msgspec.field(name="createdAt", default=None)
    updated_at: int | str | None = msgspec.field(name="updatedAt", default=None)
    tags: tuple[str, ...] | None = None
    details: dict[str, Any] | None = None
    entity: str | None = None
    priority: str | None = None
    user_id: str | None = msgspec.field(name="userId", default=None)


class Source(Struct, frozen=True):
    """Through what it was done: the web page, an app, an integration."""

    type: str | None = None


class Body(Struct, frozen=True):
    """A delivery."""

    alert: Alert
    source: Source | None = None


class _Envelope(Struct, frozen=True):
    action: str = ""


_decode: Final = msgspec.json.Decoder(Body).decode
_envelope: Final = msgspec.json.Decoder(_Envelope).decode


def created(body: bytes, context: Context) -> Translated:
    """`incident.detected`, at the alert's `createdAt`."""
    told = _decode(body)
    return [_incident(told, context, "incident.detected", told.alert.created_at, "createdAt", "open")]


def closed(body: bytes, context: Context) -> Translated:
    """`incident.resolved`, at the alert's `updatedAt`."""
    told = _decode(body)
    return [_incident(told, context, "incident.resolved", told.alert.updated_at, "updatedAt", "closed")]


def deleted(body: bytes, context: Context) -> Translated:
    """`incident.resolved`, state `deleted`, at the alert's `updatedAt`."""
    told = _decode(body)
    return [_incident(told, context, "incident.resolved", told.alert.updated_at, "updatedAt", "deleted")]


def _incident(
    told: Body, context: Context, event_type: str, at: float | str | None, field: str, state: str
) -> FlowEvent:
    alert = told.alert
    if not alert.id:
        raise Untranslatable("alert.alertId is missing")
    fields = told_by(dict(_fields(alert)), context, _SERVICES)
    return fact(
        context,
        event_type,
        incident_uri(TOOL, alert.id),
        moment(at, f"alert.{field}"),
        told_apart=(state,) if state == "deleted" else (),
        links=fields.causes,
        state=state,
        environment=fields.environment,
        by=_by(told, context),
        attributes={
            "service": fields.service,
            "environment_raw": fields.environment_raw,
            "priority": severity(alert.priority, context.pseudonym),
        },
    )


def _fields(alert: Alert) -> Iterator[tuple[str, str]]:
    """Yield what entity, details and tags tell by lower-case name; tags stand last: every action sends them."""
    yield "entity", alert.entity or ""
    for name, value in (alert.details or {}).items():
        if isinstance(value, str):
            yield name.lower(), value
    for tag in alert.tags or ():
        name, told, rest = tag.partition(":")
        if told:
            yield name.strip().lower(), rest.strip()


def _by(told: Body, context: Context) -> Actor:
    """Return who did it: a human through the web page or an app, else a bot."""
    through = told.source.type if told.source else None
    if not through:
        return UNKNOWN
    human = through.lower() in _PEOPLE
    account = told.alert.user_id if human else None
    return Actor(
        ActorClass.HUMAN if human else ActorClass.BOT,
        context.pseudonym(account[:MOST_CHARACTERS]) if account else None,
    )


def _event_type(_headers: Headers, body: bytes) -> str:
    return _envelope(body).action


ADAPTER: Final = Adapter(
    tool=TOOL,
    verify=any_of(bearer_token(), basic_auth()),
    event_type=_event_type,
    delivery_id=hashed_body,
    translate={"Create": created, "Close": closed, "Delete": deleted},
    ignores=frozenset(
        {
            "Acknowledge", "AddDetails", "AddNote", "AddRecipient", "AddResponder", "AddTags", "AddTeam",
            "AssignOwnership", "Escalate", "EscalateNext", "RemoveDetails", "RemoveTags", "Snooze",
            "SnoozeEnded", "TakeOwnership", "UnAcknowledge", "UpdateDescription", "UpdateMessage", "UpdatePriority",
        }
    ),
)  # fmt: skip
"""The adapter for Opsgenie."""
