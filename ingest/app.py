"""Starts the ingester, serves, reloads on SIGHUP and leaves in order on SIGTERM."""

from __future__ import annotations

import asyncio
import gc
import signal
import sqlite3
import sys
from functools import partial
from typing import Final

import structlog
import uvloop
from granian.constants import HTTPModes, Interfaces, SSLProtocols
from granian.http import HTTP1Settings
from granian.server.embed import Server as Granian

from ingest.process import Means, Process
from ingest.server.listener import shut
from ingest.server.tls_files import BadTlsFiles, check_tls_files
from ingest.settings import Settings
from ingest.spool import Spool, SpoolBusy
from schemas.definition_file import load
from schemas.garbage import collect_seldom
from schemas.identity_key import load_identity_key
from schemas.kafka_settings import read_kafka_settings
from schemas.log_open import open_log
from schemas.registry import RegistryRefused, RegistryUnavailable, open_codec

_BACKLOG: Final = 2_048
_LAST_REQUESTS_SECONDS: Final = 1.0
"""How long requests of connections already made may still come when the door is shut; a busy sender is slow."""

_TAKEOVER_SECONDS: Final = 0.1
"""How long the server may take to take its listener over; shut before, it would break off."""

_CANNOT_START: Final = (BadTlsFiles, SpoolBusy, RegistryRefused, RegistryUnavailable, OSError, sqlite3.Error)

_logger = structlog.get_logger(__name__)


def main(settings: Settings) -> None:
    """Run the ingester until SIGTERM or SIGINT. Exits with status 1 and a logged reason when it cannot start.

    Raises BadDefinition, BadIdentityKey or BadKafkaSettings: what it was told cannot be used.
    """
    try:
        check_tls_files(settings.tls_cert, settings.tls_key, settings.tls_client_ca)
        means = Means(
            settings=settings,
            definition=load(settings.config),
            identity_key=load_identity_key(
                settings.identity_key.get_secret_value(), settings.data, may_make=not settings.kafka
            ),
            codec=open_codec(settings.schema_registry.get_secret_value() or None),
            opening=partial(
                open_log,
                settings.kafka or None,
                settings.data,
                delivery_seconds=settings.publish_seconds,
                settings=read_kafka_settings(settings.kafka_settings.get_secret_value()),
            ),
            spool=Spool(settings.spool_dir, settings.spool_bytes) if settings.spool_dir is not None else None,
        )
    except _CANNOT_START as bad:
        _logger.error("the ingester could not start", problem=str(bad))  # noqa: TRY400 - the problem says it all
        sys.exit(1)
    gc.freeze()
    collect_seldom()
    uvloop.run(_until_signalled(means))


async def _until_signalled(means: Means) -> None:
    loop = asyncio.get_running_loop()
    process, asked = Process(means), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    loop.add_signal_handler(signal.SIGHUP, process.reload)
    await serve(process, asked)


async def serve(process: Process, asked: asyncio.Event) -> None:
    """Serve until `asked` to stop: readiness first turns red, requests under way finish, then everything closes.

    Exits with status 1 when the listener ends by itself (the port is taken, for one), or another part does.
    """
    settings = process.settings
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
        ssl_cert=settings.tls_cert,
        ssl_key=settings.tls_key,
        ssl_ca=settings.tls_client_ca,
        ssl_client_verify=settings.tls_client_ca is not None,
        ssl_protocol_min=SSLProtocols.tls12,
    )
    background = [asyncio.ensure_future(process.outbox.run()), asyncio.ensure_future(process.watch())]
    serving = asyncio.ensure_future(server.serve())
    _logger.info("the ingester was started", host=settings.host, port=settings.port)
    parts = {serving, *background, asyncio.ensure_future(asked.wait())}
    ended, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
    process.stop()
    if not serving.done():
        await asyncio.sleep(max(settings.drain_seconds, _TAKEOVER_SECONDS))
        shut(settings.port)
        await asyncio.sleep(_LAST_REQUESTS_SECONDS)
        server.stop()  # type: ignore[no-untyped-call]  # the server's own code is untyped
        await asyncio.wait({serving}, timeout=settings.stop_seconds)
        if not serving.done():
            _logger.warning("requests did not finish in time", seconds=settings.stop_seconds)
    for task in background:
        task.cancel()
    await process.pages.close()
    try:
        await asyncio.wait_for(process.outbox.close(), settings.close_seconds)
    except TimeoutError:
        _logger.warning("the log was not closed in time")
    _logger.info("the ingester was stopped")
    if not asked.is_set():
        what = "the listener ended" if serving in ended else "a part of the ingester ended"
        _logger.error(what, problem=[repr(task.exception()) for task in ended])
        sys.exit(1)
