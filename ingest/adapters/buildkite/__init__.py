"""Buildkite Pipelines webhooks: a build is a run, its jobs are tasks.

A body may show a later state than the one it tells of: the event's name says what happened, each of the body's times
when. A rebuild is a run of its own that relates to the first one. What a schedule begins is no run of the commit it
names, which is only the newest one.
"""

from __future__ import annotations

from typing import Final

import msgspec

from ingest.adapter import Adapter, Context, Headers, Ignored, Untranslatable
from ingest.adapters.buildkite.bodies import Account, Build, BuildBody, Job, JobBody, Pipeline
from ingest.facts import MOST_CHARACTERS, Said, fact
from ingest.signatures import any_of, buildkite_signature, token_header
from ingest.vocabulary.actors import UNKNOWN, Actor, classify
from ingest.vocabulary.by_action import Translated
from ingest.vocabulary.code_links import change_links, commit_links
from ingest.vocabulary.delivery_ids import hashed_body
from ingest.vocabulary.kept_text import holds_branch, kept_of_branch
from ingest.vocabulary.repositories import repository_of
from ingest.vocabulary.times import moment
from schemas.event import ActorClass, FlowEvent, Link, LinkKind, LinkMethod, Outcome
from schemas.identity import run_uri

_OUTCOMES: Final = {
    "passed": Outcome.SUCCESS,
    "blocked": Outcome.SUCCESS,
    "failed": Outcome.FAILURE,
    "timed_out": Outcome.FAILURE,
    "broken": Outcome.ERROR,
    "expired": Outcome.ERROR,
    "canceled": Outcome.CANCELLED,
    "skipped": Outcome.CANCELLED,
    "not_run": Outcome.CANCELLED,
}
"""Of a build and of a job; one that is skipped or not run was given up in favour of another."""

_NO_TIME: Final = Ignored("body tells no time")
_BOT: Final = " bot"
"""How the names of accounts end that are no person's: Buildkite tells a full name, no login."""

_decode: Final = msgspec.json.Decoder(BuildBody).decode
_decode_job: Final = msgspec.json.Decoder(JobBody).decode


def scheduled(body: bytes, context: Context) -> Translated:
    """`pipelinerun.queued`, at the build's `created_at`."""
    told = _decode(body)
    return [_queued(told, context, _said(told.build, told.pipeline, context))]


def running(body: bytes, context: Context) -> Translated:
    """`pipelinerun.queued` and `.started`, at the build's `created_at` and `started_at`."""
    told = _decode(body)
    return _begin(told, context, _said(told.build, told.pipeline, context))


def finished(body: bytes, context: Context) -> Translated:
    """`pipelinerun.queued`, `.started`, `.finished` with its outcome, at `created_at`, `started_at`, `finished_at`."""
    told = _decode(body)
    build = told.build
    if build.finished_at is None:
        return _NO_TIME
    said = _said(build, told.pipeline, context)
    begin = _begin(told, context, said)
    said["state"], said["outcome"] = build.state, _OUTCOMES.get(build.state or "")
    said["attributes"] = {**said["attributes"], "blocked": "true" if build.blocked else None}
    at = moment(build.finished_at, "build.finished_at")
    return [*begin, fact(context, "pipelinerun.finished", _run(context, build.id), at, **said)]


def job_started(body: bytes, context: Context) -> Translated:
    """`taskrun.started` of the build, at the job's `started_at`; of a retry `pipelinerun.started` once more, too."""
    told = _decode_job(body)
    return [*_job_begin(told.job, context, _job_said(told, context)), *_again(told, context)] or _NO_TIME


def job_finished(body: bytes, context: Context) -> Translated:
    """`taskrun.started` and `.finished`, at the job's `started_at` and `finished_at`; of a retry as `job.started`."""
    told = _decode_job(body)
    job, said = told.job, _job_said(told, context)
    if job.finished_at is None:
        return _NO_TIME
    begin = _job_begin(job, context, said)
    said["state"], said["outcome"] = job.state, _OUTCOMES.get(job.state or "")
    at = moment(job.finished_at, "job.finished_at")
    return [*begin, *_again(told, context), fact(context, "taskrun.finished", _task(context, job), at, **said)]


def job_activated(body: bytes, context: Context) -> Translated:
    """`pipelinerun.started` once more, state `unblocked`, at the job's `unblocked_at`."""
    told = _decode_job(body)
    if told.job.unblocked_at is None:
        return _NO_TIME
    said = _said(told.build, told.pipeline, context)
    said["state"], said["by"] = "unblocked", _by(told.job.unblocked_by, context)
    at = moment(told.job.unblocked_at, "job.unblocked_at")
    return [fact(context, "pipelinerun.started", _run(context, told.build.id), at, **said)]


def _queued(told: BuildBody, context: Context, said: Said) -> FlowEvent:
    """Return the begin of the wait, the same whichever event tells it."""
    said["state"] = "scheduled"
    at = moment(told.build.created_at, "build.created_at")
    return fact(context, "pipelinerun.queued", _run(context, told.build.id), at, **said)


def _begin(told: BuildBody, context: Context, said: Said) -> list[FlowEvent]:
    """Return the wait and, where it is over, the begin of the run."""
    queued, build = _queued(told, context, said), told.build
    if build.started_at is None:
        return [queued]
    said["state"] = "running"
    at = moment(build.started_at, "build.started_at")
    return [queued, fact(context, "pipelinerun.started", _run(context, build.id), at, **said)]


def _job_begin(job: Job, context: Context, said: Said) -> list[FlowEvent]:
    """Return the begin of a job; [] of one that never ran."""
    if job.started_at is None:
        return []
    said["state"] = "started"
    return [fact(context, "taskrun.started", _task(context, job), moment(job.started_at, "job.started_at"), **said)]


def _again(told: JobBody, context: Context) -> list[FlowEvent]:
    """Return the begin of a build that goes on because a job of it is tried again; [] for any other job."""
    if not told.job.retry_source or told.job.started_at is None:
        return []
    said = _said(told.build, told.pipeline, context)
    said["state"], said["by"] = "retried", UNKNOWN
    at = moment(told.job.started_at, "job.started_at")
    return [fact(context, "pipelinerun.started", _run(context, told.build.id), at, **said)]


def _run(context: Context, build_id: str) -> str:
    if not build_id:
        raise Untranslatable("the build's id is missing")
    return run_uri(context.tool, context.source, build_id)


def _task(context: Context, job: Job) -> str:
    if not job.id:
        raise Untranslatable("the job's id is missing")
    return run_uri(context.tool, context.source, job.id)


def _job_said(told: JobBody, context: Context) -> Said:
    """Return what every fact of a job carries: it is part of its build."""
    said = _said(told.build, told.pipeline, context)
    build = Link(uri=_run(context, told.build.id), kind=LinkKind.PART_OF, method=LinkMethod.EXPLICIT)
    said["links"] = (build, *(link for link in said["links"] if link.kind is LinkKind.PART_OF))
    said["attributes"] = {**said["attributes"], "task": _task_name(told)}
    return said


def _task_name(told: JobBody) -> str | None:
    """Return a job's name, unless it holds the branch's, of which not all is kept."""
    name, branch = told.job.name, told.build.branch
    return None if name and branch and holds_branch(name, branch) else name


def _said(build: Build, pipeline: Pipeline, context: Context) -> Said:
    """Return what every fact of a build carries."""
    repository = repository_of(pipeline.repository) if pipeline.repository else None
    again = build.rebuilt_from.id if build.rebuilt_from else ""
    rebuilt = (Link(uri=_run(context, again), kind=LinkKind.RELATES_TO, method=LinkMethod.EXPLICIT),) if again else ()
    scheduled = build.source == "schedule"
    return {
        "url": build.web_url,
        "links": (
            *(() if scheduled else commit_links(build.commit)),
            *change_links(repository, build.pull_request.id if build.pull_request else None),
            *rebuilt,
        ),
        "by": Actor(ActorClass.BOT) if scheduled else _by(build.creator, context),
        "attributes": {
            "repository": repository,
            "project": f"{context.tool}/{pipeline.slug}" if pipeline.slug else None,
            "branch": kept_of_branch(build.branch, context.pseudonym),
            "pipeline": pipeline.slug,
            "trigger": build.source,
        },
    }


def _by(account: Account | None, context: Context) -> Actor:
    """Return who did it; nobody whom Buildkite knows is unknown."""
    if account is None or not account.id:
        return UNKNOWN
    name = account.name or ""
    kind = classify(name, automated=name.lower().endswith(_BOT))
    return Actor(kind, context.pseudonym(account.id[:MOST_CHARACTERS]))


def _event_type(headers: Headers, _body: bytes) -> str:
    return headers.get("x-buildkite-event", "")


ADAPTER: Final = Adapter(
    tool="buildkite",
    verify=any_of(buildkite_signature(), token_header("x-buildkite-token")),
    event_type=_event_type,
    delivery_id=hashed_body,
    translate={
        "build.finished": finished,
        "build.running": running,
        "build.scheduled": scheduled,
        "build.skipped": finished,
        "job.activated": job_activated,
        "job.finished": job_finished,
        "job.started": job_started,
    },
    ignores=frozenset(
        {
            "agent.blocked", "agent.connected", "agent.disconnected", "agent.lost", "agent.stopped", "agent.stopping",
            "build.failing", "cluster_token.registration_blocked", "job.scheduled", "ping",
        }
    ),
)  # fmt: skip
"""The adapter for Buildkite."""
