"""The ClickHouse sink as a service: opens the store however long that takes, migrates it, then pumps."""

from __future__ import annotations

from threading import Event
from typing import Final

import structlog

from schemas.identity_key import load_identity_key
from sinks.asked_generation import asked_generation
from sinks.clickhouse.active import activate
from sinks.clickhouse.client import ClickHouse, StoreUnavailable, open_store
from sinks.clickhouse.migrate import apply
from sinks.clickhouse.pump import Limits, Pump
from sinks.letters import Letters
from sinks.service import Parts

_FIRST_PAUSE_SECONDS: Final = 0.2

_logger = structlog.get_logger(__name__)


class ClickHouseSink:
    """Writes every topic into its table. Raises BadIdentityKey when made without one."""

    def __init__(self, parts: Parts) -> None:
        settings = parts.settings
        told = settings.identity_key.get_secret_value()
        self._identity_key = load_identity_key(told, settings.data, may_make=not settings.kafka)
        self._parts = parts
        self._pump: Pump | None = None

    def ready(self) -> bool:
        """Return whether the schema is in place and the last batch went in."""
        return self._pump is not None and self._pump.ready()

    def is_open(self) -> bool:
        """Return whether the store is open and migrated."""
        return self._pump is not None

    def run(self, stop: Event) -> None:
        """Write until `stop` is set. Raises MigrationChanged, BlockRefused, and what the log raises."""
        store = self._opened(stop)
        if store is None:
            return
        try:
            self._pump = self._made(store)
            self._pump.run(stop)
        finally:
            self._pump = None
            store.close()

    def _opened(self, stop: Event) -> ClickHouse | None:
        """Return the migrated store as soon as it can be had, None if `stop` came first."""
        settings = self._parts.settings
        pause = _FIRST_PAUSE_SECONDS
        while not stop.is_set():
            try:
                store = self._open()
            except StoreUnavailable as away:
                self._parts.telemetry.outage.set(1)
                _logger.warning("store not opened", code=away.code, pause_seconds=pause, reason=str(away)[:300])
                stop.wait(pause)
                pause = min(pause * 2, settings.retry_seconds)
            else:
                self._parts.telemetry.outage.set(0)
                return store
        return None

    def _open(self) -> ClickHouse:
        """Return the store, migrated; leave nothing open that could not be. Raises what migrating does."""
        settings = self._parts.settings
        store = open_store(settings.clickhouse.get_secret_value(), settings.data / "clickhouse")
        try:
            apply(store)
            asked = asked_generation(settings.data) or settings.active_generation
            activate(store, asked, self._parts.clock())
        except BaseException:
            store.close()
            raise
        return store

    def _made(self, store: ClickHouse) -> Pump:
        settings = self._parts.settings
        letters = Letters(
            codec=self._parts.codec,
            identity_key=self._identity_key,
            clock=self._parts.clock,
            telemetry=self._parts.telemetry,
        )
        limits = Limits(
            batch_rows=settings.batch_rows,
            batch_bytes=settings.batch_bytes,
            flush_seconds=settings.flush_seconds,
            retry_seconds=settings.retry_seconds,
        )
        return Pump(self._parts.log, self._parts.codec, store, letters, self._parts.telemetry, limits)
