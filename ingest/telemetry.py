"""What the ingester says of itself: plain numbers on the loop's thread, read by an own Prometheus registry."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from schemas.clock import Clock

_BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

_OUTCOMES: Final = ("accepted", "ignored", "dead_lettered", "rejected", "unavailable")
"""What becomes of deliveries; a configured source counts each from 0 on, so that the first one shows as an increase."""

_PROVEN: Final = frozenset({"accepted", "ignored", "dead_lettered"})
"""Outcomes of deliveries that came from their source, whatever became of them."""

Source = tuple[str, str]
"""A configured source: tool and name."""

Gauges = Callable[[], tuple[tuple[str, str, float], ...]]
"""Returns (name, help, value) of what is read at the scrape."""


class Telemetry(Collector):
    """The counters. Labels come from closed sets: configured tools and sources, streams, outcomes, reasons."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.deliveries: Counter[tuple[str, str, str]] = Counter()
        self.reasons: Counter[tuple[str, str, str, str]] = Counter()
        self._silent_after: Mapping[Source, float] = {}
        self._seen: dict[Source, int] = {}
        self._since: dict[Source, int] = {}
        self.events: Counter[str] = Counter()
        self.reloads: Counter[str] = Counter()
        self.body_bytes = 0
        self.peer_failures = 0
        self._latencies = [0] * (len(_BOUNDS) + 1)
        self._latency_sum = 0.0
        self._gauges: Gauges = tuple
        self._completeness: Callable[[], Mapping[Source, float]] = dict
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def read_gauges_from(self, gauges: Gauges) -> None:
        """Name where the values of now are read."""
        self._gauges = gauges

    def watch(self, silent_after: Mapping[Source, float]) -> None:
        """Tell of these sources how long nothing came from them, and from how many seconds on they are silent."""
        self._silent_after = silent_after
        now = self._clock()
        self._since = {source: self._since.get(source, now) for source in silent_after}
        self._seen = {source: at for source, at in self._seen.items() if source in silent_after}

    def read_completeness_from(self, completeness: Callable[[], Mapping[Source, float]]) -> None:
        """Name where the completeness of sources is read, as they were last compared with their tools."""
        self._completeness = completeness

    def delivered(self, tool: str, source: str, outcome: str, reason: str | None) -> None:
        """Count one answered delivery; `reason` is one of our constant phrases, or None."""
        self.deliveries[tool, source, outcome] += 1
        if outcome in _PROVEN:
            self._seen[tool, source] = self._clock()
        if reason is not None:
            self.reasons[tool, source, outcome, reason] += 1

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
        quiet = dict.fromkeys(((*source, outcome) for source in self._silent_after for outcome in _OUTCOMES), 0)
        for delivery, count in {**quiet, **self.deliveries}.items():
            deliveries.add_metric(delivery, count)
        yield deliveries
        reasons = CounterMetricFamily(
            "vsm_ingest_reasons",
            "Deliveries by why they were not accepted.",
            labels=["tool", "source", "outcome", "reason"],
        )
        for reason, count in self.reasons.items():
            reasons.add_metric(reason, count)
        yield reasons
        yield from self._silence()
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

    def _silence(self) -> Iterator[Metric]:
        """Yield when each watched source was last heard, for how long it has been silent, and how complete it is."""
        labels, now = ["tool", "source"], self._clock()
        last = GaugeMetricFamily(
            "vsm_ingest_source_last_delivery_timestamp_seconds",
            "When the last proven delivery came, since the process began.",
            labels=labels,
        )
        silent = GaugeMetricFamily(
            "vsm_ingest_source_silent_seconds",
            "Time since the last proven delivery, or since the source was configured here.",
            labels=labels,
        )
        most = GaugeMetricFamily(
            "vsm_ingest_source_silent_after_seconds", "From how long on the source is called silent.", labels=labels
        )
        complete = GaugeMetricFamily(
            "vsm_ingest_source_complete_ratio",
            "Share of what the tool tells that the log held, when `vsm reconcile` last compared them.",
            labels=labels,
        )
        for source, ratio in self._completeness().items():
            if source in self._silent_after:
                complete.add_metric(source, ratio)
        for source, limit in self._silent_after.items():
            seen = self._seen.get(source)
            if seen is not None:
                last.add_metric(source, seen / 1e6)
            silent.add_metric(source, max(0.0, (now - (seen or self._since[source])) / 1e6))
            most.add_metric(source, limit)
        yield from (last, silent, most, complete)

    def _histogram(self) -> HistogramMetricFamily:
        counts = list(accumulate(self._latencies))
        bounds = [str(bound) for bound in _BOUNDS] + ["+Inf"]
        return HistogramMetricFamily(
            "vsm_ingest_acknowledgement_seconds",
            "Time until a delivery's records were durable.",
            buckets=list(zip(bounds, counts, strict=True)),
            sum_value=self._latency_sum,
        )
