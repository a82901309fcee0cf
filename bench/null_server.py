"""The yardstick: the ingester's own HTTP server with a handler that reads the body and answers 202."""

from __future__ import annotations

import asyncio
import signal
import sys

import uvloop
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server

from ingest.server.rsgi import Exchange, Scope


async def application(_: Scope, exchange: Exchange) -> None:
    """Answer."""
    await exchange()
    exchange.response_bytes(202, [("content-type", "application/json")], b"{}")


async def _main(port: int) -> None:
    server = Server(
        application, address="127.0.0.1", port=port, interface=Interfaces.RSGI, http=HTTPModes.http1, websockets=False,
        backlog=2_048, backpressure=2_048, log_enabled=False,
        http1_settings=HTTP1Settings(header_read_timeout=8_000, max_buffer_size=65_536),
    )  # fmt: skip
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, server.stop)
    await server.serve()


if __name__ == "__main__":
    uvloop.run(_main(int(sys.argv[1])))
