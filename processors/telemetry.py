"""What the processors say of themselves: `vsm_processors_*`, in a registry of their own."""

from __future__ import annotations

import math
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


UNKNOWN: Final = math.nan
"""What a gauge says before there is anything to be known: a lag of nothing assigned is not 0."""


class Telemetry:
    """Every counter of the process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.chunks = self._counter("chunks", "Chunks whose effects became durable.")
        self.events = self._counter("events", "Source records whose effects became durable.")
        self.rows = self._counter("rows", "Upserts written to the output topics.")
        self.measurements = self._counter("measurements", "Measurements written.")
        self.dead_letters = self._counter("dead_letters", "Records that became dead letters.", "reason")
        self.refused_commits = self._counter("refused_commits", "Commits refused because the partition has moved.")
        self.dropped_chunks = self._counter("dropped_chunks", "Chunks dropped unacknowledged; they come again.")
        self.lag = self._gauge("lag_records", "Source records not yet read; NaN with no partition assigned.")
        self.lag.set(UNKNOWN)
        self.owned = self._gauge("owned_partitions", "Partitions whose state is in memory.")
        self.recovering = self._gauge("recovering_partitions", "Partitions whose state is being read.")
        self.generation = self._gauge("generation", "Generation of the derivation.")
        self.rebuilt = self._gauge("rebuilt", "1 once every owned partition's rows stand in this generation.")
        self.recovery_seconds = self._gauge(
            "recovery_seconds", "How long the last recovery of a partition took.", "partition"
        )
        self.chunk_seconds = Histogram(
            "vsm_processors_chunk_seconds",
            "Wall time of a chunk's phases.",
            ["phase"],
            registry=self.registry,
            buckets=_SECONDS,
        )

    def page(self) -> bytes:
        """Return the page in Prometheus' text format."""
        return generate_latest(self.registry)

    def _counter(self, name: str, says: str, *labels: str) -> Counter:
        return Counter(f"vsm_processors_{name}", says, labels, registry=self.registry)

    def _gauge(self, name: str, says: str, *labels: str) -> Gauge:
        return Gauge(f"vsm_processors_{name}", says, labels, registry=self.registry)
