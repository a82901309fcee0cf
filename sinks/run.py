"""Runs the chosen sinks in one process: a thread each, their pages on one loop, until SIGTERM or the first failure."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final

import structlog
from aiohttp import web
from msgspec import Struct

from schemas.clock import clock_from
from schemas.codec import Codec
from schemas.kafka_settings import read_kafka_settings
from schemas.log_open import open_log
from sinks.asked_generation import asked_drops, asked_generation, dropped
from sinks.clickhouse.client import ClickHouse, open_store
from sinks.clickhouse.engine import Bounds
from sinks.clickhouse.front import Front
from sinks.clickhouse.sink import ClickHouseSink
from sinks.following import Drops, Follower
from sinks.http import pages
from sinks.no_pandas import skip_pandas
from sinks.prometheus.sink import PrometheusSink
from sinks.service import Parts, Service
from sinks.settings import Settings
from sinks.telemetry import Telemetry

_END_SECONDS: Final = 10.0
"""A store that hangs is not waited for longer: what it was not seen to take comes again at the next start."""
_LOOPBACK: Final = "127.0.0.1"

_logger = structlog.get_logger(__name__)


class Sink(Struct, frozen=True):
    """A sink that can be chosen: its name in VSM_SINKS, and how it is made."""

    name: str
    make: Callable[[Parts], Service]


SINKS: Final = (Sink("clickhouse", ClickHouseSink), Sink("prometheus", PrometheusSink))
"""Every sink. A new one is one folder and one line here."""


class SinkFailed(RuntimeError):  # noqa: N818 - ends the process with its cause
    """A sink cannot go on; a supervisor starts the process again."""


def main(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT.

    Raises SinkFailed when a sink cannot go on, BadIdentityKey or BadKafkaSettings when none can start.
    """
    skip_pandas()
    asyncio.run(_serve(settings))


class Runner:
    """The threads of the chosen sinks."""

    def __init__(self, services: Sequence[tuple[str, Service]]) -> None:
        self.stop = threading.Event()
        self.failure: BaseException | None = None
        self._services = services
        self._threads = [
            threading.Thread(target=self._run, args=(name, service), name=name, daemon=True)
            for name, service in services
        ]

    def start(self) -> None:
        """Start every thread."""
        for thread in self._threads:
            thread.start()

    def ready(self) -> bool:
        """Return whether every sink does its work now."""
        return not self.stop.is_set() and all(service.ready() for _, service in self._services)

    def end(self) -> None:
        """Tell the threads to end and wait for them, up to 10 seconds for all."""
        self.stop.set()
        deadline = time.monotonic() + _END_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _run(self, name: str, service: Service) -> None:
        try:
            service.run(self.stop)
        except BaseException as failure:  # kept; the main thread raises it
            _logger.exception("sink failed", sink=name)
            self.failure = failure
        finally:
            self.stop.set()


async def _serve(settings: Settings) -> None:
    telemetry = Telemetry()
    more = read_kafka_settings(settings.kafka_settings.get_secret_value())
    log = open_log(settings.kafka or None, settings.data, settings=more)
    parts = Parts(
        settings=settings,
        log=log,
        codec=_codec(settings.schema_registry.get_secret_value()),
        clock=clock_from(settings.clock),
        telemetry=telemetry,
    )
    services = [(sink.name, sink.make(parts)) for sink in SINKS if sink.name in settings.chosen]
    services += [("active", follower) for follower in _followers(settings, services)]
    runner = Runner(services)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, runner.stop.set)
    sites = [pages(telemetry.registry, _render(services), parts.clock, runner.ready)]
    front = _front(settings, services)
    runner.start()
    runners = await _listen(settings, sites[0], front)
    try:
        await asyncio.to_thread(runner.stop.wait)
    finally:
        for each in runners:
            await each.cleanup()
        if front is not None:
            await asyncio.to_thread(front.close)
        await asyncio.to_thread(runner.end)
        log.close()
    if runner.failure is not None:
        raise SinkFailed(str(runner.failure)) from runner.failure


def _codec(registry: str) -> Codec:
    if not registry:
        return Codec()
    from schemas.registry import open_codec

    return open_codec(registry)


def _render(services: Sequence[tuple[str, Service]]) -> Callable[[int], Iterator[bytes]]:
    measured = [service for _, service in services if isinstance(service, PrometheusSink)]

    def render(now: int) -> Iterator[bytes]:
        for service in measured:
            yield from service.page.render(now)

    return render


def _followers(settings: Settings, services: Sequence[tuple[str, Service]]) -> Iterator[Follower]:
    """Yield what keeps each page on the active generation: of a server, or of the store this process holds open."""
    store = _store(services)

    def opened() -> ClickHouse | None:
        if not settings.clickhouse and not (store is not None and store.is_open()):
            return None
        return open_store(settings.clickhouse.get_secret_value(), settings.data / "clickhouse")

    if store is not None or settings.clickhouse:
        asked, clock = partial(asked_generation, settings.data), clock_from(settings.clock)
        shown = [s.page for _, s in services if isinstance(s, PrometheusSink)]
        drops = Drops(partial(asked_drops, settings.data), partial(dropped, settings.data))
        yield from (Follower(opened, page.show, asked, clock, drops) for page in shown)


def _store(services: Sequence[tuple[str, Service]]) -> ClickHouseSink | None:
    return next((service for _, service in services if isinstance(service, ClickHouseSink)), None)


def _front(settings: Settings, services: Sequence[tuple[str, Service]]) -> Front | None:
    store = _store(services)
    if store is None or settings.clickhouse or not settings.sql_port:
        return None
    bounds = Bounds(
        seconds=settings.sql_seconds, memory_bytes=settings.sql_memory_bytes, writable=settings.sql_writable
    )
    return Front(settings.data / "clickhouse", bounds, settings.sql_queries, store.is_open)


async def _listen(settings: Settings, app: web.Application, front: Front | None) -> list[web.AppRunner]:
    wanted = []
    if settings.sink_port:
        wanted.append((web.AppRunner(app, access_log=None), settings.host, settings.sink_port))
    if front is not None:
        wanted.append((front.runner(), _LOOPBACK, settings.sql_port))
    runners = []
    for runner, host, port in wanted:
        await runner.setup()
        await web.TCPSite(runner, host, port).start()
        runners.append(runner)
    return runners
