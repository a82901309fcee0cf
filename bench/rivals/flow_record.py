"""What both rivals make of a delivery, as such services commonly do: a dict from the decoded JSON, written by fastavro.

The same work as ours: one record a new commit or a pull request, keys looked for in branch, title and message, the
sender's id hashed, the newest FlowEvent schema in single-object encoding.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import re
from datetime import datetime
from typing import Any, Final

from fastavro import schemaless_writer

from bench.github_bodies import SECRET
from schemas.avro_schemas import newest
from schemas.event import FlowEvent

TOPIC: Final = "vsm.flow-events.v1"
_KEY: Final = re.compile(r"\b[A-Z][A-Z0-9]{1,9}-[1-9][0-9]{0,6}\b", re.IGNORECASE)
_SCHEMA: Final = newest(FlowEvent)


def verified(body: bytes, given: str | None) -> bool:
    """Tell whether GitHub signed the body."""
    expected = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return given is not None and hmac.compare_digest(expected, given)


def encoded(event: str, delivery: str, payload: dict[str, Any]) -> list[tuple[str, bytes]]:
    """Return each flow event's id and its Avro."""
    found = _of_push(payload) if event == "push" else _of_pull_request(payload)
    made = []
    for fact in found:
        record = _record(delivery, payload, fact)
        buffer = io.BytesIO()
        buffer.write(_SCHEMA.prefix)
        schemaless_writer(buffer, _SCHEMA.parsed, record)
        made.append((record["event_id"], buffer.getvalue()))
    return made


def _of_push(payload: dict[str, Any]) -> list[dict[str, Any]]:
    branch = payload["ref"].removeprefix("refs/heads/")
    return [
        {
            "type": "commit.created",
            "subject": f"commit:{commit['id']}",
            "at": commit["timestamp"],
            "url": commit["url"],
            "keys": {"key_in_message": commit["message"], "key_in_branch": branch},
            "branch": branch,
            "state": None,
        }
        for commit in payload["commits"]
        if commit["distinct"]
    ]


def _of_pull_request(payload: dict[str, Any]) -> list[dict[str, Any]]:
    pull = payload["pull_request"]
    return [
        {
            "type": "change.created",
            "subject": f"change:github.com/{payload['repository']['full_name']}/{pull['number']}",
            "at": pull["updated_at"],
            "url": pull["html_url"],
            "keys": {"key_in_title": pull["title"], "key_in_branch": pull["head"]["ref"]},
            "branch": pull["head"]["ref"],
            "state": "draft" if pull["draft"] else "ready",
        }
    ]


def _record(delivery: str, payload: dict[str, Any], fact: dict[str, Any]) -> dict[str, Any]:
    at = int(datetime.fromisoformat(fact["at"]).timestamp() * 1_000_000)
    links = [
        {"uri": f"ticket:*/{key.upper()}", "kind": "part_of", "method": method, "confidence": 1.0}
        for method, text in fact["keys"].items()
        for key in _KEY.findall(text)
    ]
    text = "\x1f".join(("github", fact["type"], fact["subject"], str(at)))
    return {
        "event_id": hashlib.sha256(text.encode()).hexdigest()[:32],
        "order": None,
        "type": fact["type"],
        "occurred_at": at,
        "received_at": int(datetime.now().astimezone().timestamp() * 1_000_000),
        "tool": "github",
        "source": "acme",
        "delivery_id": delivery,
        "value_stream": "checkout",
        "subject_id": fact["subject"],
        "subject_url": fact["url"],
        "links": links,
        "state": fact["state"],
        "outcome": None,
        "environment": None,
        "work_kind": None,
        "actor_class": "bot" if payload["sender"]["type"] == "Bot" else "human",
        "actor": hmac.new(b"k" * 32, str(payload["sender"]["id"]).encode(), hashlib.sha256).hexdigest()[:16],
        "quantities": {},
        "attributes": {"repository": f"github.com/{payload['repository']['full_name']}", "branch": fact["branch"]},
    }
