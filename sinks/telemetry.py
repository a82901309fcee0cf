"""What the sink process says of itself: `vsm_sinks_*` on the metrics page."""

from __future__ import annotations

import math

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics


class Telemetry:
    """The process's own counters and gauges, in a registry of their own."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self.rows = Counter("vsm_sinks_rows", "Rows written to ClickHouse.", ["table"], registry=self.registry)
        self.refusals = Counter(
            "vsm_sinks_refusals",
            "Blocks that ClickHouse did not take at a try; they are tried again.",
            ["reason"],
            registry=self.registry,
        )
        self.undecodable = Counter(
            "vsm_sinks_undecodable_records", "Records that hold no such value.", ["topic"], registry=self.registry
        )
        self._lag = Gauge(
            "vsm_sinks_lag_records",
            "Records not yet read from the log; NaN with no partition assigned.",
            ["sink"],
            registry=self.registry,
        )
        self.waiting = Gauge(
            "vsm_sinks_rows_waiting", "Rows read and not yet written to ClickHouse.", registry=self.registry
        )
        self.outage = Gauge(
            "vsm_sinks_outage",
            "1 while ClickHouse takes no rows and reading is paused, else 0.",
            registry=self.registry,
        )
        self.flush = Histogram(
            "vsm_sinks_flush_seconds",
            "Time to write one batch to ClickHouse.",
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
            registry=self.registry,
        )
        self.series = Gauge("vsm_sinks_series", "Measured series the page holds.", registry=self.registry)
        self.series_refused = Counter(
            "vsm_sinks_series_refused", "Series that found no room on the page.", registry=self.registry
        )

    def lagged(self, sink: str, records: int | None) -> None:
        """Say how far a sink is behind; None: that cannot be known."""
        self._lag.labels(sink).set(math.nan if records is None else records)
