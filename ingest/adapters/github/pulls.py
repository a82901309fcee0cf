"""GitHub pull requests: the life of a change."""

from __future__ import annotations

from typing import Final

import msgspec

from ingest.adapter import Context, Ignored
from ingest.adapters.github.changes import PullRequestBody, change_facts
from ingest.vocabulary.by_action import ByAction, Translated
from ingest.vocabulary.times import Moment, moment
from ingest.vocabulary.work_kinds import work_kind


def _opened(body: PullRequestBody, context: Context) -> Translated:
    """`change.created`, state `ready` or `draft`, at `created_at`."""
    at = moment(body.pull_request.created_at, "pull_request.created_at")
    return change_facts(body, context, "change.created", at, _ready_or_draft(body))


def _readied(body: PullRequestBody, context: Context) -> Translated:
    """`change.readied`, state `ready` (`change.updated`, state `draft`, where a draft is reopened), at `updated_at`."""
    if body.pull_request.draft:
        return _updated(body, context)
    return change_facts(body, context, "change.readied", _updated_at(body), "ready")


def _updated(body: PullRequestBody, context: Context) -> Translated:
    """`change.updated`, state `ready` or `draft`, the action as an attribute, at `updated_at`."""
    label = body.label.name if body.label else ""
    return change_facts(
        body,
        context,
        "change.updated",
        _updated_at(body),
        _ready_or_draft(body),
        told_apart=(body.action, body.pull_request.head.sha, label),
        attributes={"action": body.action, "reason": body.reason if body.action == "dequeued" else None},
    )


def _labelled(body: PullRequestBody, context: Context) -> Translated:
    """`change.updated` where the label tells the kind of work; else ignored."""
    if body.label is None or work_kind(labels=(body.label.name,)) is None:
        return Ignored("label tells no kind of work")
    return _updated(body, context)


def _closed(body: PullRequestBody, context: Context) -> Translated:
    """`change.merged` at `merged_at`, or `change.abandoned` at `closed_at`."""
    pull = body.pull_request
    if pull.merged or pull.merged_at:
        at = moment(pull.merged_at, "pull_request.merged_at")
        return change_facts(body, context, "change.merged", at, "merged")
    return change_facts(body, context, "change.abandoned", moment(pull.closed_at, "pull_request.closed_at"), "closed")


def _ready_or_draft(body: PullRequestBody) -> str:
    return "draft" if body.pull_request.draft else "ready"


def _updated_at(body: PullRequestBody) -> Moment:
    return moment(body.pull_request.updated_at, "pull_request.updated_at")


pull_request: Final = ByAction(
    decode=msgspec.json.Decoder(PullRequestBody).decode,
    action=lambda body: body.action,
    handlers={
        "opened": _opened,
        "ready_for_review": _readied,
        "reopened": _readied,
        "converted_to_draft": _updated,
        "synchronize": _updated,
        "edited": _updated,
        "review_requested": _updated,
        "enqueued": _updated,
        "dequeued": _updated,
        "auto_merge_enabled": _updated,
        "auto_merge_disabled": _updated,
        "labeled": _labelled,
        "unlabeled": _labelled,
        "closed": _closed,
    },
)
"""`pull_request` deliveries."""
