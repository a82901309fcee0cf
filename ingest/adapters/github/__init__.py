"""GitHub webhooks. The event type is the `X-GitHub-Event` header; actions are told apart inside."""

from __future__ import annotations

from typing import Final

from ingest.adapter import Adapter, Headers
from ingest.adapters.github.ignored import IGNORED
from ingest.adapters.github.pulls import pull_request
from ingest.adapters.github.pushes import push
from ingest.delivery_ids import body_hash
from ingest.signature import github


def _event_type(headers: Headers, _body: bytes) -> str:
    return headers.get("x-github-event", "")


def _delivery_id(headers: Headers, body: bytes) -> str:
    return headers.get("x-github-delivery") or body_hash(body)


ADAPTER: Final = Adapter(
    tool="github",
    verify=github(),
    event_type=_event_type,
    delivery_id=_delivery_id,
    translate={
        "pull_request": pull_request,
        "push": push,
    },
    ignores=IGNORED,
)
"""The adapter for GitHub (github.com and Enterprise Server)."""
