"""Comments in a GitHub pull request's conversation; those on lines come with reviews.

A comment is an answer and no review: on the standard map it begins none, a rule of one's own may read it.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

from ingest.adapter import Context, Ignored
from ingest.adapters.github.bodies import Named, Repository, User, by, full_name
from ingest.facts import fact
from ingest.vocabulary.by_action import ByAction, Translated
from ingest.vocabulary.times import moment
from ingest.vocabulary.work_kinds import work_kind
from schemas.identity import change_uri


class PullReference(Struct, frozen=True):
    """What an issue's delivery says of the pull request that it is."""

    html_url: str | None = None
    merged_at: str | None = None


class CommentedIssue(Struct, frozen=True):
    """An issue or pull request that was commented on."""

    number: int
    user: User | None = None
    pull_request: PullReference | None = None
    draft: bool | None = None
    closed_at: str | None = None
    title: str = ""
    labels: tuple[Named, ...] = ()


class Comment(Struct, frozen=True):
    """A comment; its text is not read."""

    id: int
    created_at: str | None = None
    user: User | None = None


class IssueCommentBody(Struct, frozen=True):
    """An `issue_comment` delivery."""

    action: str
    issue: CommentedIssue
    comment: Comment
    repository: Repository


def _created(body: IssueCommentBody, context: Context) -> Translated:
    """`change.updated` of a pull request, action `commented` (`answered` by its author), at `created_at`."""
    issue, comment = body.issue, body.comment
    pull = issue.pull_request
    if pull is None:
        return Ignored("comment is on no pull request")
    by_author = issue.user is not None and comment.user is not None and issue.user.id == comment.user.id
    repository = full_name(body.repository)
    return [
        fact(
            context,
            "change.updated",
            change_uri(repository, issue.number),
            moment(comment.created_at, "comment.created_at"),
            told_apart=(str(comment.id), "commented"),
            url=pull.html_url,
            state=_state(issue, pull),
            work_kind=work_kind(labels=[label.name for label in issue.labels], title=issue.title),
            by=by(comment.user, context),
            attributes={"repository": repository, "action": "answered" if by_author else "commented"},
        )
    ]


def _state(issue: CommentedIssue, pull: PullReference) -> str:
    if pull.merged_at:
        return "merged"
    if issue.closed_at:
        return "closed"
    return "draft" if issue.draft else "ready"


issue_comment: Final = ByAction(
    decode=msgspec.json.Decoder(IssueCommentBody).decode,
    action=lambda body: body.action,
    handlers={"created": _created},
)
"""`issue_comment` deliveries."""
