"""Argo Rollouts notifications, in the body of our template (`deploy/argo-rollouts/notifications.yaml`).

A rollout's revision is one deployment: it begins when the rollout was updated and ends when the new version has become
the stable one, whatever steps of a canary lie between. Aborted, traffic goes back to the stable version: that is a
failed deployment of its own, so that the same revision may be tried again and come through. Steps, pauses and analyses
are ignored: what they come to is told by the end.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

from ingest.adapter import Adapter, Context, Headers, Untranslatable
from ingest.facts import fact
from ingest.signatures import bearer_token
from ingest.vocabulary.by_action import Translated
from ingest.vocabulary.delivery_ids import hashed_body
from ingest.vocabulary.deployed import deployed
from ingest.vocabulary.kept_text import kept_of_environment
from ingest.vocabulary.times import moment
from schemas.event import Outcome
from schemas.identity import deployment_uri


class Rollout(Struct, frozen=True):
    """The rollout as it is wanted; its `uid` tells two clusters' rollouts of one name apart."""

    name: str
    revision: str | int
    namespace: str = ""
    uid: str = ""
    strategy: str | None = None
    service: str | None = None
    environment: str | None = None
    images: tuple[str, ...] | None = None


class Body(Struct, frozen=True):
    """A delivery of our template; `at` is the controller's clock."""

    event: str
    rollout: Rollout
    at: str | None = None


_decode: Final = msgspec.json.Decoder(Body).decode


def updated(body: bytes, context: Context) -> Translated:
    """`deployment.started` of the revision, at `at`."""
    return _told(body, context, "deployment.started", None)


def completed(body: bytes, context: Context) -> Translated:
    """`service.deployed` with outcome `success`, at `at`: the revision has become the stable one."""
    return _told(body, context, "service.deployed", Outcome.SUCCESS)


def aborted(body: bytes, context: Context) -> Translated:
    """`service.rolledback` with outcome `failure`, at `at`: the revision's failed deployment, one a revision."""
    return _told(body, context, "service.rolledback", Outcome.FAILURE)


def _told(body: bytes, context: Context, event_type: str, outcome: Outcome | None) -> Translated:
    told = _decode(body)
    rollout = told.rollout
    word = rollout.environment or rollout.namespace
    environment, kept = kept_of_environment(word, context.environment, context.pseudonym)
    attempt = "/aborted" if outcome is Outcome.FAILURE else ""
    return [
        fact(
            context,
            event_type,
            deployment_uri(context.tool, f"{_name(rollout)}{attempt}"),
            moment(told.at, "at"),
            links=deployed(rollout.images or (), ()),
            state=told.event,
            outcome=outcome,
            environment=environment,
            attributes={
                "service": rollout.service or rollout.name,
                "environment_raw": kept,
                "revision": str(rollout.revision),
                "strategy": rollout.strategy,
            },
        )
    ]


def _name(rollout: Rollout) -> str:
    if not rollout.name or not rollout.revision:
        raise Untranslatable("rollout.name or rollout.revision is missing")
    return "/".join(text for text in (rollout.namespace, rollout.name, rollout.uid, str(rollout.revision)) if text)


class _Envelope(Struct, frozen=True):
    event: str = ""


_envelope: Final = msgspec.json.Decoder(_Envelope).decode


def _event_type(_headers: Headers, body: bytes) -> str:
    return _envelope(body).event


ADAPTER: Final = Adapter(
    tool="argo_rollouts",
    verify=bearer_token(),
    event_type=_event_type,
    delivery_id=hashed_body,
    translate={"rollout-aborted": aborted, "rollout-completed": completed, "rollout-updated": updated},
    ignores=frozenset(
        {
            "analysis-run-error", "analysis-run-failed", "analysis-run-inconclusive", "analysis-run-running",
            "analysis-run-successful", "experiment-failed", "new-replica-set-created", "rollout-deleted",
            "rollout-not-completed", "rollout-paused", "rollout-resumed", "rollout-step-completed",
            "scaling-replica-set", "traffic-weight-updated",
        }
    ),
)  # fmt: skip
"""The adapter for Argo Rollouts."""
