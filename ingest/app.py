"""Wires the ingester together by hand, serves, reloads on SIGHUP and leaves in order on SIGTERM."""

from __future__ import annotations

import asyncio
import logging
import signal
import sqlite3
import sys
import time
from functools import partial
from typing import Final

import structlog
import uvloop
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server as Granian

from ingest.acknowledgements import Acknowledgements
from ingest.adapters import ADAPTERS
from ingest.body_http import BodyReader
from ingest.connections import connect
from ingest.importing import FactImporter, Rules
from ingest.intake import Intake, live
from ingest.limits import Load, Pace
from ingest.outbox import Outbox
from ingest.pages import Pages
from ingest.publisher import Publisher
from ingest.routes import Kind
from ingest.routing import Router
from ingest.secrets import UnreadableSecret, resolve
from ingest.server_http import Server
from ingest.settings import Settings
from ingest.spool import Spool, SpoolBusy
from ingest.telemetry import Telemetry
from ingest.watchdog import Watchdog
from schemas.clock import clock_from
from schemas.codec import Codec
from schemas.definition import Definition
from schemas.definition_file import BadDefinition, load
from schemas.identity import pseudonym
from schemas.log_open import open_log
from schemas.sealing import BadIdentityKey, load_identity_key

STOPPING: Final = "the process is stopping"
_TICK_SECONDS: Final = 0.25
_TOKEN_FILE: Final = "import.token"  # noqa: S105 - a file's name
_BACKLOG: Final = 2_048
_logger = structlog.get_logger(__name__)


def main(settings: Settings) -> None:
    """Run the ingester until SIGTERM or SIGINT. Exits with status 1 and a logged reason when it cannot start."""
    _log_to_stdout(settings.log_level)
    try:
        definition = load(settings.config)
        identity_key = load_identity_key(settings.identity_key.get_secret_value(), settings.data)
        spool = Spool(settings.spool_dir, settings.spool_bytes) if settings.spool_dir is not None else None
    except (BadDefinition, BadIdentityKey, SpoolBusy, OSError, sqlite3.Error) as bad:
        _logger.error("the ingester could not start", problem=str(bad))  # noqa: TRY400 - the problem says it all
        sys.exit(1)
    uvloop.run(_serve(settings, definition, identity_key, spool))


class Process:
    """The running ingester: its parts, and what signals do to them."""

    def __init__(self, settings: Settings, definition: Definition, identity_key: bytes, spool: Spool | None) -> None:
        loop = asyncio.get_running_loop()
        self._settings = settings
        self._identity_key = identity_key
        self._stopping = False
        self._token = _import_token(settings)
        self.telemetry = Telemetry()
        self.acknowledgements = Acknowledgements(loop, settings.publish_seconds)
        publisher = Publisher(partial(open_log, settings.kafka or None, settings.data), self.acknowledgements)
        self.outbox = Outbox(publisher, spool, self.acknowledgements)
        self.load = Load(settings.in_flight, settings.in_flight_bytes)
        self.watchdog = Watchdog(
            Pace(
                grace_seconds=settings.body_grace_seconds,
                bytes_per_second=settings.body_bytes_per_second,
                longest_seconds=settings.body_seconds,
            )
        )
        codec = Codec()
        self.intake = Intake(
            router=Router(definition),
            codec=codec,
            outbox=self.outbox,
            telemetry=self.telemetry,
            now_seconds=time.monotonic,
            live=live(connect(definition, ADAPTERS, identity_key, resolve)),
        )
        self.pages = Pages(self.telemetry, settings.metrics_peers, self._problems)
        rules = Rules(
            tokens=lambda: self._token,
            streams=tuple(stream.name for stream in definition.value_streams),
            most_facts=settings.import_facts,
            pseudonym=partial(pseudonym, identity_key),
        )
        self.application = Server(
            intake=self.intake,
            importer=FactImporter(rules, self.intake, codec, self.telemetry),
            reader=BodyReader(settings.body_bytes, self.watchdog, self.load),
            load=self.load,
            pages={
                Kind.LIVE: self.pages.live,
                Kind.READY: self.pages.ready,
                Kind.METRICS: self.pages.metrics,
                Kind.OPENAPI: self.pages.openapi,
            },
            telemetry=self.telemetry,
            clock=clock_from(settings.clock),
        )
        self.telemetry.read_gauges_from(self._gauges)

    def reload(self) -> None:
        """Take sources and secrets from the file anew; a bad file changes nothing. Streams stay as they are."""
        try:
            definition = load(self._settings.config)
        except (BadDefinition, OSError) as bad:
            self.telemetry.reloads["refused"] += 1
            _logger.error("a reload was refused", problem=str(bad))  # noqa: TRY400 - the problem says it all
            return
        self._token = _import_token(self._settings)
        self.intake.live = live(connect(definition, ADAPTERS, self._identity_key, resolve))
        self.telemetry.reloads["done"] += 1
        _logger.info("sources and secrets were reloaded", sources=len(self.intake.live.connections))

    def stop(self) -> None:
        """Turn readiness red."""
        self._stopping = True

    async def watch(self) -> None:
        """Look after slow bodies and late acknowledgements, for ever."""
        loop = asyncio.get_running_loop()
        while True:
            self.watchdog.look(loop.time())
            self.acknowledgements.give_up()
            await asyncio.sleep(_TICK_SECONDS)

    def _problems(self) -> list[str]:
        problem = self.outbox.problem
        return [*([STOPPING] if self._stopping else []), *([problem] if problem else [])]

    def _gauges(self) -> tuple[tuple[str, str, float], ...]:
        records, size = self.outbox.spooled
        return (
            ("vsm_ingest_requests_in_flight", "Requests being read or waiting for the log.", self.load.requests),
            ("vsm_ingest_bodies_in_flight_bytes", "Memory that bodies take.", self.load.bytes),
            ("vsm_ingest_spool_records", "Records in the spool.", records),
            ("vsm_ingest_spool_bytes", "Bytes in the spool.", size),
            ("vsm_ingest_log_available", "1 when the log takes records.", 0.0 if self.outbox.log_away else 1.0),
            ("vsm_ingest_ready", "1 when deliveries can be kept.", 0.0 if self._problems() else 1.0),
        )


async def _serve(settings: Settings, definition: Definition, identity_key: bytes, spool: Spool | None) -> None:
    process = Process(settings, definition, identity_key, spool)
    server = Granian(
        process.application,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.RSGI,
        http=HTTPModes.http1,
        websockets=False,
        backlog=_BACKLOG,
        backpressure=_BACKLOG,
        http1_settings=HTTP1Settings(header_read_timeout=int(settings.header_seconds * 1_000), max_buffer_size=65_536),
        log_enabled=False,
    )
    loop = asyncio.get_running_loop()
    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    loop.add_signal_handler(signal.SIGHUP, process.reload)
    background = [asyncio.ensure_future(process.outbox.run()), asyncio.ensure_future(process.watch())]
    serving = asyncio.ensure_future(server.serve())
    _logger.info("the ingester was started", host=settings.host, port=settings.port)
    await asyncio.wait({serving, asyncio.ensure_future(asked.wait())}, return_when=asyncio.FIRST_COMPLETED)
    process.stop()
    if asked.is_set():
        await asyncio.sleep(settings.drain_seconds)
        server.stop()  # type: ignore[no-untyped-call]  # the server's own code is untyped
        await asyncio.wait({serving}, timeout=settings.stop_seconds)
    for task in background:
        task.cancel()
    await process.pages.close()
    await process.outbox.close()
    _logger.info("the ingester was stopped")
    if not asked.is_set():
        sys.exit(1)


def _import_token(settings: Settings) -> tuple[bytes, ...]:
    token = settings.import_token.get_secret_value()
    if token:
        return (token.encode(),)
    path = settings.data / _TOKEN_FILE
    if not path.exists():
        return ()
    try:
        return (resolve(f"file:{path}"),)
    except UnreadableSecret as bad:
        _logger.warning("the import token was not readable", problem=str(bad))
        return ()


def _log_to_stdout(level: str) -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping().get(level.upper(), 20)),
    )
