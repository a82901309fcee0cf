"""Bitbucket Cloud build statuses: runs of Bitbucket Pipelines, and of any CI tool that reports its builds there."""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote

import msgspec
from msgspec import Struct

from ingest.adapter import Context, Ignored, Untranslatable
from ingest.adapters.bitbucket_cloud.bodies import Account, Hash, Links, Repository, by, host_owner_name
from ingest.facts import fact
from ingest.vocabulary.by_action import Translated
from ingest.vocabulary.code_links import commit_links
from ingest.vocabulary.kept_text import holds_branch, kept_of_branch
from ingest.vocabulary.times import moment
from schemas.event import Outcome
from schemas.identity import run_uri, short_digest

_OUTCOMES: Final = {"SUCCESSFUL": Outcome.SUCCESS, "FAILED": Outcome.FAILURE, "STOPPED": Outcome.CANCELLED}
_RUNNING: Final = "INPROGRESS"


class Status(Struct, frozen=True):
    """The state of one build of one commit; a tool's builds of a commit share a key, each has its own address."""

    key: str
    state: str
    created_on: str
    updated_on: str
    name: str | None = None
    url: str | None = None
    refname: str | None = None
    commit: Hash | None = None
    links: Links | None = None


class Body(Struct, frozen=True):
    """A delivery of a build status."""

    commit_status: Status
    repository: Repository
    actor: Account | None = None


_decode: Final = msgspec.json.Decoder(Body).decode


def status_created(body: bytes, context: Context) -> Translated:
    """`pipelinerun.started` while it runs, else `pipelinerun.finished` with its outcome, at `updated_on`."""
    return _status(body, context)


def status_updated(body: bytes, context: Context) -> Translated:
    """`pipelinerun.started` while it runs, else `pipelinerun.finished` with its outcome, at `updated_on`."""
    return _status(body, context)


def _status(body: bytes, context: Context) -> Translated:
    told = _decode(body)
    status = told.commit_status
    running = status.state == _RUNNING
    if not running and status.state not in _OUTCOMES:
        return Ignored("build status is not known")
    sha = _sha(status)
    repository = host_owner_name(told.repository)
    return [
        fact(
            context,
            "pipelinerun.started" if running else "pipelinerun.finished",
            run_uri(context.tool, context.source, f"{sha}-{short_digest(f'{status.key} {status.url}')}"),
            moment(status.updated_on, "commit_status.updated_on"),
            told_apart=(status.state,),
            url=_unless_branch(status.url, status.refname),
            links=commit_links(sha),
            state=status.state,
            outcome=_OUTCOMES.get(status.state),
            by=by(told.actor, context),
            attributes={
                "repository": repository,
                "branch": kept_of_branch(status.refname, context.pseudonym),
                "pipeline": _unless_branch(status.name, status.refname),
            },
        )
    ]


def _unless_branch(text: str | None, branch: str | None) -> str | None:
    """Return a text, None where it holds the name of the branch, also escaped as CI tools do."""
    return None if text and branch and holds_branch(unquote(unquote(text)), branch) else text


def _sha(status: Status) -> str:
    """Return the commit's full hash: told beside the status, on older sites only in a link's address."""
    href = status.links.commit.href if status.links and status.links.commit else ""
    sha = status.commit.hash if status.commit else href.rstrip("/").rpartition("/")[2]
    if not commit_links(sha):
        raise Untranslatable("commit_status tells no commit")
    return sha.lower()
