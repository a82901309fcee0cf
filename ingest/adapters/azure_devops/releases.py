"""Classic releases: each attempt at a stage of a release is a deployment."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

import msgspec
from msgspec import Struct

from ingest.adapter import Context, Ignored, Untranslatable
from ingest.adapters.azure_devops.bodies import (
    OUTCOMES,
    TOOL,
    Container,
    Containers,
    Identity,
    Links,
    Named,
    by,
    first_time,
    full_name,
    is_told,
    organisation,
    project_of,
)
from ingest.facts import Said, fact
from ingest.vocabulary.by_action import Translated
from ingest.vocabulary.code_links import branch_of_ref, commit_links
from ingest.vocabulary.kept_text import kept_of_branch, kept_of_environment
from ingest.vocabulary.keys import unique_links
from schemas.event import FlowEvent, LinkKind
from schemas.identity import deployment_uri


class Told(Struct, frozen=True, gc=False):
    """One thing that an artifact says of itself: the id, and the name people read."""

    id: str | None = None
    name: str | None = None


class Reference(Struct, frozen=True, rename="camel"):
    """What an artifact says of itself."""

    source_version: Told | None = None
    branch: Told | None = None
    project: Told | None = None
    repository: Told | None = None
    provider: Told | None = msgspec.field(name="repository.provider", default=None)


class Artifact(Struct, frozen=True, rename="camel"):
    """What a release brings: builds, repositories, images."""

    definition_reference: Reference = Reference()
    is_primary: bool = False


class Release(Struct, frozen=True):
    """A release."""

    id: int | str | None = None
    name: str | None = None
    artifacts: tuple[Artifact, ...] | None = None
    links: Links | None = msgspec.field(name="_links", default=None)


class Stage(Struct, frozen=True, rename="camel"):
    """A stage of a release; its id is another in each release."""

    id: int | str
    name: str
    status: str | None = None
    release: Release | None = None
    release_id: int | str | None = None
    release_definition: Named | None = None


class Deployment(Struct, frozen=True, rename="camel"):
    """One attempt at deploying to a stage; times that are not known are of the year 1."""

    attempt: int | str | None = None
    deployment_status: str | None = None
    queued_on: str | None = None
    started_on: str | None = None
    completed_on: str | None = None
    requested_for: Identity | None = None
    release: Release | None = None
    release_definition: Named | None = None
    release_environment: Stage | None = None


class Resource(Struct, frozen=True, rename="camel"):
    """A deployment and its stage; older resource versions tell the stage alone."""

    environment: Stage | None = None
    deployment: Deployment | None = None
    release: Release | None = None
    project: Named | None = None
    attempt_id: int | str | None = None


class Body(Struct, frozen=True, rename="camel"):
    """A delivery of a deployment's begin or end."""

    resource: Resource
    created_date: str | None = None
    resource_containers: Containers | None = None


_decode: Final = msgspec.json.Decoder(Body).decode


def deployment_started(body: bytes, context: Context) -> Translated:
    """`deployment.started`, at `startedOn`, else the event's `createdDate`; `deployment.queued` at `queuedOn`."""
    told = _decode(body)
    deployment = told.resource.deployment or Deployment()
    began = deployment.started_on if is_told(deployment.started_on) else told.created_date
    return _begin(told, deployment, began, context)


def deployment_completed(body: bytes, context: Context) -> Translated:
    """`service.deployed` with its outcome, at `completedOn`, else the event's `createdDate`; begins as above."""
    told = _decode(body)
    deployment = told.resource.deployment or Deployment()
    status = _stage(told, deployment).status or deployment.deployment_status or ""
    outcome = OUTCOMES.get(status)
    if outcome is None:
        return Ignored("deployment's status is not known")
    at = first_time("completedOn", deployment.completed_on, told.created_date)
    said: Said = {**_said(told, deployment, context), "state": status, "outcome": outcome, "told_apart": (status,)}
    began = _begin(told, deployment, deployment.started_on, context)
    return [*began, fact(context, "service.deployed", _uri(told, deployment), at, **said)]


def _begin(told: Body, deployment: Deployment, started_on: str | None, context: Context) -> list[FlowEvent]:
    """Return the facts of the request and the begin, as far as their times are told."""
    queued: Said = {**_said(told, deployment, context), "state": "queued"}
    started: Said = {**queued, "state": "inProgress"}
    times = (("deployment.queued", deployment.queued_on, queued), ("deployment.started", started_on, started))
    uri = _uri(told, deployment)
    return [fact(context, name, uri, first_time(name, at), **said) for name, at, said in times if is_told(at)]


def _stage(told: Body, deployment: Deployment) -> Stage:
    """Return the stage, told beside the deployment or in it."""
    stage = told.resource.environment or deployment.release_environment
    if stage is None or stage.id == "":
        raise Untranslatable("environment.id is missing")
    return stage


def _release(told: Body, deployment: Deployment) -> Release:
    """Return the release as far as it is told; a body may hold an empty one."""
    stage = _stage(told, deployment)
    found = (deployment.release, stage.release, told.resource.release, Release(stage.release_id))
    return next((one for one in found if one is not None and one.id), Release())


def _uri(told: Body, deployment: Deployment) -> str:
    """Return the deployment's uri."""
    stage = _stage(told, deployment).id
    home = organisation(told.resource_containers, _page(told, deployment))
    attempt = deployment.attempt or told.resource.attempt_id or 1
    return deployment_uri(TOOL, f"{home}/release-{_release(told, deployment).id}/{stage}/{attempt}")


def _page(told: Body, deployment: Deployment) -> str | None:
    links = _release(told, deployment).links
    return links.web.href if links and links.web else None


def _said(told: Body, deployment: Deployment, context: Context) -> Said:
    """Return what every fact of a deployment carries."""
    stage = _stage(told, deployment)
    releases = [one for one in (deployment.release, told.resource.release) if one is not None]
    artifacts = [artifact for release in releases for artifact in release.artifacts or ()]
    references = [one.definition_reference for one in sorted(artifacts, key=lambda one: not one.is_primary)]
    commits = [one.source_version.id for one in references if one.source_version]
    first = references[0] if references else Reference()
    branch = branch_of_ref(first.branch.id or first.branch.name if first.branch else None)
    environment, kept = kept_of_environment(stage.name, context.environment, context.pseudonym, branch)
    definition = deployment.release_definition or stage.release_definition
    pipeline = definition.name if definition else None
    repository = _repository(first, told.resource_containers)
    return {
        "url": _page(told, deployment),
        "links": unique_links([link for sha in commits for link in commit_links(sha, LinkKind.DEPLOYS)]),
        "environment": environment,
        "by": by(deployment.requested_for, context),
        "attributes": {
            "repository": repository,
            "project": project_of(told.resource.project),
            "service": None if repository else pipeline,
            "pipeline": pipeline,
            "branch": kept_of_branch(branch, context.pseudonym),
            "environment_raw": kept,
        },
    }


def _repository(reference: Reference, containers: Containers | None) -> str | None:
    """Return the repository that an artifact was made from: GitHub's by its id, Azure's by project and name."""
    provider = reference.provider.id if reference.provider else None
    repository = reference.repository or Told()
    if provider == "GitHub" and repository.id:
        return full_name(f"https://github.com/{repository.id}")
    project = reference.project.name if reference.project else None
    collection = (containers.collection if containers else None) or Container()
    if provider != "TfsGit" or not (repository.name and project and collection.base_url):
        return None
    return full_name(f"{collection.base_url.rstrip('/')}/{quote(project)}/_git/{quote(repository.name)}")
