"""ClickHouse's HTTP interface over the embedded engine, for the process that holds it: loopback, read-only.

`GET /ping`, and queries by GET or POST at `/`. Read-only unless the bounds say writable; refused statements get code
164 as on a server. No users: whoever reaches the loopback may read the tables, which name nobody.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from aiohttp import web

from sinks.clickhouse.engine import Answer, Bounds, QueryFailed, ask
from sinks.clickhouse.question import BadRequest, Question, question, unpacked
from sinks.clickhouse.statement import refusal

_BODY_BYTES: Final = 1 << 30
_READ_BODY_BYTES: Final = 1 << 20
_READONLY: Final = 164
_STATUS: Final[Mapping[int, int]] = {
    60: 404, 81: 404, 47: 404, 46: 404, 62: 400, 36: 400, 164: 500, 159: 408, 202: 503, 241: 500, 252: 500,
}  # fmt: skip
_CONTENT_TYPES: Final[Mapping[str, str]] = {
    "TabSeparated": "text/tab-separated-values; charset=UTF-8",
    "JSON": "application/json; charset=UTF-8",
    "JSONCompact": "application/json; charset=UTF-8",
    "JSONEachRow": "application/x-ndjson; charset=UTF-8",
    "CSV": "text/csv; charset=UTF-8",
    "CSVWithNames": "text/csv; charset=UTF-8",
}
_PIECE_BYTES: Final = 1 << 18


class Front:
    """Runs at most `queries` questions at once; more wait their turn. `open_engine` says whether there is one yet."""

    def __init__(self, directory: Path, bounds: Bounds, queries: int, is_open: Callable[[], bool]) -> None:
        self._directory = directory
        self._bounds = bounds
        self._is_open = is_open
        self._threads = ThreadPoolExecutor(queries, thread_name_prefix="sql")

    def runner(self) -> web.AppRunner:
        """Return what serves the application; bodies reach it as they were sent."""
        return web.AppRunner(self.application(), access_log=None, auto_decompress=False)

    def application(self) -> web.Application:
        """Return the application that answers."""
        app = web.Application(client_max_size=_BODY_BYTES if self._bounds.writable else _READ_BODY_BYTES)
        app.router.add_get("/ping", self._ping)
        app.router.add_route("*", "/", self._query)
        return app

    def close(self) -> None:
        """Wait for the queries that run; take no more."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    async def _ping(self, _request: web.Request) -> web.Response:
        return web.Response(text="Ok.\n") if self._is_open() else _failed(210, "the engine is not open yet", 503)

    async def _query(self, request: web.Request) -> web.StreamResponse:
        if request.method not in ("GET", "POST"):
            raise web.HTTPMethodNotAllowed(request.method, ("GET", "POST"))
        if not self._is_open():
            return _failed(210, "the engine is not open yet", 503)
        try:
            asked = await _asked(request)
        except BadRequest as bad:
            return _failed(62, str(bad), 400)
        if not self._bounds.writable and (why := _refused(asked)):
            return _failed(_READONLY, f"{why}. (READONLY)", 500)
        started = time.monotonic_ns()
        try:
            answer = await asyncio.get_running_loop().run_in_executor(
                self._threads, ask, self._directory, asked, self._bounds
            )
        except QueryFailed as failed:
            return _answer_error(str(failed), failed.code, _STATUS.get(failed.code, 500))
        return await _answered(request, asked, answer, time.monotonic_ns() - started)


async def _asked(request: web.Request) -> Question:
    url = dict(request.query)
    if request.content_type == "multipart/form-data":
        form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
        return question({**url, **form}, b"", request.headers.get("X-ClickHouse-Format"))
    limit = request.app._client_max_size  # noqa: SLF001 - the application's own bound
    body = unpacked(await request.read(), request.headers.get("Content-Encoding", ""), limit)
    return question(url, body, request.headers.get("X-ClickHouse-Format"))


def _refused(asked: Question) -> str | None:
    return "this front is read-only" if asked.data is not None else refusal(asked.sql)


async def _answered(request: web.Request, asked: Question, answer: Answer, nanos: int) -> web.StreamResponse:
    wrote = asked.data is not None
    summary = {
        "read_rows": str(0 if wrote else answer.rows),
        "read_bytes": str(0 if wrote else answer.bytes_read),
        "written_rows": str(answer.rows if wrote else 0),
        "written_bytes": str(answer.bytes_read if wrote else 0),
        "elapsed_ns": str(nanos),
    }
    response = web.StreamResponse(
        headers={
            "Content-Type": _CONTENT_TYPES.get(asked.format, "application/octet-stream"),
            "X-ClickHouse-Format": asked.format,
            "X-ClickHouse-Timezone": "UTC",
            "X-ClickHouse-Server-Display-Name": "vsm",
            "X-ClickHouse-Summary": json.dumps(summary),
        }
    )
    response.content_length = len(answer.body)
    await response.prepare(request)
    with contextlib.suppress(ConnectionResetError):
        for at in range(0, len(answer.body), _PIECE_BYTES):
            await response.write(answer.body[at : at + _PIECE_BYTES])
        await response.write_eof()
    return response


def _failed(code: int, why: str, status: int) -> web.Response:
    return _answer_error(f"Code: {code}. DB::Exception: {why}", code, status)


def _answer_error(message: str, code: int, status: int) -> web.Response:
    return web.Response(text=message + "\n", status=status, headers={"X-ClickHouse-Exception-Code": str(code)})
