"""Tekton Pipelines' CloudEvents: a PipelineRun is a run, a TaskRun or CustomRun a task of it.

Every event holds the whole object, so each tells all that has happened up to then: what was lost is told by the next
one, and what is told again has the same id.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Struct

from ingest.adapter import Adapter, Context, Headers, Ignored, Untranslatable
from ingest.adapters.tekton.bodies import Condition, Run, Status, run_of
from ingest.facts import Said, check_size, fact
from ingest.signatures import any_of, basic_auth, bearer_token
from ingest.vocabulary.actors import UNKNOWN, Actor, classify
from ingest.vocabulary.by_action import Translated
from ingest.vocabulary.code_links import branch_of_ref, change_links, commit_links
from ingest.vocabulary.delivery_ids import delivery_id
from ingest.vocabulary.kept_text import kept_of_branch
from ingest.vocabulary.repositories import repository_of
from ingest.vocabulary.times import moment
from schemas.event import FlowEvent, Link, LinkKind, LinkMethod, Outcome
from schemas.identity import artifact_uri, run_uri

_TYPES: Final = "dev.tekton.event."
_OUTCOMES: Final = {"True": Outcome.SUCCESS, "False": Outcome.ERROR}
_FAILURES: Final = frozenset(
    {"CustomRunTimedOut", "Failed", "FailureIgnored", "PipelineRunTimeout", "TaskRunTimeout", "TimedOut"}
)
"""The reasons of a run that ran and failed; any other one but a cancellation kept it from running."""

_MOST_RETRIES: Final = 16
"""How many earlier attempts of a task are told with it, the latest: those before them were told with these."""

_CANCELLED: Final = ("Cancel", "Stopped")


class _Envelope(Struct, frozen=True):
    type: str = ""
    id: str = ""


_envelope: Final = msgspec.json.Decoder(_Envelope).decode


def pipeline_begun(body: bytes, context: Context) -> Translated:
    """`pipelinerun.queued` and `.started`, at the run's `creationTimestamp` and `startTime`."""
    run = run_of(body)
    return _pipeline_begin(run, context, _said(run, context))


def pipeline_ended(body: bytes, context: Context) -> Translated:
    """`pipelinerun.queued`, `.started` and `.finished`, at `completionTime`; `artifact.packaged` of its images."""
    run = run_of(body)
    said = _said(run, context)
    begin = _pipeline_begin(run, context, said)
    end = _end(run.status, _uri(run, context), context, "pipelinerun.finished", said)
    digests = run.digests if end.outcome is Outcome.SUCCESS else ()
    check_size(digests, "status.results")
    return [*begin, end, *(_packaged(run, digest, context) for digest in digests)]


def task_begun(body: bytes, context: Context) -> Translated:
    """`taskrun.started` of the pipeline's run, at `startTime`; ignored before that. Earlier attempts as they ended."""
    run = run_of(body)
    said = _said(run, context)
    begin = _task_begin(run.status, _uri(run, context), context, said)
    return [*_retried(run, context, said), *begin] or Ignored("body tells no time")


def task_ended(body: bytes, context: Context) -> Translated:
    """`taskrun.started` and `.finished` of the pipeline's run, at `startTime` and `completionTime`, of each attempt."""
    run = run_of(body)
    said, uri = _said(run, context), _uri(run, context)
    end = _end(run.status, uri, context, "taskrun.finished", said)
    return [*_retried(run, context, said), *_task_begin(run.status, uri, context, said), end]


def _retried(run: Run, context: Context, said: Said) -> Iterator[FlowEvent]:
    """Yield begin and end of a task's earlier attempts: no event of their own tells that these ended."""
    numbered = list(enumerate(run.status.retries or (), start=1))
    for number, status in numbered[-_MOST_RETRIES:]:
        if status.finished_at is not None:
            uri = _uri(run, context, number)
            yield from _task_begin(status, uri, context, said)
            yield _end(status, uri, context, "taskrun.finished", said)


def _pipeline_begin(run: Run, context: Context, said: Said) -> list[FlowEvent]:
    """Return the wait and, where it is over, the begin; a run that is held back as pending has no `startTime`."""
    created, uri = moment(run.metadata.created_at, "metadata.creationTimestamp"), _uri(run, context)
    waits: Said = {**said, "state": "queued"}
    queued = fact(context, "pipelinerun.queued", uri, created, **waits)
    if run.status.started_at is None:
        return [queued]
    begun: Said = {**said, "state": "started"}
    return [
        queued,
        fact(context, "pipelinerun.started", uri, moment(run.status.started_at, "status.startTime"), **begun),
    ]


def _task_begin(status: Status, uri: str, context: Context, said: Said) -> list[FlowEvent]:
    """Return the begin of an attempt of a task; [] of one that has not begun."""
    if status.started_at is None:
        return []
    begun: Said = {**said, "state": "started"}
    return [fact(context, "taskrun.started", uri, moment(status.started_at, "status.startTime"), **begun)]


def _end(status: Status, uri: str, context: Context, event_type: str, said: Said) -> FlowEvent:
    ended: Said = {**said, "state": status.succeeded.reason, "outcome": _outcome(status.succeeded)}
    return fact(context, event_type, uri, moment(status.finished_at, "status.completionTime"), **ended)


def _outcome(succeeded: Condition) -> Outcome | None:
    told, reason = succeeded.status, succeeded.reason or ""
    if told == "False" and reason in _FAILURES:
        return Outcome.FAILURE
    if told == "False" and any(word in reason for word in _CANCELLED):
        return Outcome.CANCELLED
    return _OUTCOMES.get(told)


def _packaged(run: Run, digest: str, context: Context) -> FlowEvent:
    """Return the fact of an image that the run's results name."""
    repository = repository_of(run.repository) if run.repository else None
    return fact(
        context,
        "artifact.packaged",
        artifact_uri(digest),
        moment(run.status.finished_at, "status.completionTime"),
        links=commit_links(run.sha, LinkKind.BUILT_FROM),
        attributes={"repository": repository},
    )


def _uri(run: Run, context: Context, attempt: int | None = None) -> str:
    """Return the uri of an attempt, the latest where none is given."""
    if not run.metadata.uid:
        raise Untranslatable("metadata.uid is missing")
    return run_uri(context.tool, context.source, run.metadata.uid, attempt or len(run.status.retries or ()) + 1)


def _said(run: Run, context: Context) -> Said:
    """Return what every fact of a run carries."""
    labels, annotations, namespace = run.metadata.labels, run.metadata.annotations, run.metadata.namespace
    repository = repository_of(run.repository) if run.repository else None
    sender = annotations.sender or labels.sender
    return {
        "url": annotations.log_url,
        "links": (
            *_parents(run, context),
            *commit_links(run.sha),
            *change_links(repository, annotations.pull_request),
        ),
        "by": Actor(classify(sender)) if sender else UNKNOWN,
        "attributes": {
            "repository": repository,
            "project": f"{context.tool}/{namespace}" if namespace else None,
            "branch": kept_of_branch(branch_of_ref(annotations.source_branch), context.pseudonym),
            "pipeline": annotations.original_name or labels.original_name or labels.pipeline,
            "task": labels.task or labels.task_definition,
            "trigger": annotations.event_type or labels.event_type,
        },
    }


def _parents(run: Run, context: Context) -> list[Link]:
    """Return what a task is part of: the run of the pipeline that owns it."""
    owners = [owner.uid for owner in run.metadata.owners if owner.kind == "PipelineRun" and owner.uid]
    uris = [run_uri(context.tool, context.source, uid) for uid in owners]
    return [Link(uri=uri, kind=LinkKind.PART_OF, method=LinkMethod.EXPLICIT) for uri in uris]


def _event_type(headers: Headers, body: bytes) -> str:
    return headers.get("ce-type") or _envelope(body).type


def _delivery_id(headers: Headers, body: bytes) -> str:
    return delivery_id(headers.get("ce-id") or _envelope(body).id, body)


ADAPTER: Final = Adapter(
    tool="tekton",
    verify=any_of(basic_auth(), bearer_token()),
    event_type=_event_type,
    delivery_id=_delivery_id,
    translate={
        f"{_TYPES}{kind}.v1": translate
        for kind, translate in {
            "pipelinerun.started": pipeline_begun,
            "pipelinerun.running": pipeline_begun,
            "pipelinerun.successful": pipeline_ended,
            "pipelinerun.failed": pipeline_ended,
            "taskrun.started": task_begun,
            "taskrun.running": task_begun,
            "taskrun.successful": task_ended,
            "taskrun.failed": task_ended,
            "customrun.running": task_begun,
            "customrun.successful": task_ended,
            "customrun.failed": task_ended,
        }.items()
    },
    ignores=frozenset(
        f"{_TYPES}{kind}.v1"
        for kind in (
            "customrun.started", "pipelinerun.unknown", "taskrun.unknown", "triggers.done", "triggers.failed",
            "triggers.started", "triggers.successful",
        )
    ),
)  # fmt: skip
"""The adapter for Tekton."""
