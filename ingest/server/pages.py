"""The paths that are read: health, the metrics page with its peers', and the description of the interface."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

import httpx
import msgspec
import structlog
from prometheus_client import CONTENT_TYPE_LATEST

from ingest.server.answers import Reply
from ingest.server.metrics_pages import merged
from ingest.server.openapi import document
from ingest.telemetry import Telemetry

_PEER_SECONDS: Final = 5.0
_TEXT: Final = (("content-type", CONTENT_TYPE_LATEST),)
_logger = structlog.get_logger(__name__)


class Pages:
    """Makes the pages. `problems` says why the process is not ready; empty: it is. `version` is the definition's."""

    def __init__(
        self,
        telemetry: Telemetry,
        peers: Sequence[str],
        problems: Callable[[], Sequence[str]],
        version: Callable[[], str],
    ) -> None:
        self._telemetry = telemetry
        self._peers = peers
        self._problems = problems
        self._version = version
        self._client = httpx.AsyncClient(timeout=_PEER_SECONDS, trust_env=False) if peers else None
        self._openapi = document()

    async def live(self) -> Reply:
        """200 as long as the loop turns."""
        return Reply(200, b'{"live":true}')

    async def ready(self) -> Reply:
        """200 when deliveries can be kept, else 503 with the reasons; and the definition that they are routed by."""
        problems = list(self._problems())
        body = msgspec.json.encode({"ready": not problems, "problems": problems, "definition": self._version()})
        return Reply(503 if problems else 200, body)

    async def openapi(self) -> Reply:
        """The OpenAPI 3.1 document."""
        return Reply(200, self._openapi)

    async def metrics(self) -> Reply:
        """Our page and those of the peers that answer."""
        fetched = await asyncio.gather(*[self._fetch(peer) for peer in self._peers])
        return Reply(200, merged([self._telemetry.page(), *[page for page in fetched if page is not None]]), _TEXT)

    async def close(self) -> None:
        """Release the connections to the peers."""
        if self._client is not None:
            await self._client.aclose()

    async def _fetch(self, peer: str) -> bytes | None:
        if self._client is None:
            return None
        try:
            answer = await self._client.get(peer, headers={"accept": "text/plain"})
            answer.raise_for_status()
        except httpx.HTTPError as bad:
            self._telemetry.peer_failures += 1
            _logger.warning("a peer's metrics page was not fetched", peer=peer, error=type(bad).__name__)
            return None
        return answer.content
