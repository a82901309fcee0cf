"""A real Prometheus that scrapes one page, and a page server in a thread."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import threading
import time
from pathlib import Path

import httpx
from aiohttp import web

BINARY = shutil.which("prometheus")


class PageServer:
    """Serves an application on a free loopback port, its loop in a thread."""

    def __init__(self, app: web.Application) -> None:
        self._loop = asyncio.new_event_loop()
        self._runner = web.AppRunner(app, access_log=None)
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.port = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)

    async def _listen(self) -> int:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return int(self._runner.addresses[0][1])

    def close(self) -> None:
        """Stop serving."""
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class Prometheus:
    """A Prometheus on a free port that scrapes `target` once a second."""

    def __init__(self, directory: Path, port: int, target: int) -> None:
        assert BINARY is not None
        config = directory / "prometheus.yml"
        config.write_text(
            "global: {scrape_interval: 1s}\n"
            f"scrape_configs: [{{job_name: vsm, static_configs: [{{targets: ['127.0.0.1:{target}']}}]}}]\n"
        )
        self.url = f"http://127.0.0.1:{port}"
        self._process = subprocess.Popen(
            [BINARY, f"--config.file={config}", f"--storage.tsdb.path={directory / 'data'}",
             f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]
        )  # fmt: skip

    def ask(self, query: str) -> list[object]:
        """Return the series a query finds now."""
        response = httpx.get(f"{self.url}/api/v1/query", params={"query": query}, timeout=10)
        answer = response.raise_for_status().json()
        assert answer["status"] == "success", answer
        found: list[object] = answer["data"]["result"]
        return found

    def wait_scraped(self, seconds: float = 60.0) -> None:
        """Wait until the page was scraped."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if self.ask("up == 1"):
                    return
            except (httpx.TransportError, httpx.HTTPStatusError):
                pass  # not there yet, or still reading its own log
            time.sleep(0.1)
        raise TimeoutError("Prometheus did not scrape the page")

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(20)
