"""The running ingester: its parts wired by hand, what a reload replaces, and what it tells of itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import Final

import structlog
from msgspec import Struct

from ingest.acknowledgements import Acknowledgements
from ingest.adapters import ADAPTERS
from ingest.connections import Connections, connect
from ingest.importing import FactImporter, Rules
from ingest.intake import Intake, live
from ingest.outbox import Outbox
from ingest.publisher import Publisher
from ingest.reconciled import completeness
from ingest.routing import Router
from ingest.secrets import UnreadableSecret, resolve
from ingest.server.body_http import BodyReader
from ingest.server.limits import Load, Pace
from ingest.server.pages import Pages
from ingest.server.routes import Kind
from ingest.server.server_http import Server
from ingest.server.watchdog import Watchdog
from ingest.settings import Settings
from ingest.spool import Spool
from ingest.telemetry import Telemetry
from schemas.asked_definition import asked_definition
from schemas.clock import clock_from
from schemas.codec import Codec
from schemas.definition import Definition
from schemas.definition_file import BadDefinition, load
from schemas.identity import pseudonym
from schemas.identity_key import BadIdentityKey, load_identity_key
from schemas.log import Log

STOPPING: Final = "the process is stopping"
_TICK_SECONDS: Final = 0.25
_RECONCILED: Final = "reconciled"
_TOKEN_FILE: Final = "import.token"  # noqa: S105 - a file's name
_logger = structlog.get_logger(__name__)


class Means(Struct, frozen=True, kw_only=True):
    """What a process was started with. `opening` opens the log, again and again until it is there."""

    settings: Settings
    definition: Definition
    identity_key: bytes
    codec: Codec
    opening: Callable[[], Log]
    spool: Spool | None = None


class Process:
    """The running ingester: its parts, and what signals do to them."""

    def __init__(self, means: Means) -> None:
        loop = asyncio.get_running_loop()
        settings, definition, codec = means.settings, means.definition, means.codec
        self.settings = settings
        self._identity_key = means.identity_key
        self._config, self._streams = settings.config, definition
        self._stopping = False
        self._token = _import_token(settings)
        clock = clock_from(settings.clock)
        self.telemetry = Telemetry(clock)
        self.acknowledgements = Acknowledgements(loop, settings.publish_seconds)
        publisher = Publisher(means.opening, self.acknowledgements)
        self.outbox = Outbox(publisher, means.spool, self.acknowledgements)
        self.load = Load(settings.in_flight, settings.in_flight_bytes)
        self.watchdog = Watchdog(
            Pace(
                grace_seconds=settings.body_grace_seconds,
                bytes_per_second=settings.body_bytes_per_second,
                longest_seconds=settings.body_seconds,
            )
        )
        reader = BodyReader(settings.body_bytes, self.watchdog, self.load)
        self.intake = Intake(
            router=Router(definition),
            codec=codec,
            outbox=self.outbox,
            telemetry=self.telemetry,
            now_seconds=time.monotonic,
            opened=reader.opened,
            live=live(self._connect(definition)),
        )
        self.pages = Pages(self.telemetry, settings.metrics_peers, self._problems, lambda: self._streams.version)
        rules = Rules(
            tokens=lambda: self._token,
            streams=lambda: tuple(stream.name for stream in self._streams.value_streams),
            most_facts=settings.import_facts,
            pseudonym=lambda tool, account: pseudonym(self._identity_key, tool, account),
        )
        self.application = Server(
            intake=self.intake,
            importer=FactImporter(rules, self.intake, codec, self.telemetry),
            reader=reader,
            load=self.load,
            pages={
                Kind.LIVE: self.pages.live,
                Kind.READY: self.pages.ready,
                Kind.METRICS: self.pages.metrics,
                Kind.OPENAPI: self.pages.openapi,
            },
            telemetry=self.telemetry,
            clock=clock,
        )
        self.telemetry.read_gauges_from(self._gauges)
        self.telemetry.read_completeness_from(partial(completeness, settings.data / _RECONCILED))

    def reload(self) -> None:
        """Take sources, secrets and the identity key anew; what is bad changes nothing.

        Streams stay as they are, unless the data directory asks for another value-stream file.
        """
        told = self.settings.identity_key.get_secret_value()
        try:
            config = asked_definition(self.settings.data) or self.settings.config
            definition = load(config)
            identity_key = load_identity_key(told, self.settings.data, may_make=False)
        except (BadDefinition, BadIdentityKey, OSError) as bad:
            self.telemetry.reloads["refused"] += 1
            _logger.error("a reload was refused", problem=str(bad))  # noqa: TRY400 - the problem says it all
            return
        self._identity_key = identity_key
        self._token = _import_token(self.settings)
        self.intake.live = live(self._connect(definition), self.intake.live)
        self.telemetry.reloads["done"] += 1
        _logger.info("sources and secrets were reloaded", sources=len(self.intake.live.connections))
        if config != self._config:
            self._config, self._streams, self.intake.router = config, definition, Router(definition)
            _logger.info("events are routed by another value-stream file", version=definition.version)
        elif definition.version != self._streams.version:
            _logger.warning("changed value streams were left as they are until the next start")

    def _connect(self, definition: Definition) -> Connections:
        """Return the connections of a definition's sources; from now on it is these whose silence is told."""
        certified = self.settings.tls_client_ca is not None
        found = connect(definition, ADAPTERS, self._identity_key, resolve, certified=certified)
        self.telemetry.watch({at: connection.silent_after_seconds for at, connection in found.items()})
        return found

    def stop(self) -> None:
        """Turn readiness red, and end each connection with its next response."""
        self._stopping = True
        self.application.closing = True

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
            (
                "vsm_ingest_spool_refused_records",
                "Records that the log refuses, set aside in the spool; tried again at the next start.",
                self.outbox.refused,
            ),
            ("vsm_ingest_log_available", "1 when the log takes records.", 0.0 if self.outbox.log_away else 1.0),
            ("vsm_ingest_ready", "1 when deliveries can be kept.", 0.0 if self._problems() else 1.0),
        )


def _import_token(settings: Settings) -> tuple[bytes, ...]:
    token = settings.import_token.get_secret_value().strip()
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
