"""R1: a replay's rate against the live one of stock Faust in the same run, and the rebuild of a million items.

A replay here is what the command does but for reading the file: a log's bytes decoded, routed anew, gathered and packed
under two definitions, every row derived, every series measured and both compared, the streams shared out among as many
processes as there are cores. An event counts once for each of the two definitions that it is replayed under. Beside it
stands the same in one process. The rival carries its own small step.

The bar is judged by the worse of two loads, each in a few streams: items in review, four facts each, and whole lives,
items that are merged, deployed, reverted and closed, with runs and incidents. Both in wall and CPU time; on a busy
machine CPU says more.

The rebuild is a restart's: the records restored, every row derived. It is measured twice: in as many workers as there
are cores, each with its share of the partitions, which the bar is judged by (ADR 34), and all items in one partition of
one process. What the records of the bench take to make is not counted; of several workers the longest counts. Each is
given up after `GIVEN_UP_SECONDS`, and says so; fewer than a million items never meet the bar. Garbage is collected as
in a processor's process.
"""

from __future__ import annotations

import gc
import hashlib
import os
import time
from collections.abc import Iterator, Sequence
from statistics import median

from msgspec import Struct
from msgspec.structs import replace

from bench.open_items import LARGE, definition, in_review, records
from bench.p1 import RIVALS, measure
from bench.result import Result
from processors.facts import attributes_of_rules
from processors.partition import Partition
from schemas.codec import Codec
from schemas.definition import Definition
from schemas.event import FlowEvent
from schemas.garbage import collect_seldom
from schemas.log import Record
from schemas.state import EntityRecord
from schemas.topics import FLOW_EVENTS
from tests.builders import soak
from vsm.replay.replaying import Both, read_into
from vsm.sharing import cores, shared

BAR_RATIO = 10.0
BAR_SECONDS = 120.0
BAR_ITEMS = 1_000_000
GIVEN_UP_SECONDS = 300.0
ROUNDS = 3
ITEMS = 5_000
SLICE = 10_000
"""So many items' records are made at once, outside the measured time."""
STREAMS = 4
LIVES = 400
"""So many whole lives in each of these streams."""
DEFINITIONS = 2
"""A replay is of two."""
STREAM = "stream-0"
FIRST = 1_000_000
"""The number of the first item rebuilt: all have as many digits, so one's records are made of another's bytes."""

RIVAL = "stock Faust"

Micros = dict[str, float]
"""`wall_us` and `cpu_us` an event."""
Round = dict[tuple[str, int], Micros]
"""By load, or the rival, and the number of processes."""


def run() -> Result:
    """Return the ratios of wall time, the worse load's, and the seconds of the rebuild."""
    collect_seldom()
    streams = soak.names(STREAMS * soak.ITEMS_OF_A_STREAM)
    defined = soak.definition(streams)
    loads = {
        "items in review": _log([e for n in range(ITEMS) for e in in_review(n, streams[n % STREAMS])]),
        "whole lives": _log([e for stream in streams for e in soak.events(stream, 1, LIVES)]),
    }
    rounds = [_round(defined, loads) for _ in range(ROUNDS)]
    ratios = {name: [each[RIVAL, 1]["wall_us"] / each[name, cores()]["wall_us"] for each in rounds] for name in loads}
    worst = min(ratios.values(), key=median)
    del loads
    rebuilds = [_rebuilt(LARGE, workers) for workers in sorted({1, cores()})]
    enough = LARGE >= BAR_ITEMS and not rebuilds[-1].given_up and rebuilds[-1].wall_seconds <= BAR_SECONDS
    return Result(
        id="R1",
        ratio=round(median(worst), 2),
        bar=BAR_RATIO,
        met=median(worst) >= BAR_RATIO and enough,
        spread=(round(min(worst), 2), round(max(worst), 2)),
        yardstick="stock Faust, agent and Table, wall per event",
        cases=[*(_case(name, rounds) for name in ratios), *map(_rebuild_case, rebuilds)],
    )


def _log(events: Sequence[FlowEvent]) -> list[Record]:
    """Return a log of these events, each claimed by its stream."""
    codec, topic = Codec(), FLOW_EVENTS.name
    return [
        Record(topic, 0, offset, event.value_stream.encode(), codec.encode(_claimed(event)), event.received_at)
        for offset, event in enumerate(events)
    ]


def _claimed(event: FlowEvent) -> FlowEvent:
    return replace(event, attributes={**event.attributes, "project": f"jira/{event.value_stream}"})


def _round(defined: Definition, loads: dict[str, list[Record]]) -> Round:
    """Return what an event costs in a replay of each load, shared out and in one process, and the rival's."""
    ours = {
        (name, workers): _replay_micros(defined, log, workers)
        for name, log in loads.items()
        for workers in sorted({1, cores()})
    }
    return {**ours, (RIVAL, 1): measure("bench.rivals.stock_faust", RIVALS)}


def _case(name: str, rounds: list[Round]) -> dict[str, object]:
    told: dict[str, object] = {"case": f"replay, {name}", "processes": cores()}
    for who, key in (("ours", (name, cores())), ("one_process", (name, 1)), ("stock_faust", (RIVAL, 1))):
        for clock in ("wall_us", "cpu_us"):
            told[f"{who}_{clock}"] = round(median(each[key][clock] for each in rounds), 1)
    return told


def _replay_micros(defined: Definition, log: list[Record], workers: int) -> Micros:
    """Return what an event of a log costs under each definition from its bytes to what differs, children included."""
    now = max(Codec().decode(record.value, FlowEvent).received_at for record in log)
    both = Both(defined, _redefined(defined))
    gc.collect()
    wall, cpu = time.perf_counter(), _cpu_seconds()
    read_into(both, log, Codec(), lambda _: None, lambda _partition, _offset: None)
    both.routes()
    both.compared(now, workers)
    wall, cpu = time.perf_counter() - wall, _cpu_seconds() - cpu
    replayed = len(log) * DEFINITIONS
    return {"wall_us": wall / replayed * 1e6, "cpu_us": cpu / replayed * 1e6}


def _redefined(defined: Definition) -> Definition:
    """Return a definition that has every stream otherwise, as costly to derive; one defined alike costs half."""
    streams = tuple(replace(stream, owner="next") for stream in defined.value_streams)
    return replace(defined, version="next", value_streams=streams)


def _cpu_seconds() -> float:
    """Return what this process and the ended ones that it began have used."""
    return sum(os.times()[:4])


class _Clock:
    """Counts wall and CPU seconds while it is on."""

    def __init__(self) -> None:
        self.wall = self.cpu = 0.0

    def on(self) -> None:
        self.wall -= time.perf_counter()
        self.cpu -= time.process_time()

    def off(self) -> None:
        self.wall += time.perf_counter()
        self.cpu += time.process_time()


class Rebuilt(Struct, frozen=True):
    """How long workers needed from the records of so many items to their last row: the longest, and all their CPU."""

    workers: int
    items: int
    rows: int
    wall_seconds: float
    cpu_seconds: float
    given_up: bool


def _rebuilt(items: int, workers: int) -> Rebuilt:
    """Return what a rebuild of so many items costs that are shared out evenly among workers."""
    share = items // workers
    firsts = {str(FIRST + number * share): share for number in range(workers)}
    with shared(lambda first: _rebuild(int(first), share), firsts, workers) as found:
        done = [each for _, each in found]
    return Rebuilt(
        workers,
        sum(each.items for each in done),
        sum(each.rows for each in done),
        max(each.wall_seconds for each in done),
        sum(each.cpu_seconds for each in done),
        any(each.given_up for each in done),
    )


def _rebuild(begin: int, items: int) -> Rebuilt:
    """Return what a rebuild of so many items from a number on costs in this process."""
    partition, clock = Partition(definition(1), 1), _Clock()
    for first in range(begin, begin + items, SLICE):
        made = list(_records(first, min(SLICE, begin + items - first)))
        clock.on()
        for record in made:
            partition.restore(record)
        clock.off()
        if clock.wall > GIVEN_UP_SECONDS:
            break
    rows, given_up = 0, clock.wall > GIVEN_UP_SECONDS
    gc.collect()
    clock.on()
    for rows, _ in enumerate(partition.rebuild(), 1):
        if rows % 1_000 == 0 and clock.wall + time.perf_counter() > GIVEN_UP_SECONDS:
            given_up = True
            break
    clock.off()
    return Rebuilt(1, items, rows, clock.wall, clock.cpu, given_up)


def _rebuild_case(rebuilt: Rebuilt) -> dict[str, object]:
    judged = {"bar_seconds": BAR_SECONDS} if rebuilt.workers == cores() else {}
    return {
        "case": f"rebuild, {rebuilt.workers} worker{'s' * (rebuilt.workers > 1)}",
        "items": rebuilt.items,
        "rows": rebuilt.rows,
        "given_up": rebuilt.given_up,
        "seconds": round(rebuilt.wall_seconds, 1),
        "cpu_seconds": round(rebuilt.cpu_seconds, 1),
        **judged,
    }


def _records(first: int, items: int) -> Iterator[EntityRecord]:
    """Yield the records of so many items in review from a number on: one item's bytes with other names put in."""
    one = list(records(in_review(FIRST, STREAM), attributes_of_rules(definition(1))))
    number, sha = str(FIRST), _sha(FIRST)
    for n in range(first, first + items):
        for record in one:
            yield EntityRecord(
                value_stream=STREAM,
                entity=record.entity.replace(number, str(n)).replace(sha, _sha(n)),
                encoding=record.encoding,
                facts=record.facts.replace(number.encode(), str(n).encode()).replace(sha.encode(), _sha(n).encode()),
            )


def _sha(n: int) -> str:
    return hashlib.sha1(str(n).encode(), usedforsecurity=False).hexdigest()


if __name__ == "__main__":
    print(run())
