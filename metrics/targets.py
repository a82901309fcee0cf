"""The targets of a stream, and what meets them; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from metrics import codes
from schemas.definition import ValueStream
from schemas.targets_text import UNIT_SECONDS

_MICROS: Final = 1_000_000
FLOW_TIME: Final = "flow_time"
WAIT: Final = "wait"
PROCESS: Final = "process"
LEAD: Final = "lead"
_CODES: Final[Mapping[str, Mapping[str, int]]] = {
    FLOW_TIME: codes.FLOW_TIME_MET,
    WAIT: codes.WAIT_MET,
    PROCESS: codes.PROCESS_MET,
    LEAD: codes.LEAD_MET,
}


@lru_cache(maxsize=1_024)
def target_micros(duration: str) -> int:
    """Return a target such as `4h` in microseconds. Raises KeyError or ValueError for what is no duration."""
    return round(float(duration[:-1]) * UNIT_SECONDS[duration[-1]] * _MICROS)


def targeted(stream: ValueStream, step: str = "") -> Mapping[str, tuple[str, ...]]:
    """Return, by measure (`flow_time`, or of a step `wait`, `process`, `lead`), the quantiles that have a target."""
    before = f"{step}." if step else ""
    found = {
        measure: tuple(quantile for quantile in by_quantile if f"{before}{measure}_{quantile}" in stream.targets)
        for measure, by_quantile in _CODES.items()
        if bool(step) != (measure == FLOW_TIME)
    }
    return {measure: quantiles for measure, quantiles in found.items() if quantiles}


def met(targets: Mapping[str, str], step: str, measure: str, micros: int | None) -> Iterator[tuple[int, int]]:
    """Yield a pair for each target of a measure that a duration meets (it is no longer); none for an unknown one."""
    if not targets or micros is None or micros < 0:
        return
    before = f"{step}." if step else ""
    for quantile, code in _CODES[measure].items():
        target = targets.get(f"{before}{measure}_{quantile}")
        if target is not None and micros <= target_micros(target):
            yield code, 1
