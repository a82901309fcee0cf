"""Gitea pull requests and their reviews: the life of a change.

A review has neither an id nor a time of its own: it is told by its decision, at the pull request's `updated_at`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import msgspec
from msgspec import Struct

from ingest.adapter import Context, Ignored
from ingest.adapters.gitea.bodies import (
    TRACKER,
    Label,
    Repository,
    User,
    by,
    class_of,
    full_name,
    home_of,
    labels_of,
)
from ingest.facts import fact
from ingest.vocabulary.by_action import ByAction, Translated
from ingest.vocabulary.code_links import commit_links
from ingest.vocabulary.kept_text import kept_of_branch
from ingest.vocabulary.keys import unique_links
from ingest.vocabulary.named_tickets import change_tickets
from ingest.vocabulary.times import Moment, moment
from ingest.vocabulary.work_kinds import work_kind
from schemas.event import FlowEvent, LinkKind
from schemas.identity import change_uri

_DRAFT: Final = re.compile(r"\s*(?:wip:|\[wip\])", re.IGNORECASE)
_DECISIONS: Final = {
    "pull_request_review_approved": "approved",
    "pull_request_review_rejected": "changes_requested",
    "pull_request_review_comment": "commented",
}


class Fork(Struct, frozen=True, gc=False):
    """The repository a branch lives in."""

    html_url: str = ""


class Branch(Struct, frozen=True, gc=False):
    """One end of a pull request; `repo` is null when the fork is gone."""

    ref: str = ""
    sha: str = ""
    repo: Fork | None = None


class PullRequest(Struct, frozen=True):
    """A pull request; title and body are read for keys and not kept. Versions before 1.23 do not say `draft`."""

    number: int
    created_at: str
    updated_at: str
    head: Branch
    base: Branch
    html_url: str | None = None
    title: str = ""
    body: str | None = None
    draft: bool | None = None
    merged: bool = False
    merged_at: str | None = None
    closed_at: str | None = None
    merge_commit_sha: str | None = None
    state: str = ""
    user: User | None = None
    labels: tuple[Label, ...] | None = None
    additions: float | None = None
    deletions: float | None = None
    changed_files: float | None = None


class Was(Struct, frozen=True, gc=False):
    """A text before an edit; it is not kept."""

    before: str = msgspec.field(name="from", default="")


class Changes(Struct, frozen=True):
    """What an edit changed."""

    title: Was | None = None


class Review(Struct, frozen=True, gc=False):
    """A review; its content is not read."""

    type: str = ""


class Body(Struct, frozen=True):
    """A delivery about a pull request."""

    action: str
    pull_request: PullRequest
    repository: Repository
    changes: Changes | None = None
    review: Review | None = None
    sender: User | None = None


def _opened(body: Body, context: Context) -> Translated:
    """`change.created`, state `ready` or `draft`, at `created_at`."""
    at = moment(body.pull_request.created_at, "pull_request.created_at")
    return [_fact(body, context, "change.created", at)]


def _reopened(body: Body, context: Context) -> Translated:
    """`change.readied`, state `ready` (`change.updated`, state `draft`, of a draft), at `updated_at`."""
    event_type = "change.updated" if is_draft(body.pull_request) else "change.readied"
    return [_fact(body, context, event_type, _updated_at(body), "reopened")]


def _edited(body: Body, context: Context) -> Translated:
    """`change.readied` where the title is no draft's any more, else `change.updated`, at `updated_at`."""
    pull, title = body.pull_request, body.changes.title if body.changes else None
    if title and is_draft_title(title.before) != is_draft(pull):
        drafted = is_draft(pull)
        event_type, action = ("change.updated", "converted_to_draft") if drafted else ("change.readied", "readied")
        return [_fact(body, context, event_type, _updated_at(body), action)]
    return [_fact(body, context, "change.updated", _updated_at(body), "edited")]


def _updated(action: str) -> Callable[[Body, Context], Translated]:
    """Return the handler of an action that changes nothing of the state."""

    def handler(body: Body, context: Context) -> Translated:
        return [_fact(body, context, "change.updated", _updated_at(body), action, body.pull_request.head.sha)]

    handler.__doc__ = f"`change.updated`, the `action` `{action}`, at `updated_at`."
    return handler


def _closed(body: Body, context: Context) -> Translated:
    """`change.merged` at `merged_at`, or `change.abandoned` at `closed_at`."""
    pull = body.pull_request
    if pull.merged or pull.merged_at:
        return [_fact(body, context, "change.merged", moment(pull.merged_at, "pull_request.merged_at"))]
    at = moment(pull.closed_at or pull.updated_at, "pull_request.closed_at")
    return [_fact(body, context, "change.abandoned", at)]


def _reviewed(body: Body, context: Context) -> Translated:
    """`change.reviewed` with its `decision`, at `updated_at` (`change.updated` where the author answers comments)."""
    decision = _DECISIONS.get(body.review.type if body.review else "")
    if decision is None:
        return Ignored("review says nothing yet")
    author, reviewer = body.pull_request.user, body.sender
    by_author = author is not None and reviewer is not None and author.id == reviewer.id
    event_type, action = ("change.updated", "answered") if by_author else ("change.reviewed", "")
    return [_fact(body, context, event_type, _updated_at(body), action, decision, decision=decision)]


def _fact(
    body: Body, context: Context, event_type: str, at: Moment, action: str = "", *apart: str, decision: str = ""
) -> FlowEvent:
    pull = body.pull_request
    repository = full_name(body.repository)
    became = commit_links(pull.merge_commit_sha, LinkKind.MERGED_AS) if event_type == "change.merged" else ()
    counted = {"additions": pull.additions, "deletions": pull.deletions, "changed_files": pull.changed_files}
    return fact(
        context,
        event_type,
        change_uri(repository, pull.number),
        at,
        told_apart=(action, *apart),
        url=pull.html_url,
        links=unique_links(
            [
                *became,
                *commit_links(pull.head.sha, LinkKind.CONTAINS),
                *change_tickets(TRACKER, home_of(repository), pull.head.ref, pull.title, pull.body),
            ]
        ),
        state=_state(pull),
        work_kind=work_kind(labels=labels_of(pull.labels), title=pull.title),
        by=by(body.sender, context),
        quantities={name: count for name, count in counted.items() if count is not None},
        attributes={
            "repository": repository,
            "branch": kept_of_branch(pull.head.ref, context.pseudonym),
            "target_branch": kept_of_branch(pull.base.ref, context.pseudonym),
            "draft": "true" if is_draft(pull) else None,
            "fork": "true" if _is_from_fork(body) else None,
            "author_class": class_of(pull.user).value if pull.user else None,
            "decision": decision,
            "action": action,
        },
    )


def _is_from_fork(body: Body) -> bool:
    there = body.pull_request.head.repo
    return there is not None and there.html_url not in {"", body.repository.html_url}


def is_draft(pull: PullRequest) -> bool:
    """Tell whether a pull request is a draft: as Gitea says, in old versions by its title."""
    return is_draft_title(pull.title) if pull.draft is None else pull.draft


def is_draft_title(title: str) -> bool:
    """Tell whether a title is a draft's by the usual prefixes (`WIP:`, `[WIP]`)."""
    return _DRAFT.match(title) is not None


def _state(pull: PullRequest) -> str:
    if pull.merged or pull.merged_at:
        return "merged"
    if pull.state == "closed" or pull.closed_at:
        return "closed"
    return "draft" if is_draft(pull) else "ready"


def _updated_at(body: Body) -> Moment:
    return moment(body.pull_request.updated_at, "pull_request.updated_at")


pull_request: Final = ByAction(
    decode=msgspec.json.Decoder(Body).decode,
    action=lambda body: body.action,
    handlers={
        "opened": _opened,
        "reopened": _reopened,
        "edited": _edited,
        "synchronized": _updated("synchronize"),
        "review_requested": _updated("review_requested"),
        "label_updated": _updated("labeled"),
        "label_cleared": _updated("unlabeled"),
        "closed": _closed,
    },
)
"""`pull_request` deliveries."""

review: Final = ByAction(
    decode=msgspec.json.Decoder(Body).decode,
    action=lambda body: body.action,
    handlers={"reviewed": _reviewed},
)
"""Deliveries of reviews: `pull_request_approved`, `pull_request_rejected` and `pull_request_comment`."""
