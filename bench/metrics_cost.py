"""C1: what it costs to measure everything as it happens: engine and measures against the engine alone, CPU per event.

The same events, those of the lab's organisation in the order of their time, pressed together to a steady rate of event
time. Both fold them and drain what was touched a hundred events at a time; one of them also lets the measures take
every row and measures all streams after every second of event time: steps, flow and deliveries in five windows, by kind
of work and environment, elapsed and by a calendar, with a target for everything that may have one.

The bar is for a core under load, which is where costs decide how many events it can take. With fewer events a second a
measuring is shared by fewer of them, and what it takes is a share of an idle core: said beside it.
"""

from __future__ import annotations

import time
from statistics import median
from typing import Final

from msgspec.structs import replace

from bench.result import Result
from lab.organisation import definition
from lab.simulate import DEFAULT_END, deliveries
from processors.measures import Measures
from processors.partition import Partition
from schemas.definition import Calendar, Definition
from schemas.event import UNROUTED, FlowEvent
from schemas.targets_text import OF_A_STEP, OF_THE_STREAM
from vsm.truth.events import taken

BAR: Final = 2.0
ITEMS: Final = 250
ROUNDS: Final = 3
CHUNK: Final = 100
FULL: Final = 2_000
"""Events a second: about two thirds of what the engine alone can take."""
QUIET: Final = 250
_SECOND: Final = 1_000_000


def run() -> Result:
    """Return the ratio at full load, and what it is with fewer events."""
    defined = everything()
    events = lab_events(defined)
    by_rate = {rate: [compare(defined, events, rate) for _ in range(ROUNDS)] for rate in (FULL, QUIET)}
    ratios = [whole / alone for alone, whole in by_rate[FULL]]
    return Result(
        id="C1",
        ratio=round(median(ratios), 2),
        bar=BAR,
        met=median(ratios) <= BAR,
        spread=(round(min(ratios), 2), round(max(ratios), 2)),
        yardstick="the engine alone on the same events, CPU",
        cases=[_case(rate, rounds) for rate, rounds in by_rate.items()],
    )


def everything() -> Definition:
    """Return the lab's value streams with a calendar and all targets, so that no metric is left out."""
    days = Calendar(zone="Europe/Berlin", hours=tuple((day, 9 * 60, 17 * 60) for day in range(5)))
    lab = definition()
    streams = tuple(
        replace(
            stream,
            calendar=days,
            targets=dict.fromkeys(
                [*OF_THE_STREAM, *(f"{step.name}.{target}" for step in stream.steps for target in OF_A_STEP)], "4h"
            ),
        )
        for stream in lab.value_streams
    )
    return replace(lab, value_streams=streams)


def lab_events(defined: Definition) -> list[FlowEvent]:
    """Return the events of a simulated organisation in the order of their time."""
    found = taken(deliveries(1, ITEMS, DEFAULT_END * _SECOND), defined).events
    return sorted((e for e in found if e.value_stream != UNROUTED), key=lambda event: event.occurred_at)


def compare(defined: Definition, events: list[FlowEvent], rate: int) -> tuple[float, float]:
    """Return the CPU microseconds an event costs the engine alone, and with everything measured."""
    pressed = at_rate(events, rate)
    return _micros(defined, pressed, measured=False), _micros(defined, pressed, measured=True)


def at_rate(events: list[FlowEvent], rate: int) -> list[FlowEvent]:
    """Return the events with the spans between them scaled to so many a second."""
    first, last = events[0].occurred_at, events[-1].occurred_at
    scale = len(events) / rate * _SECOND / (last - first)
    times = [DEFAULT_END * _SECOND + round((event.occurred_at - first) * scale) for event in events]
    return [replace(e, occurred_at=at, received_at=at) for e, at in zip(events, times, strict=True)]


def _micros(defined: Definition, events: list[FlowEvent], *, measured: bool) -> float:
    partition, measures = Partition(defined, 1), Measures(defined, events[0].occurred_at)
    due = events[0].occurred_at + _SECOND
    began = time.process_time()
    for number, event in enumerate(events, 1):
        partition.fold(event)
        if number % CHUNK and number < len(events):
            continue
        updates = partition.drain(number).updates
        if not measured:
            continue
        for update in updates:
            measures.observe(update)
        if event.occurred_at >= due or number == len(events):
            measures.measure(event.occurred_at, partition.signs())
            due += _SECOND
    return (time.process_time() - began) / len(events) * 1e6


def _case(rate: int, rounds: list[tuple[float, float]]) -> dict[str, object]:
    alone, whole = (median(one[i] for one in rounds) for i in (0, 1))
    return {
        "case": f"{rate:,} events a second of event time, three streams",
        "ratio": round(median(b / a for a, b in rounds), 2),
        "engine_us_per_event": round(alone, 1),
        "with_all_metrics_us_per_event": round(whole, 1),
        "metrics_share_of_a_core": round((whole - alone) * rate / 1e6, 3),
    }


if __name__ == "__main__":
    print(run())
