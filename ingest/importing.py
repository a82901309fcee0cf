"""The import route's way in: a bearer token, a known stream, whole or not at all."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

import structlog
from msgspec import Struct

from ingest import answers
from ingest.adapter import Delivery, Headers
from ingest.answers import Reply
from ingest.imports import Pseudonym, Refusal, imported
from ingest.intake import RETRY_AFTER_SECONDS, UNAVAILABLE, Intake
from ingest.large_work import beside_the_loop
from ingest.outcomes import Accepted, Rejected
from ingest.records import records
from ingest.signatures import bearer_token
from ingest.telemetry import Telemetry
from schemas.codec import BadRecord, Codec
from schemas.log import LogUnavailable, RecordRefused

TOOL: Final = "import"
WRONG_CONTENT_TYPE: Final = "content type must be application/json or application/x-ndjson"
_CONTENT_TYPE: Final = re.compile(
    r"application/(?:json|jsonl|x-ndjson|ndjson)\s*(?:;\s*charset=\"?utf-8\"?\s*)?", re.IGNORECASE
)
_VERIFY: Final = bearer_token()
_logger = structlog.get_logger(__name__)


class Rules(Struct, frozen=True, kw_only=True):
    """What imports are held to: live tokens (none: nothing is let in), known streams, facts a request."""

    tokens: Callable[[], Sequence[bytes]]
    streams: tuple[str, ...]
    most_facts: int
    pseudonym: Pseudonym


class FactImporter:
    """Takes import requests in."""

    def __init__(self, rules: Rules, intake: Intake, codec: Codec, telemetry: Telemetry) -> None:
        self._rules = rules
        self._intake = intake
        self._codec = codec
        self._telemetry = telemetry

    def refuse(self, stream: str, headers: Headers) -> Rejected | None:
        """Return why a request may not come in (token, stream, content type), or None."""
        request = Delivery(tool=TOOL, source=stream, headers=headers, body=b"", url="", received_at=0)
        reason = _VERIFY(request, self._rules.tokens())
        if reason is not None:
            return Rejected(401, reason)
        if stream not in self._rules.streams:
            known = ", ".join(self._rules.streams) or "none"
            return Rejected(404, f"there is no value stream of this name; there are: {known}")
        if _CONTENT_TYPE.fullmatch(headers.get("content-type", "")) is None:
            return Rejected(415, WRONG_CONTENT_TYPE)
        return None

    async def take(self, stream: str, body: bytes, received_at: int) -> Reply:
        """Write all facts of a body, or none when any is malformed."""
        rules = self._rules
        given = stream, body, received_at, rules.pseudonym, rules.most_facts
        found = await beside_the_loop(body, imported, *given)
        if isinstance(found, Refusal):
            self._telemetry.delivered(TOOL, stream, "rejected", found.reason)
            return answers.rejected(Rejected(found.status, _told(found)))
        outcome = Accepted(events=found)
        try:
            await self._intake.keep(records(outcome, self._codec))
        except (BadRecord, RecordRefused) as bad:
            self._telemetry.delivered(TOOL, stream, "rejected", "a fact cannot be kept")
            return answers.rejected(Rejected(400, f"a fact cannot be kept: {bad}"))
        except LogUnavailable:
            self._telemetry.delivered(TOOL, stream, "unavailable", UNAVAILABLE)
            return answers.unavailable(UNAVAILABLE, RETRY_AFTER_SECONDS)
        self._telemetry.delivered(TOOL, stream, "accepted", None)
        self._telemetry.events[stream] += len(found)
        return answers.accepted(outcome)


def _told(refusal: Refusal) -> str:
    if not refusal.errors:
        return refusal.reason
    lines = "; ".join(f"line {error.line}: {error.reason}" for error in refusal.errors)
    more = refusal.bad - len(refusal.errors)
    return f"{lines}; and {more} more" if more else lines
