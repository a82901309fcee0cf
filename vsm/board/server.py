"""The board process: answers questions over HTTP from a read-only store, few at a time and none for too long."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import msgspec
import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, generate_latest

from insights.explain.naming import Unasked
from metrics.recompute import NotFromRows
from schemas.definition_file import BadDefinition
from vsm.board.openapi import described
from vsm.board.reader import Reader
from vsm.board.routes import ROUTES, Route
from vsm.board.settings import Settings
from vsm.data_dir import DataDir
from vsm.generation import definition_in_use
from vsm.store import BadQuery, NoSuchStream, StoreMissing, open_store

_T = TypeVar("_T")

_logger = structlog.get_logger(__name__)

_OF_ITS_SECONDS: Final = 0.4
"""After this share of its seconds a question that can be answered in part is: what is at hand takes as long again."""
_ALIVE_SQL: Final = "SELECT count() AS streams FROM vsm.active"


class Board:
    """The application and what it answers from."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._free = asyncio.Semaphore(settings.board_questions)
        self._looking = asyncio.Semaphore(1)
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "vsm_board_requests", "Questions answered.", ["route", "status"], registry=self._registry
        )

    def application(self) -> web.Application:
        """Return the application with every route."""
        app = web.Application(middlewares=[_as_json])
        for route in ROUTES:
            app.router.add_get(route.path, self._handler(route))
        document = msgspec.json.encode(described(ROUTES))
        app.router.add_get("/openapi.json", _page(document, "application/json"))
        app.router.add_get("/health/live", _page(b'{"live":true}', "application/json"))
        app.router.add_get("/health/ready", self._ready)
        app.router.add_get("/metrics", self._metrics)
        return app

    def _handler(self, route: Route) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            status, body = await self._answered(route, {**request.query, **request.match_info})
            self._requests.labels(route.path, str(status)).inc()
            return web.Response(body=body, status=status, content_type="application/json")

        return handle

    async def _answered(self, route: Route, said: dict[str, str]) -> tuple[int, bytes]:
        strange = sorted(set(said) - set(route.query) - {"stream"})
        missing = [name for name in route.required if not said.get(name)]
        if strange:
            return 400, _error(f"'{strange[0][:40]}' is nothing to ask by; known: {', '.join(route.query)}")
        if missing:
            return 400, _error(f"'{missing[0]}' is missing")
        seconds = self._settings.board_seconds
        late = partial(_passed, time.monotonic() + _OF_ITS_SECONDS * seconds)
        try:
            async with asyncio.timeout(seconds):
                return await _in_turn(self._free, lambda: self._answer(route, said, late))
        except TimeoutError:
            return 504, _error("the answer took too long: ask for a shorter window, or again later")

    def _answer(self, route: Route, said: dict[str, str], late: Callable[[], bool]) -> tuple[int, bytes]:
        settings = self._settings
        try:
            with open_store(settings.data, settings.clickhouse.get_secret_value() or None) as store:
                definition = definition_in_use(DataDir(settings.data), _given(settings.config))
                reader = Reader(store, definition, settings.board_items, late)
                return 200, msgspec.json.encode(route.answer(reader, said))
        except NoSuchStream as unknown:
            return 404, _error(str(unknown))
        except (Unasked, NotFromRows) as wrong:
            return 400, _error(str(wrong))
        except (StoreMissing, BadQuery, BadDefinition, OSError) as away:
            _logger.warning("a question was not answered", route=route.path, error=str(away))
            return 503, _error("the tables or the definition cannot be read now: `vsm doctor` says what to mend")
        except Exception:  # a fault of ours is told and counted as every other answer is
            _logger.exception("a question could not be answered", route=route.path)
            return 500, _error("this cannot be answered for a fault of the board: its log says which")

    async def _ready(self, _request: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(self._settings.board_seconds):
                yes = await _in_turn(self._looking, self._reads)
        except TimeoutError:
            yes = False
        return web.json_response({"ready": yes}, status=200 if yes else 503)

    def _reads(self) -> bool:
        settings = self._settings
        try:
            with open_store(settings.data, settings.clickhouse.get_secret_value() or None) as store:
                return bool(store.query(_ALIVE_SQL))
        except (StoreMissing, BadQuery):
            return False

    async def _metrics(self, _request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(self._registry), content_type="text/plain", charset="utf-8")


def _passed(monotonic: float) -> bool:
    return time.monotonic() >= monotonic


async def _in_turn(free: asyncio.Semaphore, work: Callable[[], _T]) -> _T:
    """Run what blocks in a thread, so many at once; a thread that nobody waits for any more keeps its turn."""
    await free.acquire()
    running = asyncio.ensure_future(asyncio.to_thread(work))
    running.add_done_callback(lambda _: free.release())
    return await asyncio.shield(running)


def main(settings: Settings) -> None:
    """Answer until SIGTERM or SIGINT."""
    asyncio.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    runner = web.AppRunner(Board(settings).application(), access_log=None)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await runner.setup()
    try:
        await web.TCPSite(runner, settings.host, settings.board_port).start()
        await stop.wait()
    finally:
        await runner.cleanup()


def _given(config: Path | None) -> Path | None:
    return config if config is not None and config.is_file() else None


def _page(body: bytes, kind: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def page(_request: web.Request) -> web.Response:
        return web.Response(body=body, content_type=kind)

    return page


@web.middleware
async def _as_json(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Let what the framework refuses (no such path, another method) be JSON as everything else."""
    try:
        return await handler(request)
    except web.HTTPException as refused:
        paths = ", ".join(route.path for route in ROUTES)
        says = f"there is nothing at this path; known: {paths}" if refused.status == 404 else refused.reason  # noqa: PLR2004
        return web.Response(body=_error(says), status=refused.status, content_type="application/json")


def _error(says: str) -> bytes:
    return msgspec.json.encode({"error": says})
