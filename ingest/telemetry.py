"""What the ingester says of itself: plain numbers on the loop's thread, read by an own Prometheus registry."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

_BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

Gauges = Callable[[], tuple[tuple[str, str, float], ...]]
"""Returns (name, help, value) of what is read at the scrape."""


class Telemetry(Collector):
    """The counters. Labels come from closed sets: configured tools and sources, streams, outcomes, reasons."""

    def __init__(self) -> None:
        self.deliveries: Counter[tuple[str, str, str]] = Counter()
        self.reasons: Counter[tuple[str, str]] = Counter()
        self.events: Counter[str] = Counter()
        self.reloads: Counter[str] = Counter()
        self.body_bytes = 0
        self.peer_failures = 0
        self._latencies = [0] * (len(_BOUNDS) + 1)
        self._latency_sum = 0.0
        self._gauges: Gauges = tuple
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def read_gauges_from(self, gauges: Gauges) -> None:
        """Name where the values of now are read."""
        self._gauges = gauges

    def delivered(self, tool: str, source: str, outcome: str, reason: str | None) -> None:
        """Count one answered delivery; `reason` is one of our constant phrases, or None."""
        self.deliveries[tool, source, outcome] += 1
        if reason is not None:
            self.reasons[outcome, reason] += 1

    def acknowledged(self, seconds: float) -> None:
        """Note how long the records of one delivery took to be durable."""
        self._latencies[bisect_left(_BOUNDS, seconds)] += 1
        self._latency_sum += seconds

    def page(self) -> bytes:
        """Return the metrics page."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Yield every metric."""
        deliveries = CounterMetricFamily(
            "vsm_ingest_deliveries", "Deliveries answered.", labels=["tool", "source", "outcome"]
        )
        for delivery, count in self.deliveries.items():
            deliveries.add_metric(delivery, count)
        yield deliveries
        reasons = CounterMetricFamily(
            "vsm_ingest_reasons", "Deliveries by why they were not accepted.", labels=["outcome", "reason"]
        )
        for reason, count in self.reasons.items():
            reasons.add_metric(reason, count)
        yield reasons
        events = CounterMetricFamily("vsm_ingest_events", "Flow events written, a copy each.", labels=["value_stream"])
        for stream, count in self.events.items():
            events.add_metric([stream], count)
        yield events
        reloads = CounterMetricFamily("vsm_ingest_reloads", "Reloads of sources and secrets.", labels=["outcome"])
        for outcome, count in self.reloads.items():
            reloads.add_metric([outcome], count)
        yield reloads
        yield CounterMetricFamily("vsm_ingest_body_bytes", "Bytes of bodies received.", value=self.body_bytes)
        yield CounterMetricFamily("vsm_ingest_peer_failures", "Peers' pages not fetched.", value=self.peer_failures)
        for name, text, value in self._gauges():
            yield GaugeMetricFamily(name, text, value=value)
        yield self._histogram()

    def _histogram(self) -> HistogramMetricFamily:
        counts = list(accumulate(self._latencies))
        bounds = [str(bound) for bound in _BOUNDS] + ["+Inf"]
        return HistogramMetricFamily(
            "vsm_ingest_acknowledgement_seconds",
            "Time until a delivery's records were durable.",
            buckets=list(zip(bounds, counts, strict=True)),
            sum_value=self._latency_sum,
        )
