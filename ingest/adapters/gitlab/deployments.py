"""GitLab deployments and releases."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import msgspec
from msgspec import Struct

from ingest.adapter import Context, Untranslatable
from ingest.adapters.gitlab.bodies import Project, User, by, full_name, path_of
from ingest.facts import fact
from ingest.vocabulary.by_action import ByAction, Translated
from ingest.vocabulary.code_links import commit_links
from ingest.vocabulary.environments import KNOWN, spelled
from ingest.vocabulary.kept_text import kept_of_branch, kept_of_environment
from ingest.vocabulary.times import moment
from schemas.event import LinkKind, Outcome
from schemas.identity import artifact_uri, deployment_uri

_COMMIT_ADDRESS: Final = re.compile(r"/commit/([0-9a-f]{40}|[0-9a-f]{64})$")


class Deployment(Struct, frozen=True):
    """A `deployment` delivery; `deployable_url` is of the job that deployed, if one did."""

    status: str
    status_changed_at: str
    project: Project
    deployment_id: int | None = None
    environment: str = ""
    environment_tier: str | None = None
    ref: str | None = None
    deployable_url: str | None = None
    commit_url: str | None = None
    user: User | None = None


class Head(Struct, frozen=True, gc=False):
    """The commit of a release's tag."""

    id: str = ""


class Release(Struct, frozen=True):
    """A `release` delivery."""

    action: str
    tag: str
    project: Project
    released_at: str | None = None
    created_at: str | None = None
    url: str | None = None
    commit: Head | None = None


def _becomes(event_type: str, outcome: Outcome | None) -> Callable[[Deployment, Context], Translated]:
    """Return the handler of a status."""

    def handler(told: Deployment, context: Context) -> Translated:
        repository = full_name(told.project)
        if told.deployment_id is None:
            raise Untranslatable("deployment_id is missing")
        means, kept = kept_of_environment(told.environment, context.environment, context.pseudonym, told.ref)
        found = _COMMIT_ADDRESS.search(told.commit_url or "")
        return [
            fact(
                context,
                event_type,
                deployment_uri(context.tool, f"{repository}/{told.deployment_id}"),
                moment(told.status_changed_at, "status_changed_at"),
                told_apart=(told.status,),
                url=told.deployable_url,
                links=commit_links(found[1] if found else None, LinkKind.DEPLOYS),
                state=told.status,
                outcome=outcome,
                environment=_tier(told, means, context),
                by=by(told.user, context),
                attributes={
                    "repository": repository,
                    "branch": kept_of_branch(told.ref, context.pseudonym),
                    "environment_raw": kept,
                },
            )
        ]

    ending = f" with outcome `{outcome}`" if outcome else ""
    handler.__doc__ = f"`{event_type}`{ending}, at `status_changed_at`."
    return handler


def _tier(told: Deployment, means: str, context: Context) -> str:
    """Return the environment: where its word says nothing, the tier that GitLab gives it."""
    tier = told.environment_tier or ""
    says_nothing = means not in KNOWN and context.environment(told.environment) == spelled(told.environment)
    return tier if says_nothing and tier in KNOWN else means


def _published(told: Release, context: Context) -> Translated:
    """`artifact.published` of the tag's package, at `released_at`."""
    repository = full_name(told.project)
    return [
        fact(
            context,
            "artifact.published",
            artifact_uri(f"pkg:gitlab/{path_of(repository)}@{told.tag}"),
            moment(told.released_at or told.created_at, "released_at"),
            url=told.url,
            links=commit_links(told.commit.id if told.commit else None, LinkKind.BUILT_FROM),
            attributes={"repository": repository, "version": told.tag},
        )
    ]


deployment: Final = ByAction(
    decode=msgspec.json.Decoder(Deployment).decode,
    action=lambda body: body.status,
    handlers={
        "created": _becomes("deployment.queued", None),
        "blocked": _becomes("deployment.queued", None),
        "running": _becomes("deployment.started", None),
        "success": _becomes("service.deployed", Outcome.SUCCESS),
        "failed": _becomes("service.deployed", Outcome.FAILURE),
        "canceled": _becomes("service.deployed", Outcome.CANCELLED),
    },
)
"""`deployment` deliveries, told apart by the status."""

release: Final = ByAction(
    decode=msgspec.json.Decoder(Release).decode,
    action=lambda body: body.action,
    handlers={"create": _published},
)
"""`release` deliveries."""
