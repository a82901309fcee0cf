"""CircleCI webhooks: a workflow is a run, its jobs are tasks.

A workflow runs from its making on: the machines that its jobs wait for belong to the run. A rerun is a workflow of its
own. What a schedule begins is no run of the commit it names, which is only the newest one.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec
from msgspec import Struct

from ingest.adapter import Adapter, Context, Headers, Untranslatable
from ingest.facts import MOST_CHARACTERS, Said, fact
from ingest.signatures import hmac_sha256
from ingest.vocabulary.actors import UNKNOWN, Actor
from ingest.vocabulary.by_action import Translated
from ingest.vocabulary.code_links import branch_of_ref, change_links, commit_links
from ingest.vocabulary.delivery_ids import delivery_id
from ingest.vocabulary.kept_text import kept_of_branch
from ingest.vocabulary.repositories import repository_of
from ingest.vocabulary.times import moment
from schemas.event import ActorClass, Link, LinkKind, LinkMethod, Outcome
from schemas.identity import run_uri

_PULL: Final = re.compile(r"pull/([1-9][0-9]{0,8})(?:/(?:head|merge))?")
_SCHEDULES: Final = frozenset({"schedule", "scheduled_pipeline"})
_OUTCOMES: Final = {
    "success": Outcome.SUCCESS,
    "failed": Outcome.FAILURE,
    "timedout": Outcome.FAILURE,
    "error": Outcome.ERROR,
    "infrastructure_fail": Outcome.ERROR,
    "unauthorized": Outcome.ERROR,
    "canceled": Outcome.CANCELLED,
}


class Project(Struct, frozen=True):
    """The project; its slug tells it from others: `gh/acme/app`, or two ids."""

    slug: str = ""


class Vcs(Struct, frozen=True):
    """The code of a pipeline, for GitHub (OAuth) and Bitbucket Cloud; of a fork the target is the one that matters."""

    target_repository_url: str | None = None
    revision: str | None = None
    branch: str | None = None
    tag: str | None = None


class Git(Struct, frozen=True):
    """The same for GitHub (app), GitLab and Bitbucket Data Center; what does not apply is ''."""

    checkout_url: str | None = None
    checkout_sha: str | None = None
    branch: str | None = None
    tag: str | None = None
    ref: str | None = None


class Triggered(Struct, frozen=True):
    """What CircleCI says of a trigger; `actor_id` is an account of CircleCI."""

    actor_id: str | None = None


class Parameters(Struct, frozen=True):
    """What a trigger told."""

    git: Git | None = None
    circleci: Triggered | None = None


class Trigger(Struct, frozen=True):
    """What began a pipeline: `webhook`, `api`, `schedule`, `gitlab`, ..."""

    type: str = ""


class Pipeline(Struct, frozen=True):
    """The pipeline of a workflow."""

    trigger: Trigger = Trigger()
    vcs: Vcs | None = None
    trigger_parameters: Parameters | None = None


class Workflow(Struct, frozen=True):
    """A workflow; jobs' webhooks leave its status out."""

    id: str
    created_at: str
    name: str | None = None
    stopped_at: str | None = None
    status: str | None = None
    url: str | None = None


class Job(Struct, frozen=True):
    """A job; one that never ran has no begin."""

    id: str
    name: str = ""
    status: str | None = None
    started_at: str | None = None
    stopped_at: str | None = None


class WorkflowBody(Struct, frozen=True):
    """A `workflow-completed` delivery."""

    happened_at: str
    workflow: Workflow
    pipeline: Pipeline = Pipeline()
    project: Project = Project()


class JobBody(Struct, frozen=True):
    """A `job-completed` delivery; the workflow is left out of some."""

    happened_at: str
    job: Job
    workflow: Workflow | None = None
    pipeline: Pipeline = Pipeline()
    project: Project = Project()


class _Envelope(Struct, frozen=True):
    id: str = ""


_decode_workflow: Final = msgspec.json.Decoder(WorkflowBody).decode
_decode_job: Final = msgspec.json.Decoder(JobBody).decode
_envelope: Final = msgspec.json.Decoder(_Envelope).decode


def workflow_completed(body: bytes, context: Context) -> Translated:
    """`pipelinerun.started` and `.finished` with its outcome, at the workflow's `created_at` and `stopped_at`."""
    told = _decode_workflow(body)
    workflow = told.workflow
    subject, said = _run(context, workflow.id), _said(told.pipeline, told.project, context)
    said["url"] = workflow.url
    said["attributes"] = {**said["attributes"], "pipeline": workflow.name}
    begin = fact(context, "pipelinerun.started", subject, moment(workflow.created_at, "workflow.created_at"), **said)
    at = moment(workflow.stopped_at or told.happened_at, "workflow.stopped_at")
    said["state"], said["outcome"] = workflow.status, _OUTCOMES.get(workflow.status or "")
    return [begin, fact(context, "pipelinerun.finished", subject, at, **said)]


def job_completed(body: bytes, context: Context) -> Translated:
    """`taskrun.started` and `.finished` of the workflow, at the job's `started_at` and `stopped_at`."""
    told = _decode_job(body)
    job, workflow = told.job, told.workflow
    subject, said = _run(context, job.id), _said(told.pipeline, told.project, context)
    if workflow:
        said["url"] = workflow.url
        said["links"] = (
            Link(uri=_run(context, workflow.id), kind=LinkKind.PART_OF, method=LinkMethod.EXPLICIT),
            *said["links"],
        )
    said["attributes"] = {**said["attributes"], "pipeline": workflow.name if workflow else None, "task": job.name}
    begun = job.started_at
    begin = [fact(context, "taskrun.started", subject, moment(begun, "job.started_at"), **said)] if begun else []
    at = moment(job.stopped_at or told.happened_at, "job.stopped_at")
    said["state"], said["outcome"] = job.status, _OUTCOMES.get(job.status or "")
    return [*begin, fact(context, "taskrun.finished", subject, at, **said)]


def _run(context: Context, run_id: str) -> str:
    if not run_id:
        raise Untranslatable("the workflow's or job's id is missing")
    return run_uri(context.tool, context.source, run_id)


def _said(pipeline: Pipeline, project: Project, context: Context) -> Said:
    """Return what every fact of a pipeline carries."""
    vcs, told = pipeline.vcs or Vcs(), pipeline.trigger_parameters or Parameters()
    git = told.git or Git()
    address = vcs.target_repository_url or git.checkout_url
    repository = repository_of(address) if address else None
    branch = vcs.branch or git.branch or vcs.tag or git.tag or branch_of_ref(git.ref)
    pull = _PULL.fullmatch(branch) if branch else None
    scheduled = pipeline.trigger.type in _SCHEDULES
    return {
        "links": (
            *(() if scheduled else commit_links(vcs.revision or git.checkout_sha)),
            *(change_links(repository, pull[1], LinkMethod.KEY_IN_BRANCH) if pull else ()),
        ),
        "by": _by(told.circleci, context, scheduled=scheduled),
        "attributes": {
            "repository": repository,
            "project": f"{context.tool}/{project.slug}" if project.slug else None,
            "branch": kept_of_branch(branch, context.pseudonym),
            "trigger": pipeline.trigger.type,
        },
    }


def _by(told: Triggered | None, context: Context, *, scheduled: bool) -> Actor:
    """Return who began it: an account of unknown class, or for a schedule nobody."""
    if scheduled:
        return Actor(ActorClass.BOT)
    if told is None or not told.actor_id:
        return UNKNOWN
    return Actor(ActorClass.UNKNOWN, context.pseudonym(told.actor_id[:MOST_CHARACTERS]))


def _event_type(headers: Headers, _body: bytes) -> str:
    return headers.get("circleci-event-type", "")


def _delivery_id(_headers: Headers, body: bytes) -> str:
    return delivery_id(_envelope(body).id, body)


ADAPTER: Final = Adapter(
    tool="circleci",
    verify=hmac_sha256("circleci-signature", "v1=", several=True),
    event_type=_event_type,
    delivery_id=_delivery_id,
    translate={"job-completed": job_completed, "workflow-completed": workflow_completed},
    ignores=frozenset({"ping"}),
)
"""The adapter for CircleCI."""
