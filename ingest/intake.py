"""What becomes of a request that was read: decide, keep, answer, count. The only place where deciding meets waiting."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Final

import structlog
from msgspec import Struct, structs

from ingest.adapter import Delivery, Headers, Ignored
from ingest.connections import Connections
from ingest.dead_letters import Refused
from ingest.outbox import Outbox
from ingest.outcomes import Accepted, Received, Rejected
from ingest.receive import Connection, dead_lettered, refused, translated
from ingest.records import Pending, records
from ingest.routing import Router
from ingest.server import answers
from ingest.server.answers import Reply
from ingest.server.large_work import beside_the_loop
from ingest.server.limits import Allowed
from ingest.signatures import WRONG
from ingest.telemetry import Telemetry
from schemas.codec import BadRecord, Codec
from schemas.log import LogUnavailable, RecordRefused

UNAVAILABLE: Final = "the log is away"
TOO_OFTEN: Final = "over the source's rate limit"
UNTRANSLATABLE: Final = "untranslatable"
RETRY_AFTER_SECONDS: Final = 5

Decide = Callable[[Delivery, Connection, Router], Received]
"""Translates and routes a delivery that may come in."""

Open = Callable[[bytes, Headers], AbstractAsyncContextManager[bytes | Rejected]]
"""Gives what a body with these headers stands for once inflated, or why it stands for nothing."""

_logger = structlog.get_logger(__name__)


class Live(Struct, frozen=True, kw_only=True):
    """What a reload replaces as a whole: the connections and their rate limits."""

    connections: Connections
    allowed: Mapping[tuple[str, str], Allowed]


def live(connections: Connections, before: Live | None = None) -> Live:
    """Return connections with their limits; a limit that is as it was `before` stays as far used up as it was."""
    known = {} if before is None else before.allowed
    allowed = {}
    for at, connection in connections.items():
        old = known.get(at)
        same = old is not None and old.allowance == connection.allowance
        allowed[at] = old if old is not None and same else Allowed(connection.allowance)
    return Live(connections=connections, allowed=allowed)


class Intake:
    """Takes deliveries in. `now_seconds` is monotonic."""

    def __init__(
        self,
        *,
        router: Router,
        codec: Codec,
        outbox: Outbox,
        telemetry: Telemetry,
        now_seconds: Callable[[], float],
        opened: Open,
        live: Live,
    ) -> None:
        self.live = live
        self.router = router
        self._codec = codec
        self._outbox = outbox
        self._telemetry = telemetry
        self._now_seconds = now_seconds
        self._opened = opened

    async def take(self, delivery: Delivery, connection: Connection, decide: Decide = translated) -> Reply:
        """Decide one delivery with its body as it was sent, keep what is to be kept, and answer.

        A signature is over the bytes that were sent or over what they stand for. A compressed body is inflated only
        where the former holds, or its well-formed signature may yet hold for the latter.
        """
        refusal = await self._refused(delivery, connection)
        if "content-encoding" in delivery.headers and (refusal is None or refusal.reason == WRONG):
            return await self._inflated(delivery, connection, decide, proven=refusal is None)
        if refusal is not None:
            return self._reject(delivery, refusal)
        return await self._proven(delivery, connection, decide)

    async def _inflated(self, delivery: Delivery, connection: Connection, decide: Decide, *, proven: bool) -> Reply:
        async with self._opened(delivery.body, delivery.headers) as body:
            if isinstance(body, Rejected):
                return self._reject(delivery, body)
            clear = structs.replace(delivery, body=body)
            refusal = None if proven else await self._refused(clear, connection)
            if refusal is not None:
                return self._reject(delivery, refusal)
            return await self._proven(clear, connection, decide)

    async def _refused(self, delivery: Delivery, connection: Connection) -> Rejected | None:
        return await beside_the_loop(delivery.body, refused, delivery, connection)

    async def _proven(self, delivery: Delivery, connection: Connection, decide: Decide) -> Reply:
        allowed = self.live.allowed.get((delivery.tool, delivery.source))
        if allowed is not None and (wait := allowed.wait_seconds(self._now_seconds())) > 0:
            self._telemetry.delivered(delivery.tool, delivery.source, "rejected", TOO_OFTEN)
            return answers.unavailable(TOO_OFTEN, math.ceil(wait), status=429)
        outcome = await beside_the_loop(delivery.body, decide, delivery, connection, self.router)
        return await self._settle(delivery, connection, outcome)

    async def keep(self, made: list[Pending]) -> None:
        """Return when records are durable. Raises LogUnavailable, RecordRefused."""
        started = self._now_seconds()
        await self._outbox.keep(made)
        self._telemetry.acknowledged(self._now_seconds() - started)

    async def _settle(self, delivery: Delivery, connection: Connection, outcome: Received) -> Reply:
        if isinstance(outcome, Rejected):
            return self._reject(delivery, outcome)
        if isinstance(outcome, Ignored):
            self._telemetry.delivered(delivery.tool, delivery.source, "ignored", outcome.reason)
            return answers.ignored(outcome, connection.adapter.taken)
        try:
            try:
                await self.keep(records(outcome, self._codec))
            except (BadRecord, RecordRefused) as bad:
                why = Refused(detail=str(bad))
                outcome = await beside_the_loop(delivery.body, dead_lettered, delivery, connection, why)
                await self.keep(records(outcome, self._codec))
        except (LogUnavailable, RecordRefused) as bad:
            return self._unavailable(delivery, bad)
        if isinstance(outcome, Accepted):
            self._telemetry.delivered(delivery.tool, delivery.source, "accepted", None)
            for event in outcome.events:
                self._telemetry.events[event.value_stream] += 1
            return answers.accepted(outcome, connection.adapter.taken)
        self._telemetry.delivered(delivery.tool, delivery.source, "dead_lettered", UNTRANSLATABLE)
        _logger.info(
            "a delivery was dead-lettered",
            tool=delivery.tool, source=delivery.source, reason=outcome.reason,
            dead_letter_id=outcome.letters[0].letter.dead_letter_id,
        )  # fmt: skip
        return answers.dead_lettered(outcome, connection.adapter.taken)

    def _reject(self, delivery: Delivery, outcome: Rejected) -> Reply:
        self._telemetry.delivered(delivery.tool, delivery.source, "rejected", outcome.reason)
        return answers.rejected(outcome)

    def _unavailable(self, delivery: Delivery, bad: Exception) -> Reply:
        self._telemetry.delivered(delivery.tool, delivery.source, "unavailable", UNAVAILABLE)
        if isinstance(bad, RecordRefused):
            _logger.error("a dead letter was refused", tool=delivery.tool, source=delivery.source, error=str(bad))
        return answers.unavailable(UNAVAILABLE, RETRY_AFTER_SECONDS)
