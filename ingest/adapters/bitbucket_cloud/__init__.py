"""Bitbucket Cloud webhooks. The event type is the `X-Event-Key` header with a dot for each colon."""

from __future__ import annotations

from typing import Final

from ingest.adapter import Adapter, Headers
from ingest.adapters.bitbucket_cloud import issues
from ingest.adapters.bitbucket_cloud.changes import (
    approved,
    changes_request_removed,
    changes_requested,
    commented,
    created,
    fulfilled,
    rejected,
    unapproved,
    updated,
)
from ingest.adapters.bitbucket_cloud.pushes import push
from ingest.adapters.bitbucket_cloud.statuses import status_created, status_updated
from ingest.signatures import x_hub_signature
from ingest.vocabulary.delivery_ids import delivery_id


def _event_type(headers: Headers, _body: bytes) -> str:
    return headers.get("x-event-key", "").replace(":", ".")


def _delivery_id(headers: Headers, body: bytes) -> str:
    return delivery_id(headers.get("x-request-uuid"), body)


ADAPTER: Final = Adapter(
    tool="bitbucket_cloud",
    verify=x_hub_signature(),
    event_type=_event_type,
    delivery_id=_delivery_id,
    translate={
        "issue.created": issues.created,
        "issue.updated": issues.updated,
        "pullrequest.approved": approved,
        "pullrequest.changes_request_created": changes_requested,
        "pullrequest.changes_request_removed": changes_request_removed,
        "pullrequest.comment_created": commented,
        "pullrequest.created": created,
        "pullrequest.fulfilled": fulfilled,
        "pullrequest.rejected": rejected,
        "pullrequest.unapproved": unapproved,
        "pullrequest.updated": updated,
        "repo.commit_status_created": status_created,
        "repo.commit_status_updated": status_updated,
        "repo.push": push,
    },
    ignores=frozenset(
        {
            "issue.comment_created", "project.updated", "pullrequest.comment_deleted", "pullrequest.comment_reopened",
            "pullrequest.comment_resolved", "pullrequest.comment_updated", "pullrequest.push",
            "repo.commit_comment_created", "repo.created", "repo.deleted", "repo.fork", "repo.imported",
            "repo.transfer", "repo.updated",
        }
    ),
)  # fmt: skip
"""The adapter for Bitbucket Cloud."""
