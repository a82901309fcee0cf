"""The way in of imports and corrections: a bearer token, known streams, whole or not at all."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

import structlog
from msgspec import Struct

from ingest.adapter import Delivery, Headers
from ingest.corrections import corrections
from ingest.imports import Pseudonym, Refusal, imported
from ingest.intake import RETRY_AFTER_SECONDS, UNAVAILABLE, Intake
from ingest.outcomes import Accepted, Rejected
from ingest.records import records
from ingest.server import answers
from ingest.server.answers import Reply
from ingest.server.large_work import beside_the_loop
from ingest.server.routes import Kind, Route
from ingest.signatures import bearer_token
from ingest.telemetry import Telemetry
from schemas.codec import BadRecord, Codec
from schemas.event import FlowEvent
from schemas.log import LogUnavailable, RecordRefused

TOOL: Final = "import"
LINKS: Final = "links"
"""What corrections are counted as."""

REFUSED: Final = "corrections are malformed"
"""Why corrections are refused, as it is counted: what is wrong with them goes to the sender alone."""

NO_LENGTH: Final = "an import must say its length"
"""What breaks off at the end of a line is no less well formed: without the length nobody could tell."""

WRONG_CONTENT_TYPE: Final = "content type must be application/json or application/x-ndjson"
_CONTENT_TYPE: Final = re.compile(
    r"application/(?:json|jsonl|x-ndjson|ndjson)\s*(?:;\s*charset=\"?utf-8\"?\s*)?", re.IGNORECASE
)
_VERIFY: Final = bearer_token()
_logger = structlog.get_logger(__name__)


class Rules(Struct, frozen=True, kw_only=True):
    """What imports are held to: live tokens (none: nothing is let in), known streams, facts a request."""

    tokens: Callable[[], Sequence[bytes]]
    streams: Callable[[], tuple[str, ...]]
    most_facts: int
    pseudonym: Pseudonym


class FactImporter:
    """Takes imports and corrections in."""

    def __init__(self, rules: Rules, intake: Intake, codec: Codec, telemetry: Telemetry) -> None:
        self._rules = rules
        self._intake = intake
        self._codec = codec
        self._telemetry = telemetry

    def refuse(self, route: Route, headers: Headers) -> Rejected | None:
        """Return why a request may not come in (token, stream, content type), or None."""
        stream = route.name
        request = Delivery(tool=TOOL, source=stream, headers=headers, body=b"", url="", received_at=0)
        reason = _VERIFY(request, self._rules.tokens())
        if reason is not None:
            return Rejected(401, reason)
        if route.kind is Kind.IMPORT and stream not in self._rules.streams():
            known = ", ".join(self._rules.streams()) or "none"
            return Rejected(404, f"there is no value stream of this name; there are: {known}")
        if _CONTENT_TYPE.fullmatch(headers.get("content-type", "")) is None:
            return Rejected(415, WRONG_CONTENT_TYPE)
        if route.kind is Kind.IMPORT and "content-length" not in headers:
            return Rejected(411, NO_LENGTH)
        return None

    async def take(self, route: Route, body: bytes, received_at: int) -> Reply:
        """Write all facts of a body, or none when any is malformed."""
        rules = self._rules
        if route.kind is Kind.LINKS:
            found = await beside_the_loop(body, corrections, body, rules.streams(), received_at, rules.pseudonym)
            return await self._keep(LINKS, LINKS, found)
        given = route.name, body, received_at, rules.pseudonym, rules.most_facts
        return await self._keep(TOOL, route.name, await beside_the_loop(body, imported, *given))

    async def _keep(self, tool: str, name: str, found: Sequence[FlowEvent] | Refusal) -> Reply:
        if isinstance(found, Refusal):
            self._telemetry.delivered(tool, name, "rejected", REFUSED if tool == LINKS else found.reason)
            return answers.rejected(Rejected(found.status, _told(found)))
        outcome = Accepted(events=tuple(found))
        try:
            await self._intake.keep(records(outcome, self._codec))
        except (BadRecord, RecordRefused) as bad:
            self._telemetry.delivered(tool, name, "rejected", "a fact cannot be kept")
            return answers.rejected(Rejected(400, f"a fact cannot be kept: {bad}"))
        except LogUnavailable:
            self._telemetry.delivered(tool, name, "unavailable", UNAVAILABLE)
            return answers.unavailable(UNAVAILABLE, RETRY_AFTER_SECONDS)
        self._telemetry.delivered(tool, name, "accepted", None)
        for event in found:
            self._telemetry.events[event.value_stream] += 1
        return answers.accepted(outcome)


def _told(refusal: Refusal) -> str:
    if not refusal.errors:
        return refusal.reason
    lines = "; ".join(f"line {error.line}: {error.reason}" for error in refusal.errors)
    more = refusal.bad - len(refusal.errors)
    return f"{lines}; and {more} more" if more else lines
