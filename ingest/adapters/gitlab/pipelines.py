"""GitLab pipelines: runs, told by the status that they changed to.

A pipeline that is retried stays the same one, and its jobs' times tell when it began anew: all jobs of a pipeline are
made before the first of them starts, so one that was made later is a retry.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec
from msgspec import Struct

from ingest.adapter import Context
from ingest.adapters.gitlab.bodies import Project, User, by, full_name
from ingest.facts import Said, fact
from ingest.vocabulary.by_action import ByAction, Translated
from ingest.vocabulary.code_links import commit_links
from ingest.vocabulary.entity_names import change_at
from ingest.vocabulary.kept_text import kept_of_branch
from ingest.vocabulary.times import moment
from schemas.event import FlowEvent, Link, LinkKind, LinkMethod, Outcome
from schemas.identity import run_uri

_CHANGING: Final = frozenset(
    {"api", "external_pull_request_event", "merge_request_event", "parent_pipeline", "push", "web", "webide"}
)
"""What triggers a run of the commit it names; other runs (schedules, triggers, ...) only name the newest commit."""


class Job(Struct, frozen=True, gc=False):
    """A job of a pipeline."""

    created_at: str | None = None
    started_at: str | None = None


class Pipeline(Struct, frozen=True):
    """A pipeline; `ref` is a branch or a tag."""

    id: int
    status: str
    created_at: str
    sha: str | None = None
    ref: str | None = None
    tag: bool = False
    source: str | None = None
    finished_at: str | None = None
    url: str | None = None


class MergeRequest(Struct, frozen=True, gc=False):
    """The merge request that a pipeline ran for."""

    url: str | None = None


class Body(Struct, frozen=True):
    """A `pipeline` delivery; `builds` are the newest of each job."""

    object_attributes: Pipeline
    project: Project
    merge_request: MergeRequest | None = None
    builds: tuple[Job, ...] | None = None
    user: User | None = None


def _queued(body: Body, context: Context) -> Translated:
    """`pipelinerun.queued`, at `created_at`, of a retry when its jobs were made."""
    return [_fact(body, context, "pipelinerun.queued", _asked_at(body), _said(body, context))]


def _running(body: Body, context: Context) -> Translated:
    """`pipelinerun.started`, at its first job's `started_at`, and `pipelinerun.queued` as above."""
    return _begun(body, context, _said(body, context))


def _ended(outcome: Outcome | None) -> Callable[[Body, Context], Translated]:
    """Return the handler of a final status."""

    def handler(body: Body, context: Context) -> Translated:
        pipeline, said = body.object_attributes, _said(body, context)
        begun = _begun(body, context, said)
        said["state"], said["outcome"] = pipeline.status, outcome
        at = pipeline.finished_at or (None if outcome else pipeline.created_at)
        return [*begun, _fact(body, context, "pipelinerun.finished", at, said)]

    ending = f"with outcome `{outcome}`" if outcome else "without an outcome"
    handler.__doc__ = f"`pipelinerun.finished` {ending}, at `finished_at`; queue and start as above."
    return handler


def _begun(body: Body, context: Context, said: Said) -> list[FlowEvent]:
    """Return when it was asked for and, once a job has started, when it began: the same facts whenever told."""
    asked_at = _asked_at(body)
    queued = _fact(body, context, "pipelinerun.queued", asked_at, said)
    begins = [job.started_at for job in body.builds or () if job.started_at and job.started_at >= asked_at]
    if not begins:
        return [queued]
    return [queued, _fact(body, context, "pipelinerun.started", min(begins), {**said, "state": "running"})]


def _asked_at(body: Body) -> str:
    """Return when this go of a pipeline was asked for; times of one body are written alike and compare as texts."""
    jobs = body.builds or ()
    first = min([job.started_at for job in jobs if job.started_at], default=None)
    retried = [job.created_at for job in jobs if first and job.created_at and job.created_at > first]
    return max(retried, default=body.object_attributes.created_at)


def _fact(body: Body, context: Context, event_type: str, at: str | None, said: Said) -> FlowEvent:
    run = run_uri(context.tool, context.source, body.object_attributes.id)
    return fact(context, event_type, run, moment(at, f"the time of {event_type}"), **said)


def _said(body: Body, context: Context) -> Said:
    """Return what every fact of a pipeline carries; its state is that of its begin."""
    pipeline = body.object_attributes
    return {
        "url": pipeline.url,
        "links": _membership(body),
        "state": "created",
        "by": by(body.user, context),
        "attributes": {
            "repository": full_name(body.project),
            "branch": kept_of_branch(None if pipeline.tag else pipeline.ref, context.pseudonym),
            "trigger": pipeline.source,
        },
    }


def _membership(body: Body) -> tuple[Link, ...]:
    """Return what the run is part of: its merge request, whose merged result GitLab may have tried, and its commit."""
    if body.object_attributes.source not in _CHANGING:
        return ()
    commit = commit_links(body.object_attributes.sha)
    tried = change_at(body.merge_request.url or "") if body.merge_request else None
    return (Link(uri=tried, kind=LinkKind.PART_OF, method=LinkMethod.EXPLICIT), *commit) if tried else commit


pipeline: Final = ByAction(
    decode=msgspec.json.Decoder(Body).decode,
    action=lambda body: body.object_attributes.status,
    handlers={
        "created": _queued,
        "waiting_for_resource": _queued,
        "preparing": _queued,
        "pending": _queued,
        "scheduled": _queued,
        "running": _running,
        "success": _ended(Outcome.SUCCESS),
        "failed": _ended(Outcome.FAILURE),
        "canceled": _ended(Outcome.CANCELLED),
        "skipped": _ended(None),
    },
)
"""`pipeline` deliveries, told apart by the status."""
