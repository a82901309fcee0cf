"""An ingester in a thread of the test, on a log that the test can break."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

import httpx
import uvloop
from pydantic import SecretStr

from ingest.app import serve
from ingest.process import Means, Process
from ingest.settings import Settings
from ingest.spool import Spool
from schemas.codec import Codec
from schemas.definition_file import parse
from schemas.event import FlowEvent
from schemas.topics import FLOW_EVENTS
from tests.builders.flaky_log import FlakyLog
from tests.builders.ingester import CONFIG, KEY, TOKEN, free_port, read_all


class HostedIngester:
    """Use as a context; `log` may be broken and mended meanwhile."""

    def __init__(self, folder: Path, **settings: object) -> None:
        self.folder = folder
        self.log = FlakyLog(folder / "data" / "log")
        given = {"port": free_port(), "data": folder / "data", "drain_seconds": 0.1, "import_token": SecretStr(TOKEN)}
        self.settings = Settings.model_validate({**given, **settings})
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.settings.port}", timeout=20)
        self._thread = threading.Thread(target=self._run)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._asked = asyncio.Event()

    def __enter__(self) -> Self:
        """Start and wait until it lives."""
        self._thread.start()
        self.wait_for(lambda: self.status("/health/live") == 200)
        self.wait_for(lambda: "vsm_ingest_log_available 1.0" in self.client.get("/metrics").text)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop and wait for the end."""
        self.stop()
        self.client.close()

    def stop(self) -> None:
        """Ask it to end and wait until it has."""
        if self._loop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._asked.set)
        self._thread.join(40)

    def status(self, path: str) -> int:
        """Return the status of a page, 0 when nobody answers."""
        try:
            return self.client.get(path).status_code
        except httpx.TransportError:
            return 0

    def events(self) -> list[FlowEvent]:
        """Return every flow event in its log."""
        return read_all(self.folder / "data", FLOW_EVENTS.name, FlowEvent)

    def wait_for(self, holds: Callable[[], bool], seconds: float = 20.0) -> None:
        """Wait until a condition holds; fail after a deadline."""
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def _run(self) -> None:
        uvloop.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        settings = self.settings
        spool = Spool(settings.spool_dir, settings.spool_bytes) if settings.spool_dir is not None else None
        means = Means(
            settings=settings, definition=parse(CONFIG, name="test"), identity_key=bytes.fromhex(KEY), codec=Codec(),
            opening=lambda: self.log, spool=spool,
        )  # fmt: skip
        await serve(Process(means), self._asked)
