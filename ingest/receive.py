"""The whole decision about a delivery; pure: delivery, connection and router in, one outcome out, never raising."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from ingest.adapter import Adapter, Context, Delivery, Ignored, Untranslatable
from ingest.dead_letters import Refused, dead_letter
from ingest.outcomes import Accepted, DeadLettered, Received, Rejected
from ingest.routing import Router
from ingest.server.limits import Allowance
from schemas.definition import SILENT_AFTER_SECONDS
from schemas.event import FlowEvent

NOT_OF_INTEREST: Final = "event type is not of interest"
UNKNOWN_TYPE: Final = "event type is not known"
NOTHING_IN_IT: Final = "the delivery holds nothing of interest"
NOT_JSON: Final = "body is not JSON"
TOO_DEEP: Final = "body is nested too deep"
WRONG_CONTENT_TYPE: Final = "content type must be application/json"

_QUOTED: Final = re.compile(r"'[^']*'|\"[^\"]*\"")
_CONTENT_TYPE: Final = re.compile(
    r"\s*application/(?:json|[a-z0-9.!#$&^_-]+\+json)\s*(?:;\s*charset\s*=\s*\"?utf-?8\"?\s*)?(?:;.*)?", re.IGNORECASE
)
_CHARSET: Final = re.compile(r";\s*charset\s*=\s*\"?(?!utf-?8\"?\s*(?:;|$))", re.IGNORECASE)
BROKEN: Final = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)
"""What a body of an unforeseen shape makes a translation raise."""


class Connection(Struct, frozen=True, kw_only=True):
    """A configured source, ready to use: its adapter, live secrets and what translations may know.

    `insecure`: it takes deliveries without proof of their own. A source with a secret never does, even if that cannot
    be read. `public_url`: the address that its tool signs, None for the one that arrives.
    """

    adapter: Adapter
    source: str
    secrets: tuple[bytes, ...]
    insecure: bool
    pseudonym: Callable[[str], str]
    environment: Callable[[str], str]
    identity_key: bytes
    allowance: Allowance = Allowance()
    silent_after_seconds: float = SILENT_AFTER_SECONDS
    public_url: str | None = None


def receive(delivery: Delivery, connection: Connection, router: Router) -> Received:
    """Decide one webhook delivery: verify the raw body, translate, route."""
    return refused(delivery, connection) or translated(delivery, connection, router)


def refused(delivery: Delivery, connection: Connection) -> Rejected | None:
    """Return why a delivery may not come in (content type, signature), or None when it may."""
    if not is_json_type(delivery.headers.get("content-type", "")):
        return Rejected(415, WRONG_CONTENT_TYPE)
    if connection.insecure:
        return None
    reason = connection.adapter.verify(delivery, connection.secrets)
    return None if reason is None else Rejected(401, reason)


def translated(delivery: Delivery, connection: Connection, router: Router) -> Received:
    """Translate and route a delivery that may come in. Never raises for any body."""
    adapter, event_type, delivery_id = connection.adapter, "", ""
    try:
        event_type = adapter.event_type(delivery.headers, delivery.body)
        translate = adapter.translate.get(event_type)
        if translate is None:
            ignored = Ignored(NOT_OF_INTEREST if event_type in adapter.ignores else UNKNOWN_TYPE)
            return json_problem(delivery.body) or ignored
        delivery_id = adapter.delivery_id(delivery.headers, delivery.body)
        found = translate(delivery.body, _context(delivery, connection, delivery_id, router))
    except BROKEN as broken:
        why = Refused(detail=_told(broken), event_type=event_type, delivery_id=delivery_id)
        return json_problem(delivery.body) or dead_lettered(delivery, connection, why)
    if isinstance(found, Ignored):
        return found
    return routed(found, router)


def routed(events: Sequence[FlowEvent], router: Router) -> Accepted | Ignored:
    """Address events to the streams that claim them; none at all is ignored."""
    if not events:
        return Ignored(NOTHING_IN_IT)
    return Accepted(events=tuple([copy for event in events for copy in router.route(event)]))


def dead_lettered(delivery: Delivery, connection: Connection, why: Refused) -> DeadLettered:
    """Return the outcome that keeps the whole delivery."""
    letter = dead_letter(delivery, why, connection.secrets, connection.identity_key)
    return DeadLettered(letters=(letter,), reason=why.detail)


def json_problem(body: bytes) -> Rejected | None:
    """Return why a body is no JSON text that we read (RFC 8259: UTF-8, no NaN; nesting below a thousand), or None."""
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
        if not body.isascii():
            body.decode()
    except RecursionError:
        return Rejected(400, TOO_DEEP)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Rejected(400, NOT_JSON)
    return None


def is_json_type(content_type: str) -> bool:
    """Tell whether a content type is JSON in UTF-8: application/json, or any application/...+json."""
    return content_type == "application/json" or (
        _CONTENT_TYPE.fullmatch(content_type) is not None and _CHARSET.search(content_type) is None
    )


def _context(delivery: Delivery, connection: Connection, delivery_id: str, router: Router) -> Context:
    return Context(
        tool=connection.adapter.tool,
        source=delivery.source,
        delivery_id=delivery_id,
        received_at=delivery.received_at,
        headers=delivery.headers,
        pseudonym=connection.pseudonym,
        environment=connection.environment,
        tells_paths=router.reads_paths,
    )


def _told(broken: Exception) -> str:
    """Return what is wrong with a body without any value of it."""
    if isinstance(broken, Untranslatable):
        return str(broken)
    if isinstance(broken, msgspec.ValidationError):
        return _QUOTED.sub("'...'", str(broken))
    return f"the translation failed: {type(broken).__name__}"
