"""Comments in a Gitea pull request's conversation; those on lines come with reviews.

A comment is an answer and no review, as on GitHub: questions, pings and commands to bots stand there as well.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

from ingest.adapter import Context, Ignored
from ingest.adapters.gitea.bodies import Label, Repository, User, by, class_of, full_name, labels_of
from ingest.facts import fact
from ingest.vocabulary.by_action import ByAction, Translated
from ingest.vocabulary.times import moment
from ingest.vocabulary.work_kinds import work_kind
from schemas.identity import change_uri


class PullReference(Struct, frozen=True):
    """What an issue says of the pull request that it is; versions before 1.22 say no address and no draft."""

    html_url: str | None = None
    merged: bool = False
    draft: bool = False


class CommentedIssue(Struct, frozen=True):
    """An issue or pull request that was commented on; its title tells the kind of work and is not kept."""

    number: int
    user: User | None = None
    pull_request: PullReference | None = None
    state: str = ""
    title: str = ""
    labels: tuple[Label, ...] | None = None


class Comment(Struct, frozen=True):
    """A comment; its text is not read."""

    id: int
    created_at: str | None = None
    user: User | None = None


class Body(Struct, frozen=True):
    """An `issue_comment` delivery."""

    action: str
    issue: CommentedIssue
    comment: Comment
    repository: Repository


def _created(body: Body, context: Context) -> Translated:
    """`change.updated` of a pull request, action `commented` (`answered` by its author), at `created_at`."""
    issue, comment = body.issue, body.comment
    pull, author = issue.pull_request, issue.user
    if pull is None:
        return Ignored("comment is on no pull request")
    by_author = author is not None and comment.user is not None and author.id == comment.user.id
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
            work_kind=work_kind(labels=labels_of(issue.labels), title=issue.title),
            by=by(comment.user, context),
            attributes={
                "repository": repository,
                "author_class": class_of(author).value if author else None,
                "action": "answered" if by_author else "commented",
            },
        )
    ]


def _state(issue: CommentedIssue, pull: PullReference) -> str:
    if pull.merged:
        return "merged"
    if issue.state == "closed":
        return "closed"
    return "draft" if pull.draft else "ready"


issue_comment: Final = ByAction(
    decode=msgspec.json.Decoder(Body).decode,
    action=lambda body: body.action,
    handlers={"created": _created},
)
"""`issue_comment` deliveries."""
