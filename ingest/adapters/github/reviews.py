"""GitHub pull request reviews."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

from ingest.adapter import Context, Ignored
from ingest.adapters.github.bodies import Repository, User
from ingest.adapters.github.changes import PullRequest, PullRequestBody, change_facts
from ingest.vocabulary.by_action import ByAction, Translated
from ingest.vocabulary.times import moment

_DECISIONS: Final = frozenset({"approved", "changes_requested", "commented"})


class Review(Struct, frozen=True):
    """A review; its text is not read."""

    id: int
    state: str
    submitted_at: str | None = None
    user: User | None = None


class ReviewBody(Struct, frozen=True):
    """A `pull_request_review` delivery."""

    action: str
    review: Review
    pull_request: PullRequest
    repository: Repository
    sender: User | None = None


def _submitted(body: ReviewBody, context: Context) -> Translated:
    """`change.reviewed` with its `decision`, at `submitted_at` (`change.updated` where the author answers comments)."""
    decision = body.review.state.lower()
    if decision not in _DECISIONS:
        return Ignored("review says nothing yet")
    at = moment(body.review.submitted_at, "review.submitted_at")
    author, reviewer = body.pull_request.user, body.review.user
    by_author = author is not None and reviewer is not None and author.id == reviewer.id
    return change_facts(
        _as_reviewed(body, reviewer),
        context,
        "change.updated" if by_author else "change.reviewed",
        at,
        _state(body.pull_request),
        told_apart=(str(body.review.id), decision),
        attributes={"decision": decision, "action": "answered" if by_author else None},
    )


def _dismissed(body: ReviewBody, context: Context) -> Translated:
    """`change.updated` with `decision` `dismissed`, at the pull request's `updated_at`."""
    return change_facts(
        _as_reviewed(body, body.sender),
        context,
        "change.updated",
        moment(body.pull_request.updated_at, "pull_request.updated_at"),
        _state(body.pull_request),
        told_apart=(str(body.review.id), "dismissed"),
        attributes={"decision": "dismissed", "action": "dismissed"},
    )


def _as_reviewed(body: ReviewBody, by: User | None) -> PullRequestBody:
    return PullRequestBody(body.action, body.pull_request, body.repository, by)


def _state(pull: PullRequest) -> str:
    if pull.merged_at:
        return "merged"
    if pull.closed_at:
        return "closed"
    return "draft" if pull.draft else "ready"


pull_request_review: Final = ByAction(
    decode=msgspec.json.Decoder(ReviewBody).decode,
    action=lambda body: body.action,
    handlers={"submitted": _submitted, "dismissed": _dismissed},
)
"""`pull_request_review` deliveries."""
