"""Bitbucket Data Center (and Server) webhooks. The event type is the `X-Event-Key` header with a dot for each colon."""

from __future__ import annotations

from typing import Final

from ingest.adapter import Adapter, Headers
from ingest.adapters.bitbucket_server import changes
from ingest.adapters.bitbucket_server.pushes import refs_changed
from ingest.signatures import any_of, basic_auth, x_hub_signature
from ingest.vocabulary.delivery_ids import delivery_id


def _event_type(headers: Headers, _body: bytes) -> str:
    return headers.get("x-event-key", "").replace(":", ".")


def _delivery_id(headers: Headers, body: bytes) -> str:
    return delivery_id(headers.get("x-request-id"), body)


ADAPTER: Final = Adapter(
    tool="bitbucket_server",
    verify=any_of(x_hub_signature(), basic_auth()),
    event_type=_event_type,
    delivery_id=_delivery_id,
    translate={
        "pr.comment.added": changes.commented,
        "pr.declined": changes.declined,
        "pr.deleted": changes.deleted,
        "pr.from_ref_updated": changes.source_updated,
        "pr.merged": changes.merged,
        "pr.modified": changes.modified,
        "pr.opened": changes.opened,
        "pr.reviewer.approved": changes.approved,
        "pr.reviewer.changes_requested": changes.needs_work,
        "pr.reviewer.needs_work": changes.needs_work,
        "pr.reviewer.unapproved": changes.unapproved,
        "pr.reviewer.updated": changes.reviewers_updated,
        "pr.to_ref_updated": changes.target_updated,
        "repo.refs_changed": refs_changed,
    },
    ignores=frozenset(
        {
            "diagnostics.ping", "mirror.repo_synchronized", "pr.comment.deleted", "pr.comment.edited",
            "project.modified", "repo.comment.added", "repo.comment.deleted", "repo.comment.edited", "repo.forked",
            "repo.modified", "repo.secret_deleted", "repo.secret_detected",
        }
    ),
)  # fmt: skip
"""The adapter for Bitbucket Data Center and Server."""
