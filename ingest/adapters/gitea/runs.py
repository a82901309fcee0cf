"""Runs of Gitea Actions (`workflow_run`, from 1.24) and of Forgejo Actions (`action_run_*`, from 12).

Forgejo tells only the end of a run, and with it when it was asked for and began. Tried again it keeps its number.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec
from msgspec import Struct

from ingest.adapter import Context, Ignored
from ingest.adapters.gitea.bodies import Repository, User, by, full_name, told
from ingest.facts import fact
from ingest.vocabulary.by_action import ByAction, Translated
from ingest.vocabulary.code_links import change_links, commit_links
from ingest.vocabulary.kept_text import kept_of_branch
from ingest.vocabulary.times import moment
from schemas.event import FlowEvent, Link, Outcome
from schemas.identity import run_uri

_CHANGING: Final = frozenset(
    {"pull_request", "pull_request_sync", "pull_request_target", "push", "release", "workflow_dispatch"}
)
"""What triggers a run of the commit it names; other runs (schedules, comments, ...) only name the newest commit."""

_PULL: Final = re.compile(r"(?:refs/pull/|#)([1-9][0-9]{0,8})(?:/(?:head|merge))?")
_OUTCOMES: Final = {"success": Outcome.SUCCESS, "failure": Outcome.FAILURE, "cancelled": Outcome.CANCELLED}


class WorkflowRun(Struct, frozen=True):
    """One attempt of a run; `path` is the workflow's file and the reference, apart by `@`."""

    id: int
    run_attempt: int = 1
    status: str | None = None
    conclusion: str | None = None
    event: str = ""
    path: str = ""
    head_sha: str | None = None
    head_branch: str | None = None
    html_url: str | None = None
    created_at: str | None = None
    started_at: str | None = None
    completed_at: str | None = None


class WorkflowRunBody(Struct, frozen=True):
    """A `workflow_run` delivery."""

    action: str
    workflow_run: WorkflowRun
    repository: Repository
    sender: User | None = None


class ActionRun(Struct, frozen=True):
    """A run of Forgejo Actions; `prettyref` is a branch, a tag, or `#97` of a pull request."""

    id: int
    repository: Repository
    status: str = ""
    workflow_id: str = ""
    trigger_event: str = ""
    event: str = ""
    commit_sha: str | None = None
    prettyref: str = ""
    html_url: str | None = None
    created: str | None = None
    started: str | None = None
    stopped: str | None = None
    trigger_user: User | None = None


class ActionRunBody(Struct, frozen=True):
    """An `action_run_success`, `action_run_failure` or `action_run_recover` delivery."""

    run: ActionRun


class Run(Struct, frozen=True, kw_only=True):
    """What both kinds of runs say."""

    id: int
    attempt: int
    repository: str
    workflow: str
    trigger: str
    sha: str | None
    branch: str | None
    number: str | None
    url: str | None
    by: User | None


def _requested(body: WorkflowRunBody, context: Context) -> Translated:
    """`pipelinerun.queued`, at `created_at` of a first attempt; else ignored: the body tells no time."""
    return _begun(_gitea(body), _asked(body), None, context) or Ignored("body tells no time")


def _in_progress(body: WorkflowRunBody, context: Context) -> Translated:
    """`pipelinerun.started`, at `started_at`, and `pipelinerun.queued` as above."""
    found = _begun(_gitea(body), _asked(body), body.workflow_run.started_at, context)
    return found or Ignored("body tells no time")


def _completed(body: WorkflowRunBody, context: Context) -> Translated:
    """`pipelinerun.finished` with its outcome (none where skipped), at `completed_at`; queue and start as above."""
    run = body.workflow_run
    at = told(run.completed_at)
    if at is None:
        return Ignored("body tells no time")
    begun = _begun(_gitea(body), _asked(body), run.started_at, context)
    return [*begun, _run_fact(_gitea(body), context, "pipelinerun.finished", at, run.conclusion)]


def _asked(body: WorkflowRunBody) -> str | None:
    return body.workflow_run.created_at if body.workflow_run.run_attempt <= 1 else None


_decode_action_run: Final = msgspec.json.Decoder(ActionRunBody).decode


def action_run(body: bytes, context: Context) -> Translated:
    """`pipelinerun.queued`, `.started` and `.finished` with its outcome, at `created`, `started` and `stopped`."""
    run = _decode_action_run(body).run
    stopped = told(run.stopped)
    if stopped is None:
        return Ignored("body tells no time")
    said = _forgejo(run)
    begun = _begun(said, run.created, run.started, context)
    return [*begun, _run_fact(said, context, "pipelinerun.finished", stopped, run.status)]


def _begun(run: Run, asked: str | None, started: str | None, context: Context) -> list[FlowEvent]:
    """Return when a run was asked for and when it began, as far as told: the same facts whenever told."""
    begins = (("pipelinerun.queued", told(asked), "queued"), ("pipelinerun.started", told(started), "in_progress"))
    return [_run_fact(run, context, event_type, at, state) for event_type, at, state in begins if at]


def _run_fact(run: Run, context: Context, event_type: str, at: str, state: str | None) -> FlowEvent:
    finished = event_type == "pipelinerun.finished"
    return fact(
        context,
        event_type,
        run_uri(context.tool, context.source, run.id, run.attempt),
        moment(at, f"the time of {event_type}"),
        url=run.url,
        links=_membership(run),
        state=state,
        outcome=_OUTCOMES.get(state or "") if finished else None,
        by=by(run.by, context),
        attributes={
            "repository": run.repository,
            "branch": kept_of_branch(run.branch, context.pseudonym),
            "pipeline": run.workflow,
            "trigger": run.trigger,
        },
    )


def _membership(run: Run) -> tuple[Link, ...]:
    """Return what the run is part of: the pull request it ran for, and the commit."""
    if run.trigger not in _CHANGING:
        return ()
    return (*change_links(run.repository, run.number), *commit_links(run.sha))


def _gitea(body: WorkflowRunBody) -> Run:
    run = body.workflow_run
    workflow, _, ref = run.path.rpartition("@")
    number = _PULL.fullmatch(ref)
    return Run(
        id=run.id,
        attempt=max(run.run_attempt, 1),
        repository=full_name(body.repository),
        workflow=workflow,
        trigger=run.event,
        sha=run.head_sha,
        branch=run.head_branch,
        number=number[1] if number else None,
        url=run.html_url,
        by=body.sender,
    )


def _forgejo(run: ActionRun) -> Run:
    number = _PULL.fullmatch(run.prettyref)
    return Run(
        id=run.id,
        attempt=1,
        repository=full_name(run.repository),
        workflow=run.workflow_id,
        trigger=run.trigger_event or run.event,
        sha=run.commit_sha,
        branch=None if number else run.prettyref,
        number=number[1] if number else None,
        url=run.html_url,
        by=run.trigger_user,
    )


workflow_run: Final = ByAction(
    decode=msgspec.json.Decoder(WorkflowRunBody).decode,
    action=lambda body: body.action,
    handlers={"requested": _requested, "in_progress": _in_progress, "completed": _completed},
)
"""`workflow_run` deliveries."""
