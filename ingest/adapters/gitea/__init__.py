"""Gitea and Forgejo webhooks: the event type is the `X-Gitea-Event` header, which both send."""

from __future__ import annotations

from typing import Final

from ingest.adapter import Adapter, Headers
from ingest.adapters.gitea.comments import issue_comment
from ingest.adapters.gitea.issues import issues
from ingest.adapters.gitea.pulls import pull_request, review
from ingest.adapters.gitea.pushes import push
from ingest.adapters.gitea.releases import release
from ingest.adapters.gitea.runs import action_run, workflow_run
from ingest.signatures import any_of, hmac_sha256
from ingest.vocabulary.delivery_ids import delivery_id

_EVENT_HEADERS: Final = (
    "x-gitea-event", "x-forgejo-event", "x-gitea-event-type", "x-forgejo-event-type", "x-github-event",
)  # fmt: skip
"""Where the event type may stand; of some events the first are empty."""

_SAME: Final = {
    "action_run_failure": "action_run",
    "action_run_recover": "action_run",
    "action_run_success": "action_run",
    "issue_assign": "issues",
    "issue_label": "issues",
    "issue_milestone": "issues",
    "pull_request_approved": "pull_request_review",
    "pull_request_assign": "pull_request",
    "pull_request_comment": "pull_request_review",
    "pull_request_label": "pull_request",
    "pull_request_milestone": "pull_request",
    "pull_request_rejected": "pull_request_review",
    "pull_request_review_approved": "pull_request_review",
    "pull_request_review_comment": "pull_request_review",
    "pull_request_review_rejected": "pull_request_review",
    "pull_request_review_request": "pull_request",
    "pull_request_sync": "pull_request",
}
"""Narrower words for an event: the body is the same, and tells which it is."""

_DELIVERY_HEADERS: Final = ("x-gitea-delivery", "x-forgejo-delivery", "x-github-delivery")


def _first(headers: Headers, names: tuple[str, ...]) -> str:
    return next((told for name in names if (told := headers.get(name))), "")


def _event_type(headers: Headers, _body: bytes) -> str:
    told = _first(headers, _EVENT_HEADERS)
    return _SAME.get(told, told)


def _delivery_id(headers: Headers, body: bytes) -> str:
    return delivery_id(_first(headers, _DELIVERY_HEADERS), body)


ADAPTER: Final = Adapter(
    tool="gitea",
    verify=any_of(hmac_sha256("x-gitea-signature"), hmac_sha256("x-forgejo-signature")),
    event_type=_event_type,
    delivery_id=_delivery_id,
    translate={
        "action_run": action_run,
        "issue_comment": issue_comment,
        "issues": issues,
        "pull_request": pull_request,
        "pull_request_review": review,
        "push": push,
        "release": release,
        "workflow_run": workflow_run,
    },
    ignores=frozenset(
        {
            "create", "delete", "fork", "package", "repository", "schedule", "status", "wiki",
            "workflow_dispatch", "workflow_job", "workflow_job_blocked", "workflow_job_cancelled",
            "workflow_job_failure", "workflow_job_running", "workflow_job_skipped", "workflow_job_success",
            "workflow_job_waiting",
        }
    ),
)  # fmt: skip
"""The adapter for Gitea and Forgejo."""
