"""R1: a replay's rate against the live one of stock Faust in the same run, and the rebuild of a million items.

The replay decodes a log's bytes, gathers and packs the facts, derives every row and measures: all that a replay does
but reading the file. The rival carries its own small step. The bar is judged by the worse of two loads: items in
review, four facts each, and whole lives, items that are merged, deployed, reverted and closed, with runs and incidents.
Both in wall and CPU time; on a busy machine CPU says more.

The rebuild is a restart's: the records restored, every row derived. It is given up after `GIVEN_UP_SECONDS`, and says
so; fewer than a million items never meet the bar.
"""

from __future__ import annotations

import gc
import hashlib
import time
from collections.abc import Iterator
from statistics import median

from bench.open_items import LARGE, definition, in_review, records
from bench.p1 import RIVALS, measure
from bench.result import Result
from processors.facts import attributes_of_rules
from processors.partition import Partition
from processors.replay import Replay
from schemas.codec import Codec
from schemas.definition import Definition
from schemas.event import FlowEvent
from schemas.state import EntityRecord
from tests.builders import soak

BAR_RATIO = 10.0
BAR_SECONDS = 120.0
BAR_ITEMS = 1_000_000
GIVEN_UP_SECONDS = 240.0
ROUNDS = 3
ITEMS = 5_000
SLICE = 10_000
"""So many items' records are made at once, outside the measured time."""
STREAMS = 4
LIVES = 400
"""So many whole lives in each of these streams."""
STREAM = "stream-0"
FIRST = 1_000_000
"""The number of the first item rebuilt: all have as many digits, so one's records are made of another's bytes."""

Micros = dict[str, float]
"""`wall_us` and `cpu_us` an event."""


def run() -> Result:
    """Return the ratios of wall time, the worse load's, and the seconds of the rebuild."""
    codec = Codec()
    streams = soak.names(STREAMS * soak.ITEMS_OF_A_STREAM)
    loads = {
        "items in review": (definition(1), [codec.encode(e) for n in range(ITEMS) for e in in_review(n, STREAM)]),
        "whole lives": (soak.definition(streams), [codec.encode(e) for s in streams for e in soak.events(s, 1, LIVES)]),
    }
    rounds = [_round(loads) for _ in range(ROUNDS)]
    ratios = {name: [each["rival"]["wall_us"] / each[name]["wall_us"] for each in rounds] for name in loads}
    worst = min(ratios.values(), key=median)
    del loads
    rebuild, seconds = _rebuild(LARGE)
    enough = LARGE >= BAR_ITEMS and not rebuild["given_up"] and seconds <= BAR_SECONDS
    return Result(
        id="R1",
        ratio=round(median(worst), 2),
        bar=BAR_RATIO,
        met=median(worst) >= BAR_RATIO and enough,
        spread=(round(min(worst), 2), round(max(worst), 2)),
        yardstick="stock Faust, agent and Table, wall per event",
        cases=[*(_case(name, rounds) for name in ratios), rebuild],
    )


def _round(loads: dict[str, tuple[Definition, list[bytes]]]) -> dict[str, Micros]:
    """Return what an event costs in a replay of each load, and the rival, one after another."""
    measured = {name: _replay_micros(*load) for name, load in loads.items()}
    return {**measured, "rival": measure("bench.rivals.stock_faust", RIVALS)}


def _case(name: str, rounds: list[dict[str, Micros]]) -> dict[str, object]:
    told: dict[str, object] = {"case": f"replay, {name}"}
    for who, key in (("ours", name), ("stock_faust", "rival")):
        for clock in ("wall_us", "cpu_us"):
            told[f"{who}_{clock}"] = round(median(each[key][clock] for each in rounds), 1)
    return told


def _replay_micros(defined: Definition, encoded: list[bytes]) -> Micros:
    """Return what an event of a log costs from its bytes to rows and measurements."""
    codec, replay = Codec(), Replay(defined)
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    now = 0
    for value in encoded:
        event = codec.decode(value, FlowEvent)
        now = max(now, event.received_at)
        replay.take(event)
    replay.finish(now)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {"wall_us": wall / len(encoded) * 1e6, "cpu_us": cpu / len(encoded) * 1e6}


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


def _rebuild(items: int) -> tuple[dict[str, object], float]:
    """Return how long a restart needs from the records of so many items to their last row, as a case and seconds."""
    partition, clock = Partition(definition(1), 1), _Clock()
    for first in range(FIRST, FIRST + items, SLICE):
        made = list(_records(first, min(SLICE, FIRST + items - first)))
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
    case: dict[str, object] = {"case": "rebuild", "items": items, "rows": rows, "given_up": given_up}
    told = {"seconds": round(clock.wall, 1), "cpu_seconds": round(clock.cpu, 1), "bar_seconds": BAR_SECONDS}
    return {**case, **told}, clock.wall


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
