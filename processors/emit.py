"""Once a second: what the windows say now, to the measurements topic. Runs on the loop that owns the memory."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog

from processors.agent import produce
from processors.ownership import Holding, Ownership
from processors.parts import Parts
from schemas.clock import Clock
from schemas.log import LogUnavailable
from schemas.measurement import Measurement

AT_ONCE: Final = 10_000
"""So many measurements are written before more are handed over: what a producer can hold bounds no partition."""

_log = structlog.get_logger(__name__)


class Emitter:
    """Emits what changed, aged or is due to be repeated; everything after a recovery or a failed emission."""

    def __init__(self, parts: Parts, ownership: Ownership, clock: Clock, at_once: int = AT_ONCE) -> None:
        self._log = parts.log
        self._outputs = parts.outputs
        self._ownership = ownership
        self._clock = clock
        self._at_once = at_once
        self._timeout_seconds = parts.settings.append_timeout_seconds
        self._telemetry = parts.telemetry

    async def emit(self) -> None:
        """Measure and write every partition that is held. An outage puts off; it loses nothing but freshness."""
        for holding in self._ownership.holdings():
            async with holding.lock:
                if not holding.usable:
                    continue
                whole = holding.progress.whole
                measured = self._measure(holding)
            try:
                is_written = await self._write(holding, measured)
            except (LogUnavailable, TimeoutError) as away:
                holding.emit_all = True
                _log.warning("put an emission off", partition=holding.partition, error=str(away))
            else:
                holding.measured = holding.measured or (whole and is_written)

    async def _write(self, holding: Holding, measured: Sequence[Measurement]) -> bool:
        """Write measurements, some at once; False where the partition was lost: whoever has it says the rest."""
        for begin in range(0, len(measured), self._at_once):
            if not holding.usable:
                return False
            some = measured[begin : begin + self._at_once]
            async with asyncio.timeout(self._timeout_seconds):
                await produce(self._log, self._outputs.measurements(some))
            self._telemetry.measurements.inc(len(some))
        return True

    def _measure(self, holding: Holding) -> Sequence[Measurement]:
        core = holding.core
        now = self._clock()
        measure = core.watch.measure_all if holding.emit_all else core.watch.measure
        holding.emit_all = False
        return measure(now, core.engine.signs())
