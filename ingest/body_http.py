"""Reads a request's body within its bounds: size, time, rate, and the memory of all bodies together."""

from __future__ import annotations

import asyncio
from typing import Final

from msgspec import Struct

from ingest.adapter import Headers
from ingest.inflate import TOO_LARGE, inflated
from ingest.limits import Load
from ingest.outcomes import Rejected
from ingest.rsgi import BROKEN, Exchange
from ingest.watchdog import Reading, Watchdog

TOO_SLOW: Final = "body came too slowly"
BAD_LENGTH: Final = "content length is malformed"
OVERLOADED: Final = "too much is waiting"
CUT_SHORT: Final = "body ended early"
_AT_ONCE_BYTES: Final = 65_536
_LENGTH_DIGITS: Final = 15


class Body(Struct, frozen=True):
    """A body as it was sent and as it reads; the same object when it was not compressed."""

    wire: bytes
    clear: bytes

    @property
    def held_bytes(self) -> int:
        """The memory it takes."""
        return len(self.wire) if self.wire is self.clear else len(self.wire) + len(self.clear)


class BodyReader:
    """Reads bodies for one server."""

    def __init__(self, most_bytes: int, watchdog: Watchdog, load: Load) -> None:
        self._most_bytes = most_bytes
        self._watchdog = watchdog
        self._load = load

    async def read(self, exchange: Exchange, headers: Headers) -> Body | Rejected:
        """Return the body, its bytes counted in the load until `release`; or why there is none."""
        length = headers.get("content-length", "")
        if length and not (length.isdecimal() and len(length) <= _LENGTH_DIGITS):
            return Rejected(400, BAD_LENGTH)
        if length and int(length) > self._most_bytes:
            return Rejected(413, TOO_LARGE)
        wire = await self._watched(exchange, at_once=bool(length) and int(length) <= _AT_ONCE_BYTES)
        if isinstance(wire, Rejected):
            return wire
        encoding = headers.get("content-encoding")
        clear = wire if encoding is None else inflated(wire, encoding, self._most_bytes)
        if isinstance(clear, Rejected):
            self._load.bytes -= len(wire)
            return clear
        if clear is not wire:
            self._load.bytes += len(clear)
        return Body(wire, clear)

    def release(self, body: Body) -> None:
        """Take a body's bytes out of the load."""
        self._load.bytes -= body.held_bytes

    async def _watched(self, exchange: Exchange, *, at_once: bool) -> bytes | Rejected:
        reading = self._watchdog.begin(asyncio.get_running_loop().time())
        try:
            if at_once:
                whole = await exchange()
                self._load.bytes += len(whole)
                wire: bytes | Rejected = whole
            else:
                wire = await self._streamed(exchange, reading)
        except asyncio.CancelledError:
            if not reading.given_up:
                raise
            wire = Rejected(408, TOO_SLOW)
        except BROKEN:
            wire = Rejected(400, CUT_SHORT)
        finally:
            self._watchdog.end(reading)
        return wire

    async def _streamed(self, exchange: Exchange, reading: Reading) -> bytes | Rejected:
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
            kept = True
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)
        finally:
            if not kept:
                load.bytes -= reading.received
