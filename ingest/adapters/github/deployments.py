"""GitHub deployments and releases."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec import Struct

from ingest.adapter import Context, Ignored
from ingest.adapters.github.bodies import Repository, User, by, commit_link, full_name, owner_and_name
from ingest.facts import Said, fact
from ingest.vocabulary.by_action import ByAction, Translated
from ingest.vocabulary.environments import KNOWN, spelled
from ingest.vocabulary.kept_text import kept_of_branch, kept_of_environment
from ingest.vocabulary.times import moment
from schemas.event import FlowEvent, Link, LinkKind, LinkMethod, Outcome
from schemas.identity import artifact_uri, deployment_uri

_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_SERVICE_KEYS: Final = ("service", "app", "application")
_ARTIFACT_KEYS: Final = ("artifact", "digest", "image")


class Deployment(Struct, frozen=True):
    """A deployment; `payload` is whatever its maker put there, an object or a text."""

    id: int
    sha: str
    created_at: str
    environment: str = ""
    ref: str | None = None
    task: str | None = None
    payload: Any = None
    production_environment: bool = False


class DeploymentBody(Struct, frozen=True):
    """A `deployment` delivery."""

    action: str
    deployment: Deployment
    repository: Repository
    sender: User | None = None


class Status(Struct, frozen=True):
    """A deployment's status."""

    id: int
    state: str
    created_at: str
    environment: str | None = None


class DeploymentStatusBody(Struct, frozen=True):
    """A `deployment_status` delivery."""

    action: str
    deployment_status: Status
    deployment: Deployment
    repository: Repository
    sender: User | None = None


class Release(Struct, frozen=True):
    """A release of a tag; `target_commitish` is a branch or a commit."""

    tag_name: str
    published_at: str | None = None
    target_commitish: str = ""
    prerelease: bool = False
    html_url: str | None = None


class ReleaseBody(Struct, frozen=True):
    """A `release` delivery."""

    action: str
    release: Release
    repository: Repository
    sender: User | None = None


def _created(body: DeploymentBody, context: Context) -> Translated:
    """`deployment.queued`, at `created_at`."""
    deployment = body.deployment
    said = _said(deployment, deployment.environment, body.repository, body.sender, context)
    at = moment(deployment.created_at, "deployment.created_at")
    return [fact(context, "deployment.queued", _uri(deployment, body.repository, context), at, **said)]


def _becomes(event_type: str, outcome: Outcome | None) -> Callable[[DeploymentStatusBody, Context], Translated]:
    """Return the handler of a state."""

    def handler(body: DeploymentStatusBody, context: Context) -> Translated:
        return [_status_fact(body, context, event_type, outcome)]

    ending = f" with outcome `{outcome}`" if outcome else ""
    handler.__doc__ = f"`{event_type}`{ending}, at the status's `created_at`."
    return handler


def _inactive(_body: DeploymentStatusBody, _context: Context) -> Translated:
    """Ignored: a newer deployment took its place, which that one says itself."""
    return Ignored("deployment was replaced by a newer one")


def _status_fact(body: DeploymentStatusBody, context: Context, event_type: str, outcome: Outcome | None) -> FlowEvent:
    status, deployment = body.deployment_status, body.deployment
    environment = status.environment or deployment.environment
    said = _said(deployment, environment, body.repository, body.sender, context)
    said["state"] = status.state
    said["outcome"] = outcome
    said["told_apart"] = (status.state,)
    at = moment(status.created_at, "deployment_status.created_at")
    return fact(context, event_type, _uri(deployment, body.repository, context), at, **said)


def _uri(deployment: Deployment, repository: Repository, context: Context) -> str:
    return deployment_uri(context.tool, f"{full_name(repository)}/{deployment.id}")


def _said(
    deployment: Deployment, environment: str, repository: Repository, sender: User | None, context: Context
) -> Said:
    """Return what every fact of a deployment carries."""
    text = _texts(deployment.payload)
    digest = next((found[0] for key in _ARTIFACT_KEYS if (found := _DIGEST.search(text.get(key, "")))), None)
    artifact = [Link(uri=artifact_uri(digest), kind=LinkKind.DEPLOYS, method=LinkMethod.DIGEST)] if digest else []
    branch = deployment.ref if deployment.ref != deployment.sha else None
    means, kept = kept_of_environment(environment, context.environment, context.pseudonym, branch)
    return {
        "links": (*commit_link(deployment.sha, LinkKind.DEPLOYS), *artifact),
        "environment": "production" if _is_marked(deployment, environment, context) else means,
        "by": by(sender, context),
        "attributes": {
            "repository": full_name(repository),
            "service": next((text[key] for key in _SERVICE_KEYS if text.get(key)), None),
            "branch": kept_of_branch(branch, context.pseudonym),
            "environment_raw": kept,
            "task": deployment.task,
            "rollback": "true" if "rollback" in (deployment.task or "").lower() else None,
        },
    }


def _texts(payload: object) -> dict[str, str]:
    """Return the texts of a deployment's own payload; {} where it is no object."""
    if isinstance(payload, str) and payload.startswith("{"):
        try:
            payload = msgspec.json.decode(payload)
        except (msgspec.DecodeError, RecursionError):
            return {}
    if not isinstance(payload, dict):
        return {}
    return {str(name): text for name, text in payload.items() if isinstance(text, str)}


def _is_marked(deployment: Deployment, word: str, context: Context) -> bool:
    """Tell whether GitHub marks an environment as production whose word says nothing."""
    if not deployment.production_environment:
        return False
    normalised = context.environment(word)
    return normalised not in KNOWN and normalised == spelled(word)


def _published(body: ReleaseBody, context: Context) -> Translated:
    """`artifact.published` of the tag's package, at `published_at`."""
    release = body.release
    repository = full_name(body.repository)
    package = f"pkg:github/{owner_and_name(repository)}@{release.tag_name}"
    return [
        fact(
            context,
            "artifact.published",
            artifact_uri(package),
            moment(release.published_at, "release.published_at"),
            url=release.html_url,
            links=tuple(commit_link(release.target_commitish, LinkKind.BUILT_FROM)),
            by=by(body.sender, context),
            attributes={
                "repository": repository,
                "version": release.tag_name,
                "prerelease": "true" if release.prerelease else None,
            },
        )
    ]


deployment: Final = ByAction(
    decode=msgspec.json.Decoder(DeploymentBody).decode,
    action=lambda body: body.action,
    handlers={"created": _created},
)
"""`deployment` deliveries."""

deployment_status: Final = ByAction(
    decode=msgspec.json.Decoder(DeploymentStatusBody).decode,
    action=lambda body: body.deployment_status.state,
    handlers={
        "queued": _becomes("deployment.queued", None),
        "pending": _becomes("deployment.queued", None),
        "waiting": _becomes("deployment.queued", None),
        "in_progress": _becomes("deployment.started", None),
        "success": _becomes("service.deployed", Outcome.SUCCESS),
        "failure": _becomes("service.deployed", Outcome.FAILURE),
        "error": _becomes("service.deployed", Outcome.ERROR),
        "inactive": _inactive,
    },
)
"""`deployment_status` deliveries, told apart by the status's state."""

release: Final = ByAction(
    decode=msgspec.json.Decoder(ReleaseBody).decode,
    action=lambda body: body.action,
    handlers={"published": _published},
)
"""`release` deliveries."""
