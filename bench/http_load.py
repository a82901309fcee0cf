"""A steady HTTP load in a process of its own: so many keep-alive connections, one request each at a time.

`python -m bench.http_load PORT PATH CASE COUNT`: prints how many were answered 202, and exits.
"""

from __future__ import annotations

import asyncio
import re
import sys
from itertools import cycle
from typing import Final, cast

import uvloop

from bench.github_bodies import CASES, request

CONNECTIONS: Final = 32
_DISTINCT: Final = 400
_LENGTH: Final = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


class Sender(asyncio.Protocol):
    """One connection; sends the next request when the last is answered."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._transport: asyncio.Transport | None = None
        self._heard = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        """Once an answer is whole, count it and send the next."""
        self._heard += data
        head, end, body = self._heard.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not end or (length is not None and len(body) < int(length[1])):
            return
        self._heard = b""
        self._load.taken += head.startswith(b"HTTP/1.1 202")
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell that one connection is done."""
        del exc
        self._load.done()

    def _send(self) -> None:
        following = self._load.following()
        if self._transport is not None:
            if following is None:
                self._transport.close()
            else:
                self._transport.write(following)


class Load:
    """What is still to be sent."""

    def __init__(self, requests: list[bytes], count: int, ended: asyncio.Event) -> None:
        self._requests = cycle(requests)
        self._left = count
        self._open = CONNECTIONS
        self._ended = ended
        self.taken = 0

    def following(self) -> bytes | None:
        """Return the next request, or None when all are sent."""
        self._left -= 1
        return next(self._requests) if self._left >= 0 else None

    def done(self) -> None:
        """One connection is closed."""
        self._open -= 1
        if not self._open:
            self._ended.set()


async def _main(port: int, path: str, case: str, count: int) -> int:
    event, body = CASES[case]
    load = Load([request(path, event, body(n), n) for n in range(_DISTINCT)], count, asyncio.Event())
    loop = asyncio.get_running_loop()
    for _ in range(CONNECTIONS):
        await loop.create_connection(lambda: Sender(load), "127.0.0.1", port)
    await load._ended.wait()  # noqa: SLF001 - of this module
    return load.taken


if __name__ == "__main__":
    print(uvloop.run(_main(int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]))))
