"""A ClickHouse server for tests: the real engine behind our HTTP front, in a process one can kill.

Run as a script it serves; imported it starts and steers such processes.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import chdb
import httpx
from aiohttp import web

from sinks.clickhouse.engine import Bounds
from sinks.clickhouse.front import Front

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ClickHouseServer:
    """One server process on a directory; started again it listens on the same port."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._process = subprocess.Popen([sys.executable, __file__, str(self.directory), str(self.port)])
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"{self.url}/ping", timeout=1).is_success:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.02)
        raise TimeoutError("the server did not start")

    def fail(self, how: str, inserts: int = 1) -> None:
        """Make the next inserts fail: `CODE` of an error, `hang`, `die-before` or `die-after` the insert is in."""
        httpx.post(f"{self.url}/fault", params={"how": how, "inserts": inserts}).raise_for_status()

    def wait_dead(self, seconds: float = 20) -> None:
        """Wait until it has died of a fault."""
        assert self._process is not None
        self._process.wait(seconds)

    def kill(self) -> None:
        """Kill it at once; safe to repeat."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


class Faults:
    """What the next inserts meet."""

    def __init__(self) -> None:
        self.how = ""
        self.left = 0

    async def set(self, request: web.Request) -> web.Response:
        """Take the wish of a test."""
        self.how, self.left = request.query["how"], int(request.query["inserts"])
        return web.Response(text="ok")

    async def meet(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let an insert fail as wished, everything else pass."""
        if not self.left or "insert" not in request.query.get("query", "").lower():
            return await handler(request)
        self.left -= 1
        if self.how == "hang":
            await asyncio.sleep(3600)
        if self.how == "die-before":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.how == "die-after":
            await handler(request)
            os.kill(os.getpid(), signal.SIGKILL)
        headers = {"X-ClickHouse-Exception-Code": self.how} if self.how != "0" else {}
        return web.Response(text=f"Code: {self.how}. DB::Exception: as wished", status=500, headers=headers)


def serve(directory: Path, port: int) -> None:
    """Serve until killed."""
    held = chdb.connect(str(directory))
    faults = Faults()

    @web.middleware
    async def meet(request: web.Request, handler: Handler) -> web.StreamResponse:
        return await faults.meet(request, handler)

    front = Front(directory, Bounds(seconds=60, memory_bytes=1 << 30, writable=True), 4, lambda: True)
    app = front.application()
    app.middlewares.append(meet)
    app.router.add_post("/fault", faults.set)
    web.run_app(app, host="127.0.0.1", port=port, print=None)
    held.close()


if __name__ == "__main__":
    serve(Path(sys.argv[1]), int(sys.argv[2]))
