"""Azure Pipelines: builds as they are completed, of classic and YAML pipelines."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

from ingest.adapter import Context
from ingest.adapters.azure_devops.bodies import (
    OUTCOMES,
    TOOL,
    Identity,
    Links,
    Named,
    by,
    first_time,
    full_name,
    is_told,
    project_of,
)
from ingest.facts import Said, fact
from ingest.vocabulary.by_action import Translated
from ingest.vocabulary.code_links import branch_of_ref, change_links, commit_links
from ingest.vocabulary.kept_text import kept_of_branch
from schemas.event import Link
from schemas.identity import run_uri

_SCHEDULED: Final = frozenset({"schedule", "scheduleForced"})
PULL: Final = "refs/pull/"
"""What the reference of a pull request's trial merge begins with."""


class BuildRepository(Struct, frozen=True, gc=False):
    """Where the sources are: of GitHub the id is `owner/name`."""

    id: str | None = None
    type: str | None = None
    url: str | None = None


class Trigger(Struct, frozen=True, gc=False):
    """What triggered a build: of a pull request its number and head."""

    number: str | int | None = msgspec.field(name="pr.number", default=None)
    head: str | None = msgspec.field(name="pr.sourceSha", default=None)


class Build(Struct, frozen=True, rename="camel"):
    """A build; version 1.0 of the resource tells the result as status and the commit in `sourceGetVersion`."""

    id: int | str
    status: str | None = None
    result: str | None = None
    queue_time: str | None = None
    start_time: str | None = None
    finish_time: str | None = None
    reason: str | None = None
    source_branch: str | None = None
    source_version: str | None = None
    source_get_version: str | None = None
    definition: Named | None = None
    repository: BuildRepository | None = None
    project: Named | None = None
    requested_for: Identity | None = None
    trigger_info: Trigger | None = None
    links: Links | None = msgspec.field(name="_links", default=None)


class BuildBody(Struct, frozen=True, rename="camel"):
    """A `build.complete` delivery."""

    resource: Build
    created_date: str | None = None


_decode: Final = msgspec.json.Decoder(BuildBody).decode


def build_complete(body: bytes, context: Context) -> Translated:
    """`pipelinerun.queued`, `.started` and `.finished` with its outcome, at `queueTime`, `startTime`, `finishTime`."""
    told = _decode(body)
    build = told.resource
    result = build.result or build.status or ""
    said = _build_said(build, context)
    times = (("pipelinerun.queued", build.queue_time), ("pipelinerun.started", build.start_time))
    finished = first_time("finishTime", build.finish_time, told.created_date)
    uri = run_uri(TOOL, context.source, build.id)
    return [
        *(fact(context, name, uri, first_time(name, at), **said) for name, at in times if is_told(at)),
        fact(context, "pipelinerun.finished", uri, finished, **ended(said, result)),
    ]


def ended(said: Said, result: str) -> Said:
    """Return what the end of a run carries."""
    return {**said, "state": result, "outcome": OUTCOMES.get(result)}


def _build_said(build: Build, context: Context) -> Said:
    """Return what every fact of a build carries."""
    repository = _repository(build.repository)
    branch = branch_of_ref(build.source_branch or _of_version(build)[0])
    return {
        "url": page(build.links),
        "links": _membership(build, repository),
        "by": by(build.requested_for, context),
        "attributes": {
            "repository": repository,
            "project": project_of(build.project),
            "branch": kept_of_branch(branch, context.pseudonym),
            "pipeline": build.definition.name if build.definition else None,
            "trigger": build.reason,
        },
    }


def _membership(build: Build, repository: str | None) -> tuple[Link, ...]:
    """Return what a build is part of: its commit, of a pull request the change and its head; a schedule's of none."""
    if build.reason in _SCHEDULED:
        return ()
    trigger = build.trigger_info
    if trigger is not None and trigger.number is not None:
        return (*change_links(repository, trigger.number), *commit_links(trigger.head))
    if (build.source_branch or "").startswith(PULL):
        return change_links(repository, (build.source_branch or "").removeprefix(PULL).partition("/")[0])
    return commit_links(build.source_version or _of_version(build)[1])


def _of_version(build: Build) -> tuple[str | None, str | None]:
    """Return the reference and the commit of a text like `LG:refs/heads/main:<sha>`."""
    parts = (build.source_get_version or "").split(":")
    return (parts[-2], parts[-1]) if len(parts) > 1 else (None, None)


def _repository(repository: BuildRepository | None) -> str | None:
    if repository is None:
        return None
    if repository.type in {"GitHub", "gitHub"} and repository.id:
        return full_name(f"https://github.com/{repository.id}")
    return full_name(repository.url)


def page(links: Links | None) -> str | None:
    """Return the address of a run's page."""
    return links.web.href if links and links.web else None
