"""Argo CD notifications, in the body of our template (`deploy/argocd/notifications.yaml`).

One operation is one deployment, known by the application and the operation's start: a re-sync of the same revision is
another deployment, and a second notification of one operation is the same. It brought what its resources name, not what
runs: while pods are replaced the old ones are live, too. Health is ignored: it is no deployment's outcome, and an
incident comes from the incident tool.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

from ingest.adapter import Adapter, Context, Headers, Untranslatable
from ingest.facts import Said, fact
from ingest.signatures import bearer_token
from ingest.vocabulary.actors import Actor
from ingest.vocabulary.by_action import ByAction, Translated
from ingest.vocabulary.delivery_ids import hashed_body
from ingest.vocabulary.deployed import deployed
from ingest.vocabulary.kept_text import kept_of_environment
from ingest.vocabulary.repositories import repository_of
from ingest.vocabulary.times import moment
from schemas.event import ActorClass, FlowEvent, Outcome
from schemas.identity import deployment_uri


class Application(Struct, frozen=True):
    """The application: its name is the default service. `images` are those of its live pods, old ones among them."""

    name: str
    namespace: str = ""
    project: str = ""
    service: str | None = None
    environment: str | None = None
    repository: str | None = None
    images: tuple[str, ...] | None = None


class Destination(Struct, frozen=True):
    """Where it runs."""

    namespace: str | None = None


class Operation(Struct, frozen=True):
    """The sync operation: Running, Succeeded, Failed, Error or Terminating.

    `images` are those of the resources that it applied (Argo CD 3.1 and later tell them).
    """

    phase: str
    started_at: str = msgspec.field(name="startedAt")
    finished_at: str | None = msgspec.field(name="finishedAt", default=None)
    revision: str | None = None
    revisions: tuple[str, ...] | None = None
    automated: bool | None = None
    images: tuple[str, ...] | None = None


class Body(Struct, frozen=True):
    """A delivery of our template."""

    event: str
    application: Application
    operation: Operation
    destination: Destination = Destination()


def _running(body: Body, context: Context) -> Translated:
    """`deployment.started`, at the operation's `startedAt`."""
    return [_started(body, context, _uri(body, context), _said(body, context))]


def _succeeded(body: Body, context: Context) -> Translated:
    """`deployment.started` and `service.deployed` with outcome `success`, at `startedAt` and `finishedAt`."""
    return _finished(body, context, Outcome.SUCCESS)


def _failed(body: Body, context: Context) -> Translated:
    """`deployment.started` and `service.deployed` with outcome `failure`, at `startedAt` and `finishedAt`."""
    return _finished(body, context, Outcome.FAILURE)


def _broken(body: Body, context: Context) -> Translated:
    """`deployment.started` and `service.deployed` with outcome `error`, at `startedAt` and `finishedAt`."""
    return _finished(body, context, Outcome.ERROR)


def _started(body: Body, context: Context, uri: str, said: Said) -> FlowEvent:
    """Return the begin, the same whenever it is told: what the operation brings is known at its end."""
    at = moment(body.operation.started_at, "operation.startedAt")
    return fact(context, "deployment.started", uri, at, **said | {"state": "Running"})


def _finished(body: Body, context: Context, outcome: Outcome) -> Translated:
    operation, uri, said = body.operation, _uri(body, context), _said(body, context)
    begun = _started(body, context, uri, said)
    said["state"] = operation.phase
    said["outcome"] = outcome
    said["told_apart"] = (operation.phase,)
    said["links"] = deployed(_images(body), (operation.revision or "", *(operation.revisions or ())))
    at = moment(operation.finished_at, "operation.finishedAt")
    return [begun, fact(context, "service.deployed", uri, at, **said)]


def _uri(body: Body, context: Context) -> str:
    application = body.application
    if not application.name:
        raise Untranslatable("application.name is missing")
    named = f"{application.namespace}/{application.name}" if application.namespace else application.name
    return deployment_uri(context.tool, f"{named}/{body.operation.started_at}")


def _said(body: Body, context: Context) -> Said:
    """Return what both facts of an operation carry."""
    application, operation = body.application, body.operation
    environment, word = kept_of_environment(
        application.environment or body.destination.namespace or "", context.environment, context.pseudonym
    )
    automated = operation.automated
    return {
        "environment": environment,
        "by": Actor(ActorClass.UNKNOWN if automated is None else ActorClass.BOT if automated else ActorClass.HUMAN),
        "attributes": {
            "service": application.service or application.name,
            "repository": repository_of(application.repository) if application.repository else None,
            "project": f"{context.tool}/{application.project}" if application.project else None,
            "environment_raw": word,
            "revision": operation.revision,
            "automated": None if automated is None else str(automated).lower(),
        },
    }


def _images(body: Body) -> tuple[str, ...]:
    """Return the images that the operation brought; where none are told, those that are live once it has succeeded."""
    live = body.application.images if body.operation.phase == "Succeeded" else None
    return body.operation.images or live or ()


class _Envelope(Struct, frozen=True):
    event: str = ""


_envelope: Final = msgspec.json.Decoder(_Envelope).decode


def _event_type(_headers: Headers, body: bytes) -> str:
    return _envelope(body).event


ADAPTER: Final = Adapter(
    tool="argocd",
    verify=bearer_token(),
    event_type=_event_type,
    delivery_id=hashed_body,
    translate={
        "sync": ByAction(
            decode=msgspec.json.Decoder(Body).decode,
            action=lambda body: body.operation.phase,
            handlers={"Running": _running, "Succeeded": _succeeded, "Failed": _failed, "Error": _broken},
        ),
    },
    ignores=frozenset({"health"}),
)
"""The adapter for Argo CD."""
