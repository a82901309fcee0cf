"""Issues and the issue alerts that they set off: one incident an issue, which an alert may begin, too."""

from __future__ import annotations

from typing import Final

import msgspec

from ingest.adapter import Context, Ignored
from ingest.adapters.sentry.bodies import Body, Event, Issue, OfEvent, OfIssue
from ingest.adapters.sentry.incidents import by, sent_at, uri_of
from ingest.facts import fact
from ingest.vocabulary.by_action import Actions, ByAction, Translated
from ingest.vocabulary.incident_fields import causes, severity
from ingest.vocabulary.kept_text import kept_of_environment
from ingest.vocabulary.times import Moment, moment
from schemas.event import FlowEvent, Link, LinkKind, LinkMethod
from schemas.identity import entity_kind

RELEASE_CONFIDENCE: Final = 0.7
"""How sure it is that the release in which an alert fired brought the fault: that may be older."""

_HIGH: Final = "high"
_ERRORS: Final = frozenset({"error", "fatal"})
_LOW_PRIORITY: Final = Ignored("issue is of no high priority")


def created(told: Body[OfIssue], context: Context) -> Translated:
    """`incident.detected`, at the issue's `firstSeen`, where its priority is high (untold: its level)."""
    issue = told.data.issue
    if not _matters(issue):
        return _LOW_PRIORITY
    return [_of_issue(told, context, "incident.detected", moment(issue.first_seen, "issue.firstSeen"))]


def unresolved(told: Body[OfIssue], context: Context) -> Translated:
    """`incident.detected` again, where its priority is high, at `Sentry-Hook-Timestamp`."""
    if not _matters(told.data.issue):
        return _LOW_PRIORITY
    return [_of_issue(told, context, "incident.detected", sent_at(context))]


def resolved(told: Body[OfIssue], context: Context) -> Translated:
    """`incident.resolved`, at `Sentry-Hook-Timestamp`."""
    return [_of_issue(told, context, "incident.resolved", sent_at(context))]


def archived(told: Body[OfIssue], context: Context) -> Translated:
    """`incident.resolved`, state `ignored`, at `Sentry-Hook-Timestamp`."""
    return [_of_issue(told, context, "incident.resolved", sent_at(context))]


def triggered(told: Body[OfEvent], context: Context) -> Translated:
    """`incident.detected`, at the event's `datetime`; `incident.updated` with environment and release, too."""
    event = told.data.event
    at = moment(event.datetime or event.timestamp, "event.datetime")
    environment, kept = kept_of_environment(_environment(event), context.environment, context.pseudonym)
    links = tuple(_likely(link) for link in causes((event.release or "",), context.pseudonym))
    uri, actor, service = uri_of(event.issue_id), by(told.actor, context), _project_of(event.url or "")
    detected = fact(
        context,
        "incident.detected",
        uri,
        at,
        url=event.web_url,
        state="unresolved",
        by=actor,
        attributes={"service": service, "severity": severity(event.level, context.pseudonym)},
    )
    if not (links or environment):
        return [detected]
    updated = fact(
        context,
        "incident.updated",
        uri,
        at,
        told_apart=("alert", environment, *(link.uri for link in links)),
        url=event.web_url,
        links=links,
        environment=environment,
        by=actor,
        attributes={"service": service, "environment_raw": kept, "action": "alert"},
    )
    return [detected, updated]


def _matters(issue: Issue) -> bool:
    return issue.priority == _HIGH if issue.priority else issue.level is None or issue.level in _ERRORS


def _of_issue(told: Body[OfIssue], context: Context, event_type: str, at: Moment) -> FlowEvent:
    issue = told.data.issue
    return fact(
        context,
        event_type,
        uri_of(issue.id),
        at,
        url=issue.web_url or issue.permalink,
        state=issue.status,
        by=by(told.actor, context),
        attributes={
            "service": issue.project.slug if issue.project else None,
            "severity": severity(issue.level, context.pseudonym),
            "substatus": issue.substatus,
        },
    )


def _environment(event: Event) -> str:
    return event.environment or next((value for name, value in event.tags or () if name == "environment" and value), "")


def _project_of(address: str) -> str | None:
    """Return the project's slug in an event's address: `.../projects/<organisation>/<project>/events/...`."""
    parts = address.partition("/projects/")[2].split("/", 2)
    return parts[1] if len(parts) > 1 else None


def _likely(link: Link) -> Link:
    method = LinkMethod.COMMIT if entity_kind(link.uri) == "commit" else LinkMethod.DIGEST
    return Link(uri=link.uri, kind=LinkKind.CAUSED_BY, method=method, confidence=RELEASE_CONFIDENCE)


ISSUE: Final[Actions] = ByAction(
    decode=msgspec.json.Decoder(Body[OfIssue]).decode,
    action=lambda told: told.action,
    handlers={
        "created": created, "unresolved": unresolved, "resolved": resolved, "archived": archived, "ignored": archived,
    },
)  # fmt: skip
"""The resource `issue`; an assignment moves nothing."""

EVENT_ALERT: Final[Actions] = ByAction(
    decode=msgspec.json.Decoder(Body[OfEvent]).decode,
    action=lambda told: told.action,
    handlers={"triggered": triggered},
)
"""The resource `event_alert`: an issue alert's rule was met."""
