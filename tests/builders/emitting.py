"""An emitter of one held partition that has as many series as a test asks for."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from processors.board import Signs
from processors.dead_letters import Budget
from processors.departure import Departure
from processors.emit import AT_ONCE, Emitter
from processors.engine import Core
from processors.measures import Measures
from processors.outputs import Outputs
from processors.ownership import Holding, Ownership
from processors.partition import Partition
from processors.parts import Parts
from processors.progress import Progress
from processors.settings import Settings
from processors.telemetry import Telemetry
from processors.watchdog import Watchdog
from schemas import topics
from schemas.codec import Codec
from schemas.log import Log
from schemas.measurement import Measurement
from tests.builders import soak
from tests.builders.engine_events import HOUR, at

STREAM = "checkout"
_DEFINITION = soak.definition([STREAM])


class _Many(Measures):
    """A stream's measures, told for so many services."""

    series = 1

    def measure_all(self, now_micros: int, signs: Mapping[str, Signs]) -> list[Measurement]:
        one = super().measure_all(now_micros, signs)[0]
        return [replace(one, service=f"service-{n}") for n in range(self.series)]


def held(series: int) -> Holding:
    """Return a recovered partition with so many series."""
    partition, watch = Partition(_DEFINITION, 1), _Many(_DEFINITION, at(0) + HOUR)
    watch.series = series
    for event in soak.events(STREAM, 1, 1):
        partition.fold(event)
    for update in partition.drain(1).updates:
        watch.observe(update)
    return Holding(0, Core(partition, watch), Progress(chunk_records=0), Budget(run=1, share=1.0, window=1))


def owned(holding: Holding) -> Ownership:
    """Return the ownership of that partition alone."""
    ownership = Ownership(lambda: 60.0, 1.0)
    ownership.take(holding)
    return ownership


def emitter(log: Log, ownership: Ownership, at_once: int = AT_ONCE) -> Emitter:
    """Return what emits what is owned to the first partition of a log, so many series at once."""
    codec, departure = Codec(), Departure(lambda: None, 1.0)
    parts = Parts(
        settings=Settings(),
        log=log,
        codec=codec,
        outputs=Outputs(codec, {topics.MEASUREMENTS.name: 1}),
        telemetry=Telemetry(),
        departure=departure,
        watchdog=Watchdog(60.0, departure),
    )
    return Emitter(parts, ownership, lambda: at(24), at_once)
