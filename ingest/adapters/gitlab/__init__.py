"""GitLab webhooks of projects, groups and the instance (system hooks); gitlab.com and self-managed.

The event type is the `X-Gitlab-Event` header without its `Hook`; to a system hook the body says it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import msgspec
from msgspec import Struct

from ingest.adapter import Adapter, Headers
from ingest.adapters.gitlab.deployments import deployment, release
from ingest.adapters.gitlab.ignored import IGNORED
from ingest.adapters.gitlab.issues import issue
from ingest.adapters.gitlab.merge_requests import merge_request
from ingest.adapters.gitlab.notes import note
from ingest.adapters.gitlab.pipelines import pipeline
from ingest.adapters.gitlab.pushes import push
from ingest.signatures import any_of, standard_webhooks, token_header
from ingest.vocabulary.delivery_ids import delivery_id

_SYSTEM: Final = "System Hook"
_SAME: Final = {"build": "job", "work_item": "issue"}
"""Other words for an event."""

_LONGEST: Final = 64


class _Envelope(Struct, frozen=True):
    object_kind: str = ""
    event_name: str = ""


_envelope: Final = msgspec.json.Decoder(_Envelope).decode


def _event_type(headers: Headers, body: bytes) -> str:
    told = headers.get("x-gitlab-event", "")
    if told != _SYSTEM:
        return _of_header(told[:_LONGEST])
    envelope = _envelope(body)
    name = envelope.object_kind or envelope.event_name
    return _SAME.get(name, name)


@lru_cache(maxsize=256)
def _of_header(told: str) -> str:
    """Return `merge_request` of `Merge Request Hook`; what is confidential is the same event."""
    name = told.removeprefix("Confidential ").removesuffix(" Hook").lower().replace(" ", "_")
    return _SAME.get(name, name)


def _delivery_id(headers: Headers, body: bytes) -> str:
    """Return the id that stays the same when GitLab sends again; `X-Gitlab-Event-UUID` is one for a chain of hooks."""
    return delivery_id(headers.get("idempotency-key") or headers.get("x-gitlab-event-uuid"), body)


ADAPTER: Final = Adapter(
    tool="gitlab",
    verify=any_of(token_header("x-gitlab-token"), standard_webhooks()),
    event_type=_event_type,
    delivery_id=_delivery_id,
    translate={
        "deployment": deployment,
        "issue": issue,
        "merge_request": merge_request,
        "note": note,
        "pipeline": pipeline,
        "push": push,
        "release": release,
    },
    ignores=IGNORED,
)
"""The adapter for GitLab."""
