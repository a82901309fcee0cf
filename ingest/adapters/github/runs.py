"""GitHub workflow runs, and the check suites of other CI apps.

Actions reports each run twice, as a workflow run and as a check suite: only the workflow run counts. Another app's
suite is the only sign of its run; it tells when it was finished, not when it began.

A re-run is never `requested`, so begin and end of a run tell when it was queued, too.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

from ingest.adapter import Context, Ignored
from ingest.adapters.github.bodies import Named, Repository, User, by, commit_link, full_name
from ingest.adapters.github.merge_groups import QUEUE_BRANCH
from ingest.facts import fact
from ingest.vocabulary.by_action import ByAction, Translated
from ingest.vocabulary.kept_text import kept_of_branch
from ingest.vocabulary.times import Moment, moment
from schemas.event import FlowEvent, Link, LinkKind, LinkMethod, Outcome
from schemas.identity import change_uri, run_uri

_CHANGING: Final = frozenset({"push", "pull_request", "merge_group", "workflow_dispatch", "release"})
"""What triggers a run of the commit it names; other runs (schedules, comments, ...) only name the newest commit."""

_OUTCOMES: Final = {
    "success": Outcome.SUCCESS,
    "neutral": Outcome.SUCCESS,
    "failure": Outcome.FAILURE,
    "timed_out": Outcome.FAILURE,
    "startup_failure": Outcome.ERROR,
    "cancelled": Outcome.CANCELLED,
}
_ACTIONS_APP: Final = "github-actions"


class Run(Struct, frozen=True):
    """One attempt of a workflow run; `created_at` is the first attempt's."""

    id: int
    head_sha: str
    created_at: str
    updated_at: str
    run_attempt: int = 1
    run_started_at: str | None = None
    event: str = ""
    status: str | None = None
    conclusion: str | None = None
    head_branch: str | None = None
    name: str | None = None
    html_url: str | None = None


class WorkflowRunBody(Struct, frozen=True):
    """A `workflow_run` delivery."""

    action: str
    workflow_run: Run
    repository: Repository
    workflow: Named | None = None
    sender: User | None = None


class App(Struct, frozen=True):
    """The app that a check suite belongs to."""

    slug: str = ""


class Suite(Struct, frozen=True):
    """A check suite: all that one app checks of one commit."""

    id: int
    head_sha: str
    updated_at: str
    app: App | None = None
    conclusion: str | None = None
    head_branch: str | None = None
    latest_check_runs_count: int | None = None


class CheckSuiteBody(Struct, frozen=True):
    """A `check_suite` delivery."""

    action: str
    check_suite: Suite
    repository: Repository
    sender: User | None = None


def _requested(body: WorkflowRunBody, context: Context) -> Translated:
    """`pipelinerun.queued`, at `created_at`, a later attempt's at `run_started_at`."""
    return [_queued(body, context)]


def _in_progress(body: WorkflowRunBody, context: Context) -> Translated:
    """`pipelinerun.started`, at `updated_at`, and `pipelinerun.queued` as above."""
    return _with_queued(body, context, "pipelinerun.started")


def _completed(body: WorkflowRunBody, context: Context) -> Translated:
    """`pipelinerun.finished` with its outcome (none where skipped), at `updated_at`; `pipelinerun.queued` as above."""
    return _with_queued(body, context, "pipelinerun.finished")


def _with_queued(body: WorkflowRunBody, context: Context, event_type: str) -> list[FlowEvent]:
    """Return the fact of this type and, where the body says when, the one that `requested` tells, its id the same."""
    told = _run_fact(body, context, event_type, moment(body.workflow_run.updated_at, "workflow_run.updated_at"))
    return [told] if _asked_at(body.workflow_run) is None else [_queued(body, context), told]


def _queued(body: WorkflowRunBody, context: Context) -> FlowEvent:
    at = moment(_asked_at(body.workflow_run), "workflow_run.run_started_at")
    return _run_fact(body, context, "pipelinerun.queued", at)


def _asked_at(run: Run) -> str | None:
    """Return when an attempt was asked for: `created_at` stays the first one's, `run_started_at` begins anew."""
    return run.run_started_at if run.run_attempt > 1 else run.created_at


def _run_fact(body: WorkflowRunBody, context: Context, event_type: str, at: Moment) -> FlowEvent:
    run = body.workflow_run
    repository = full_name(body.repository)
    finished, queued = event_type == "pipelinerun.finished", event_type == "pipelinerun.queued"
    return fact(
        context,
        event_type,
        run_uri(context.tool, context.source, run.id, run.run_attempt),
        at,
        url=run.html_url,
        links=tuple(_membership(run, repository)),
        state="queued" if queued else run.conclusion if finished else run.status,
        outcome=_OUTCOMES.get(run.conclusion or "") if finished else None,
        by=by(body.sender, context),
        attributes={
            "repository": repository,
            "branch": kept_of_branch(run.head_branch, context.pseudonym),
            "pipeline": (body.workflow.name if body.workflow else None) or run.name,
            "trigger": run.event,
        },
    )


def _membership(run: Run, repository: str) -> list[Link]:
    """Return what the run is part of: the commit it was made for, and the change that a merge queue tried."""
    if run.event not in _CHANGING:
        return []
    tried = QUEUE_BRANCH.fullmatch(run.head_branch or "")
    if tried:
        uri = change_uri(repository, tried[1])
        return [Link(uri=uri, kind=LinkKind.PART_OF, method=LinkMethod.KEY_IN_BRANCH)]
    return commit_link(run.head_sha, LinkKind.PART_OF)


def _suite_completed(body: CheckSuiteBody, context: Context) -> Translated:
    """`pipelinerun.finished` of another CI app, at `updated_at`; ignored for Actions, whose workflow runs say it."""
    suite = body.check_suite
    app = suite.app.slug if suite.app else ""
    if app == _ACTIONS_APP:
        return Ignored("workflow runs say it")
    if suite.latest_check_runs_count == 0:
        return Ignored("check suite is empty")
    repository = full_name(body.repository)
    at = moment(suite.updated_at, "check_suite.updated_at")
    return [
        fact(
            context,
            "pipelinerun.finished",
            run_uri(context.tool, context.source, f"suite-{suite.id}"),
            at,
            links=tuple(commit_link(suite.head_sha, LinkKind.PART_OF)),
            state=suite.conclusion,
            outcome=_OUTCOMES.get(suite.conclusion or ""),
            by=by(body.sender, context),
            attributes={
                "repository": repository,
                "branch": kept_of_branch(suite.head_branch, context.pseudonym),
                "pipeline": app,
            },
        )
    ]


workflow_run: Final = ByAction(
    decode=msgspec.json.Decoder(WorkflowRunBody).decode,
    action=lambda body: body.action,
    handlers={"requested": _requested, "in_progress": _in_progress, "completed": _completed},
)
"""`workflow_run` deliveries."""

check_suite: Final = ByAction(
    decode=msgspec.json.Decoder(CheckSuiteBody).decode,
    action=lambda body: body.action,
    handlers={"completed": _suite_completed},
)
"""`check_suite` deliveries."""
