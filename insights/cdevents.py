"""Facts as CDEvents 0.5.1, bare JSON objects; pure.

A type that CDEvents has is told under its own name, all else as a custom one: `dev.cdeventsx.vsm-commit.created.0.1.0`.
Where it asks for what no fact holds (a ticket's summary and creator, an environment that nobody told) it says
`unknown`. What the content has no field for stands in `customData.vsm`: the whole fact but for the hash of its account,
so that it can be read back as what it was.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

import msgspec

from schemas.event import FlowEvent, LinkKind, Outcome
from schemas.identity import entity_kind

SPEC: Final = "0.5.1"
UNKNOWN: Final = "unknown"
CUSTOM_VERSION: Final = "0.1.0"
VERSIONS: Final[Mapping[str, str]] = {
    "artifact.deleted": "0.2.0", "artifact.downloaded": "0.2.0", "artifact.packaged": "0.3.0",
    "artifact.published": "0.3.0", "artifact.signed": "0.3.0",
    "branch.created": "0.3.0", "branch.deleted": "0.3.0",
    "build.finished": "0.3.0", "build.queued": "0.3.0", "build.started": "0.3.0",
    "change.abandoned": "0.3.0", "change.created": "0.4.0", "change.merged": "0.3.0", "change.reviewed": "0.3.0",
    "change.updated": "0.3.0",
    "environment.created": "0.3.0", "environment.deleted": "0.3.0", "environment.modified": "0.3.0",
    "incident.detected": "0.3.0", "incident.reported": "0.3.0", "incident.resolved": "0.3.0",
    "pipelinerun.finished": "0.3.0", "pipelinerun.queued": "0.3.0", "pipelinerun.started": "0.3.0",
    "repository.created": "0.3.0", "repository.deleted": "0.3.0", "repository.modified": "0.3.0",
    "service.deployed": "0.3.0", "service.published": "0.3.0", "service.removed": "0.3.0",
    "service.rolledback": "0.3.0", "service.upgraded": "0.3.0",
    "taskrun.finished": "0.3.0", "taskrun.started": "0.3.0",
    "testcaserun.finished": "0.3.0", "testcaserun.queued": "0.3.0", "testcaserun.skipped": "0.2.0",
    "testcaserun.started": "0.3.0", "testoutput.published": "0.3.0", "testsuiterun.finished": "0.3.0",
    "testsuiterun.queued": "0.3.0", "testsuiterun.started": "0.3.0",
    "ticket.closed": "0.2.0", "ticket.created": "0.2.0", "ticket.updated": "0.2.0",
}  # fmt: skip
"""The types that CDEvents 0.5.1 has, and the version of each."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NO_LETTERS: Final = re.compile("[^a-z]")
_OUTCOMES: Final = {Outcome.CANCELLED: "cancel"}
_DEPLOYED: Final = frozenset({"deployed", "upgraded", "rolledback"})
Content = dict[str, Any]


def cdevent(event: FlowEvent) -> dict[str, Any]:
    """Return a fact as one CDEvent. `source` names stream, tool and connection; ids are those of facts."""
    subject, _, predicate = event.type.partition(".")
    version = VERSIONS.get(event.type)
    return {
        "context": {
            "specversion": SPEC,
            "id": event.event_id,
            "source": "/" + "/".join(quote(x, safe="") for x in ("vsm", event.value_stream, event.tool, event.source)),
            "type": f"dev.cdevents.{event.type}.{version}" if version else custom_type(event.type),
            "timestamp": instant(event.occurred_at),
        },
        "subject": {
            "id": _id(event, subject),
            "content": _CONTENTS[subject](event, predicate) if version and subject in _CONTENTS else {},
        },
        "customData": {"vsm": _whole(event)},
    }


def custom_type(event_type: str) -> str:
    """Return the type of what CDEvents lacks; the grammar has letters alone."""
    subject, _, predicate = event_type.partition(".")
    letters = [_NO_LETTERS.sub("", part) or UNKNOWN for part in (subject, predicate)]
    return f"dev.cdeventsx.vsm-{letters[0]}.{letters[1]}.{CUSTOM_VERSION}"


def instant(micros: int) -> str:
    """Return a time as RFC 3339, UTC, to the microsecond where it has any."""
    return (_EPOCH + timedelta(microseconds=micros)).isoformat().replace("+00:00", "Z")


def _id(event: FlowEvent, subject: str) -> str:
    """Return the subject's id: a service's name, else what its uri holds after the kind."""
    if subject == "service":
        return event.attributes.get("service") or UNKNOWN
    return event.subject_id.partition(":")[2] or UNKNOWN


def _whole(event: FlowEvent) -> dict[str, Any]:
    told: dict[str, Any] = {
        "type": event.type,
        "subject": event.subject_id,
        "order": event.order,
        "url": event.subject_url,
        "links": msgspec.to_builtins(event.links),
        "state": event.state,
        "outcome": event.outcome,
        "environment": event.environment,
        "work_kind": event.work_kind,
        "actor_class": event.actor_class,
        "quantities": dict(event.quantities),
        "attributes": dict(event.attributes),
    }
    return {name: value for name, value in told.items() if value not in (None, [], {})}


def _of_ticket(event: FlowEvent, predicate: str) -> Content:
    content: Content = {"uri": event.subject_url or quote(event.subject_id, safe=":/*~")}
    if event.work_kind:
        content["ticketType"] = str(event.work_kind)
    if predicate == "created":
        content |= {"summary": event.subject_id.rpartition("/")[2], "creator": UNKNOWN}
    if predicate == "closed":
        content["resolution"] = event.attributes.get("resolution") or event.state or UNKNOWN
    return content


def _of_artifact(event: FlowEvent, predicate: str) -> Content:
    if predicate == "signed":
        return {"signature": UNKNOWN}
    if predicate != "packaged":
        return {}
    built = next((x.uri for x in event.links if x.kind in {LinkKind.BUILT_FROM, LinkKind.PART_OF}), ":" + UNKNOWN)
    return {"change": {"id": built.partition(":")[2]}}


def _of_incident(event: FlowEvent, predicate: str) -> Content:
    content: Content = {"environment": _environment(event)}
    if service := event.attributes.get("service"):
        content["service"] = {"id": service}
    if predicate == "reported":
        content["ticketURI"] = event.subject_url or quote(event.subject_id, safe=":/")
    return content


def _of_run(event: FlowEvent, predicate: str) -> Content:
    name = "taskName" if event.type.startswith("taskrun.") else "pipelineName"
    content: Content = {name: event.attributes.get("pipeline") or UNKNOWN, "uri": event.subject_url or event.subject_id}
    if predicate == "finished" and event.outcome:
        content["outcome"] = _OUTCOMES.get(event.outcome, str(event.outcome))
    return content


def _of_test(event: FlowEvent, predicate: str) -> Content:
    content: Content = {"environment": _environment(event)}
    if predicate == "finished":
        content["outcome"] = _OUTCOMES.get(event.outcome, str(event.outcome)) if event.outcome else "error"
    if event.type.startswith("testsuiterun.") and (suite := event.attributes.get("test_suite")):
        content["testSuite"] = {"id": suite}
    return content


def _in_repository(event: FlowEvent, _predicate: str) -> Content:
    written = event.attributes.get("repository")
    if not written:
        return {}
    home, _, name = written.rpartition("/")
    return {"repository": {"id": name, "source": f"https://{home}"} if home else {"id": name}}


def _of_repository(event: FlowEvent, _predicate: str) -> Content:
    return {"name": event.subject_id.rpartition("/")[2], "uri": event.subject_url or event.subject_id}


def _of_service(event: FlowEvent, predicate: str) -> Content:
    artifact = {"artifactId": _deployed(event)} if predicate in _DEPLOYED else {}
    return {"environment": _environment(event), **artifact}


def _of_output(_event: FlowEvent, _predicate: str) -> Content:
    return {"outputType": "other", "format": UNKNOWN}


def _environment(event: FlowEvent) -> dict[str, str]:
    return {"id": event.environment or UNKNOWN}


def _deployed(event: FlowEvent) -> str:
    """Return what a deployment brought, as a package url: its artifact, else its service at the commit."""
    targets = [x.uri for x in event.links if x.kind is LinkKind.DEPLOYS]
    for uri in targets:
        if entity_kind(uri) == "artifact":
            name = uri.partition(":")[2]
            return name if name.startswith("pkg:") else f"pkg:oci/{_service(event)}@{name}"
    commits = [uri.partition(":")[2] for uri in targets if entity_kind(uri) == "commit"]
    return f"pkg:generic/{_service(event)}@{commits[0] if commits else UNKNOWN}"


def _service(event: FlowEvent) -> str:
    return quote(event.attributes.get("service") or UNKNOWN, safe="")


_CONTENTS: Final[Mapping[str, Callable[[FlowEvent, str], Content]]] = {
    "artifact": _of_artifact, "branch": _in_repository, "change": _in_repository, "incident": _of_incident,
    "pipelinerun": _of_run, "repository": _of_repository, "service": _of_service, "taskrun": _of_run,
    "testcaserun": _of_test, "testoutput": _of_output, "testsuiterun": _of_test, "ticket": _of_ticket,
}  # fmt: skip
"""What tells a subject's content, by the fields that CDEvents has for it; builds and environments have none to tell."""
