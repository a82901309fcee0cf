"""A measurement: one computed value of one series at one time."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

WINDOWS: Final = {"1h": 3_600, "24h": 86_400, "7d": 604_800, "30d": 2_592_000, "90d": 7_776_000}
"""The rolling windows and their lengths in seconds."""


class Measurement(Struct, frozen=True, kw_only=True, gc=False):
    """One value of a metric.

    Identity (the series): value stream, step, metric, window, statistic, kind, environment, service.
    `measured_at` is microseconds since the epoch, a whole second. `metric` is the Prometheus name without `vsm_`
    (`step_process_seconds`), its unit included. `window` is '' for a value of now. `statistic` is `p50 p85 p95 mean
    count ratio now`. '' in `step kind environment service` means all. `value` None: unknown (too few, or none).
    `n` counts what stands behind it; `lower`, `upper` bound it (95 %) where known; `completeness` in [0, 1] or None.
    `generation` is that of the rows it was computed from, 0 where its writer did not say.
    """

    measured_at: int
    value_stream: str
    step: str = ""
    metric: str
    window: str = ""
    statistic: str
    kind: str = ""
    environment: str = ""
    service: str = ""
    value: float | None
    n: int
    lower: float | None = None
    upper: float | None = None
    completeness: float | None = None
    definition_version: str = ""
    generation: int = 0
