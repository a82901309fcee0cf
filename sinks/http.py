"""The sink process's own pages: /metrics, /health/live, /health/ready."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest

from schemas.clock import Clock

Render = Callable[[int], Iterator[bytes]]
"""Yields the measured series as text, fresh at a time in microseconds UTC."""


def pages(registry: CollectorRegistry, render: Render, clock: Clock, is_ready: Callable[[], bool]) -> web.Application:
    """Return the application; between two pieces of the metrics page the loop takes its breath."""

    async def metrics(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})
        await response.prepare(request)
        for piece in render(clock()):
            await response.write(piece)
            await asyncio.sleep(0)
        await response.write(generate_latest(registry))
        await response.write_eof()
        return response

    async def live(_request: web.Request) -> web.Response:
        return web.json_response({"live": True})

    async def ready(_request: web.Request) -> web.Response:
        yes = is_ready()
        return web.json_response({"ready": yes}, status=200 if yes else 503)

    app = web.Application()
    app.router.add_get("/metrics", metrics)
    app.router.add_get("/health/live", live)
    app.router.add_get("/health/ready", ready)
    return app
