"""Jenkins: the Notification plugin's JSON, and the CloudEvents plugin's, which says the same in other spelling.

A build of a job is a run. Its end is told twice, as it is completed and once its log is closed (`FINALIZED`): the first
one counts. Who began it, its parameters, its log and the culprits of a failure are not read.

Jenkins calls the jobs of a multibranch project after the branches, and nothing tells such a job from one in a folder:
of a job inside another one the last name is kept as a branch's is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import unquote

import msgspec
from msgspec import Struct

from ingest.adapter import Adapter, Context, Headers, Ignored, Untranslatable
from ingest.facts import MOST_CHARACTERS, fact
from ingest.signatures import any_of, basic_auth, bearer_token
from ingest.vocabulary.by_action import ByAction, Translated
from ingest.vocabulary.code_links import change_links, commit_links
from ingest.vocabulary.delivery_ids import delivery_id
from ingest.vocabulary.kept_text import kept_of_branch
from ingest.vocabulary.repositories import repository_of
from ingest.vocabulary.times import moment
from schemas.event import LinkMethod, Outcome
from schemas.identity import run_uri, short_digest

NOTIFICATION: Final = "notification"
"""The one event of the Notification plugin."""

_CLOUD_EVENTS: Final = "org.jenkinsci."
_PULL: Final = re.compile(r"(?:PR|MR)-([1-9][0-9]{0,8})(?:-(?:head|merge))?")
_REMOTE: Final = re.compile(r"(?:refs/)?remotes/[^/]+/|origin/|refs/(?:heads|tags)/")
_NO_BRANCH: Final = "detached"
_OUTCOMES: Final = {
    "SUCCESS": Outcome.SUCCESS,
    "UNSTABLE": Outcome.FAILURE,
    "FAILURE": Outcome.FAILURE,
    "ABORTED": Outcome.CANCELLED,
    "NOT_BUILT": Outcome.CANCELLED,
}
_NO_TIME: Final = Ignored("body tells no time")


class Scm(Struct, frozen=True):
    """What was checked out; empty until it was, and for a job that checks nothing out."""

    url: str | None = None
    branch: str | None = None
    commit: str | None = None


class Build(Struct, frozen=True):
    """A build of a job. `timestamp` is when the phase began, milliseconds, 0 where Jenkins does not know."""

    number: int
    phase: str = ""
    timestamp: int | float | str | None = None
    status: str | None = None
    full_url: str | None = None
    camel_url: str | None = msgspec.field(name="fullUrl", default=None)
    scm: Scm | None = None
    scm_state: Scm | None = msgspec.field(name="scmState", default=None)


class Body(Struct, frozen=True):
    """A delivery of either plugin; `url` is the job's path: `job/shop/job/checkout/`."""

    url: str
    build: Build


_decode: Final = msgspec.json.Decoder(Body).decode


def _queued(body: Body, context: Context) -> Translated:
    """`pipelinerun.queued`, at `timestamp`."""
    return _fact(body, context, "pipelinerun.queued", "queued")


def _started(body: Body, context: Context) -> Translated:
    """`pipelinerun.started`, at `timestamp`."""
    return _fact(body, context, "pipelinerun.started", "started")


def _completed(body: Body, context: Context) -> Translated:
    """`pipelinerun.finished` with its outcome, at `timestamp`."""
    status = body.build.status
    return _fact(body, context, "pipelinerun.finished", status, _OUTCOMES.get(status or ""))


def _told(handler: Callable[[Body, Context], Translated]) -> Callable[[bytes, Context], Translated]:
    """Return the translation of a CloudEvent, whose type tells the phase."""

    def translate(body: bytes, context: Context) -> Translated:
        return handler(_decode(body), context)

    translate.__doc__ = (handler.__doc__ or "").replace("`timestamp`", "`build.timestamp`")
    return translate


def _fact(
    body: Body, context: Context, event_type: str, state: str | None, outcome: Outcome | None = None
) -> Translated:
    build, scm = body.build, body.build.scm or body.build.scm_state or Scm()
    if build.timestamp in {None, 0, "0", ""}:
        return _NO_TIME
    job = _job(body.url)
    pipeline, last = kept_of_job(job, context)
    repository = repository_of(scm.url) if scm.url else None
    branch = _branch(scm.branch)
    pull = _PULL.fullmatch(last) or _PULL.fullmatch(branch or "")
    return [
        fact(
            context,
            event_type,
            run_uri(context.tool, context.source, f"{short_digest(job)}-{build.number}"),
            moment(build.timestamp, "build.timestamp"),
            url=(build.full_url or build.camel_url) if pipeline == job else None,
            links=(
                *commit_links(scm.commit),
                *(change_links(repository, pull[1], LinkMethod.KEY_IN_BRANCH) if pull else ()),
            ),
            state=state,
            outcome=outcome,
            attributes={
                "repository": repository,
                "project": f"{context.tool}/{pipeline}",
                "branch": kept_of_branch(branch, context.pseudonym),
                "pipeline": pipeline,
            },
        )
    ]


def _branch(told: str | None) -> str | None:
    """Return a branch's name without its remote's; None where a commit was checked out without any."""
    return _REMOTE.sub("", told[:MOST_CHARACTERS], count=1) if told and told != _NO_BRANCH else None


def _job(path: str) -> str:
    """Return a job's full name, `shop/checkout`, of its path `job/shop/job/checkout/`; still escaped."""
    names = path[:MOST_CHARACTERS].strip("/").split("/")
    if names[0] != "job" or len(names) % 2:
        raise Untranslatable("url is no job's path")
    return "/".join(names[1::2])


def kept_of_job(job: str, context: Context) -> tuple[str, str]:
    """Return what is kept of a job's full name, and its own last name, unescaped.

    A job on the top level is called by what it is; one inside another may be called after a branch.
    """
    parents, inside, last = job.rpartition("/")
    name = unquote(unquote(last))
    return (f"{parents}/{kept_of_branch(name, context.pseudonym)}" if inside else job), name


def _event_type(headers: Headers, _body: bytes) -> str:
    told = headers.get("ce-type", "")
    return told if told.startswith(_CLOUD_EVENTS) else NOTIFICATION


def _delivery_id(headers: Headers, body: bytes) -> str:
    return delivery_id(headers.get("ce-id"), body)


ADAPTER: Final = Adapter(
    tool="jenkins",
    verify=any_of(basic_auth(), bearer_token()),
    event_type=_event_type,
    delivery_id=_delivery_id,
    translate={
        NOTIFICATION: ByAction(
            decode=_decode,
            action=lambda body: body.build.phase,
            handlers={"QUEUED": _queued, "STARTED": _started, "COMPLETED": _completed},
        ),
        "org.jenkinsci.job.started": _told(_started),
        "org.jenkinsci.job.completed": _told(_completed),
    },
    ignores=frozenset(
        {
            "org.jenkinsci.job.created", "org.jenkinsci.job.failed", "org.jenkinsci.job.finalized",
            "org.jenkinsci.job.updated", "org.jenkinsci.node.offline", "org.jenkinsci.node.online",
            "org.jenkinsci.queue.entered_waiting", "org.jenkinsci.queue.left",
        }
    ),
)  # fmt: skip
"""The adapter for Jenkins."""
