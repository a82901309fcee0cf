"""Reads a request's body within its bounds (size, time, rate, the memory of all bodies together) and opens it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from ingest.adapter import Headers
from ingest.outcomes import Rejected
from ingest.server.inflate import TOO_LARGE, inflated
from ingest.server.limits import Load
from ingest.server.rsgi import BROKEN, Exchange
from ingest.server.watchdog import Reading, Watchdog

TOO_SLOW: Final = "body came too slowly"
BAD_LENGTH: Final = "content length is malformed"
OVERLOADED: Final = "too much is waiting"
CUT_SHORT: Final = "body ended early"
_AT_ONCE_BYTES: Final = 65_536
_LENGTH_DIGITS: Final = 15
_OPENED_AT_ONCE: Final = 2
"""How many compressed bodies are inflated at once; each takes a core, and memory before it is counted."""


class BodyReader:
    """Reads bodies for one server."""

    def __init__(self, most_bytes: int, watchdog: Watchdog, load: Load) -> None:
        self._most_bytes = most_bytes
        self._watchdog = watchdog
        self._load = load
        self._opening = asyncio.Semaphore(_OPENED_AT_ONCE)

    async def read(self, exchange: Exchange, headers: Headers) -> bytes | Rejected:
        """Return the body as it was sent, its bytes counted in the load until `release`; or why there is none."""
        length = headers.get("content-length", "")
        if length and not (length.isdecimal() and len(length) <= _LENGTH_DIGITS):
            return Rejected(400, BAD_LENGTH)
        if length and int(length) > self._most_bytes:
            return Rejected(413, TOO_LARGE)
        reading = self._watchdog.begin(asyncio.get_running_loop().time())
        try:
            if length and int(length) <= _AT_ONCE_BYTES:
                whole = await exchange()
                self._load.bytes += len(whole)
                return whole
            return await self._streamed(exchange, reading, int(length) if length else None)
        except asyncio.CancelledError:
            if not reading.given_up:
                raise
            return Rejected(408, TOO_SLOW)
        except BROKEN:
            return Rejected(400, CUT_SHORT)
        finally:
            self._watchdog.end(reading)

    def release(self, body: bytes) -> None:
        """Take the bytes of a body that was read out of the load."""
        self._load.bytes -= len(body)

    @asynccontextmanager
    async def opened(self, body: bytes, headers: Headers) -> AsyncIterator[bytes | Rejected]:
        """Give what a body stands for, counted in the load meanwhile, or why it stands for nothing.

        A body that is not compressed stands for itself. Inflating costs the sender next to nothing and us much: it is
        done beside the loop, and is to be asked for only where something speaks for the sender.
        """
        encoding = headers.get("content-encoding")
        if encoding is None:
            yield body
            return
        async with self._opening:
            clear = await asyncio.to_thread(inflated, body, encoding, self._most_bytes)
        size = len(clear) if isinstance(clear, bytes) else 0
        self._load.bytes += size
        try:
            yield clear
        finally:
            self._load.bytes -= size

    async def _streamed(self, exchange: Exchange, reading: Reading, length: int | None) -> bytes | Rejected:
        """Read piece by piece. The server ends a body that broke off as if it were whole: its length tells."""
        chunks: list[bytes] = []
        load = self._load
        kept = False
        try:
            async for chunk in exchange:
                reading.received += len(chunk)
                load.bytes += len(chunk)
                chunks.append(chunk)
                if reading.received > self._most_bytes:
                    return Rejected(413, TOO_LARGE)
                if load.full_of_bytes:
                    return Rejected(503, OVERLOADED)
            if length is not None and reading.received != length:
                return Rejected(400, CUT_SHORT)
            kept = True
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)
        finally:
            if not kept:
                load.bytes -= reading.received
