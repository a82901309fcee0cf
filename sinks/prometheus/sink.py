"""The Prometheus sink as a service: keeps the page as the measurements on the log say."""

from __future__ import annotations

import time
from collections.abc import Sequence
from threading import Event
from typing import Final

import structlog

from schemas import topics
from schemas.codec import BadRecord
from schemas.log import Record
from schemas.measurement import Measurement
from sinks.prometheus.page import Page
from sinks.service import Parts

GROUP: Final = "vsm-sink-prometheus"
_POLL_RECORDS: Final = 1_000
_POLL_SECONDS: Final = 0.1
_LAG_SECONDS: Final = 0.2
_STANDBY_SECONDS: Final = 60.0

_logger = structlog.get_logger(__name__)


class PrometheusSink:
    """Reads its partitions from the start at every assignment and commits nothing."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._caught_up = False
        self._joined_at = float("inf")
        parts.telemetry.lagged("prometheus", None)
        self.page = Page(parts.settings.max_series, parts.settings.active_generation)

    def ready(self) -> bool:
        """Return whether all that was on the log at the start stands on the page; one that waits in vain stands by."""
        return self._caught_up or time.monotonic() - self._joined_at > _STANDBY_SECONDS

    def run(self, stop: Event) -> None:
        """Feed the page until `stop` is set. Raises what the log raises."""
        consumer = self._parts.log.consumer(
            GROUP, (topics.MEASUREMENTS.name,), revoked=self._on_revoked, from_start=True
        )
        telemetry = self._parts.telemetry
        self._joined_at = time.monotonic()
        look_at = 0.0
        try:
            while not stop.is_set():
                records = consumer.poll(_POLL_RECORDS, _POLL_SECONDS)
                for record in records:
                    self._take(record)
                if (now := time.monotonic()) >= look_at:
                    lag = consumer.lag()
                    telemetry.lagged("prometheus", lag)
                    telemetry.series.set(self.page.series)
                    self._caught_up = self._caught_up or lag == 0
                    look_at = now + _LAG_SECONDS
        finally:
            consumer.close()

    def _take(self, record: Record) -> None:
        if record.value is None:
            self.page.remove(record.partition, record.key)
            return
        refused = self.page.refused
        try:
            measurement = self._parts.codec.decode(record.value, Measurement)
        except BadRecord as bad:
            self._parts.telemetry.undecodable.labels(record.topic).inc()
            _logger.warning(
                "record not decoded",
                topic=record.topic,
                partition=record.partition,
                offset=record.offset,
                reason=str(bad),
            )
            return
        self.page.put(record.partition, record.key, measurement)
        self._parts.telemetry.series_refused.inc(self.page.refused - refused)

    def _on_revoked(self, partitions: Sequence[tuple[str, int]]) -> None:
        self.page.drop([partition for _, partition in partitions])
