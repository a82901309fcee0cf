"""Runs of YAML pipelines as their state changes; a build and its run are the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Struct

from ingest.adapter import Context, Ignored
from ingest.adapters.azure_devops.bodies import TOOL, Identity, Links, Named, by, first_time, full_name, is_told
from ingest.adapters.azure_devops.builds import PULL, ended, page
from ingest.facts import Said, fact
from ingest.vocabulary.by_action import Translated
from ingest.vocabulary.code_links import branch_of_ref, change_links, commit_links
from ingest.vocabulary.kept_text import kept_of_branch
from schemas.event import FlowEvent, Link
from schemas.identity import run_uri


class RunRepository(Struct, frozen=True, rename="camel", gc=False):
    """The repository of a run: of GitHub its full name is told, of Azure Repos only an id."""

    full_name: str | None = None
    type: str | None = None


class Sources(Struct, frozen=True, rename="camel", gc=False):
    """What a run was made of."""

    repository: RunRepository | None = None
    ref_name: str | None = None
    version: str | None = None


class Repositories(Struct, frozen=True, gc=False):
    """The repositories of a run; its own is `self`."""

    own: Sources | None = msgspec.field(name="self", default=None)


class Resources(Struct, frozen=True, gc=False):
    """The resources of a run."""

    repositories: Repositories | None = None


class Run(Struct, frozen=True, rename="camel"):
    """A run of a YAML pipeline."""

    id: int | str
    state: str | None = None
    result: str | None = None
    created_date: str | None = None
    finished_date: str | None = None
    pipeline: Named | None = None
    resources: Resources | None = None
    links: Links | None = msgspec.field(name="_links", default=None)


class Checkout(Struct, frozen=True, gc=False):
    """A repository that a run took its sources from; the pipeline's own has the alias `self`."""

    alias: str | None = None
    type: str | None = None
    url: str | None = None


class RunResource(Struct, frozen=True, rename="camel"):
    """A run, who asked for it and where the sources are."""

    run: Run
    repositories: tuple[Checkout, ...] | None = None
    requested_for: Identity | None = None


class RunBody(Struct, frozen=True, rename="camel"):
    """A delivery of a run's new state."""

    resource: RunResource
    created_date: str | None = None


_decode: Final = msgspec.json.Decoder(RunBody).decode


def run_state_changed(body: bytes, context: Context) -> Translated:
    """`pipelinerun.queued` at the run's `createdDate`; then `pipelinerun.started` at the event's, or `.finished`.

    `pipelinerun.finished` is at `finishedDate`; a run that is being cancelled tells nothing yet.
    """
    told = _decode(body)
    run = told.resource.run
    said = _run_said(told.resource, context)
    uri = run_uri(TOOL, context.source, run.id)
    events: list[FlowEvent] = []
    if is_told(run.created_date):
        events.append(fact(context, "pipelinerun.queued", uri, first_time("run.createdDate", run.created_date), **said))
    if run.state == "completed":
        at = first_time("run.finishedDate", run.finished_date, told.created_date)
        return [*events, fact(context, "pipelinerun.finished", uri, at, **ended(said, run.result or ""))]
    if run.state == "inProgress":
        at = first_time("createdDate", told.created_date)
        return [*events, fact(context, "pipelinerun.started", uri, at, **said)]
    return Ignored("run's state is not of interest")


def _run_said(resource: RunResource, context: Context) -> Said:
    """Return what every fact of a run carries."""
    run, sources = resource.run, sources_of(resource.run)
    repository = repository_of_run(sources, resource.repositories)
    return {
        "url": page(run.links),
        "links": _membership(sources, repository),
        "by": by(resource.requested_for, context),
        "attributes": {
            "repository": repository,
            "branch": kept_of_branch(branch_of_ref(sources.ref_name), context.pseudonym),
            "pipeline": run.pipeline.name if run.pipeline else None,
        },
    }


def sources_of(run: Run) -> Sources:
    """Return what a run was made of."""
    repositories = run.resources.repositories if run.resources else None
    return (repositories.own if repositories else None) or Sources()


def _membership(sources: Sources, repository: str | None) -> tuple[Link, ...]:
    """Return what a run is part of: its commit; on the trial merge of a pull request only the change."""
    reference = sources.ref_name or ""
    if reference.startswith(PULL):
        return change_links(repository, reference.removeprefix(PULL).partition("/")[0])
    return commit_links(sources.version)


def repository_of_run(sources: Sources, checkouts: Sequence[Checkout] | None) -> str | None:
    """Return the repository of a run: of GitHub by its full name, of Azure Repos by an address that may not be told."""
    repository = sources.repository
    if repository is not None and repository.full_name and repository.type in {"gitHub", "GitHub"}:
        return full_name(f"https://github.com/{repository.full_name}")
    own = next((one for one in checkouts or () if one.alias in {"self", None}), None)
    return full_name(own.url) if own and own.type == "Git" else None
