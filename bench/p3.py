"""P3: the cost of an event does not grow with the number of open items, nor with that of streams.

The items are restored from records (a ticket with two facts, a commit, a change each). What is timed is folding and
draining in chunks of 100 events, each at another item, chosen over the whole range; CPU time, the sizes interleaved.
"""

from __future__ import annotations

import random
import statistics
import time
from typing import Final

from bench.open_items import LARGE, in_review, large, next_fact, restored, warmed
from bench.result import Result
from processors.partition import Partition

ITEMS_BAR: Final = 2.5
STREAMS_BAR: Final = 1.3
SMALL: Final = 1_000
STREAM_ITEMS: Final = 10_000
ROUNDS: Final = 9
EVENTS: Final = 300
CHUNK: Final = 100

Sized = tuple[Partition, int, int]
"""A partition, its items, its streams."""


def micros_per_event(sized: Sized, turn: int) -> float:
    """Return the CPU microseconds an event costs, folded and drained."""
    partition, items, streams = sized
    chance = random.Random(turn)  # noqa: S311 - the same choice every run
    chosen = [chance.randrange(items) for _ in range(EVENTS)]
    events = [next_fact(n, turn, f"stream-{n % streams}") for n in chosen]
    began = time.process_time()
    for first in range(0, EVENTS, CHUNK):
        for event in events[first : first + CHUNK]:
            partition.fold(event)
        partition.drain(turn * EVENTS + first)
    return (time.process_time() - began) / EVENTS * 1e6


def compare(small: Sized, big: Sized) -> tuple[list[float], list[float]]:
    """Return the costs at two sizes, round by round, interleaved."""
    for partition, items, streams in (small, big):
        warmed(partition, items, streams)
    rounds = [(micros_per_event(small, turn), micros_per_event(big, turn)) for turn in range(ROUNDS)]
    return [a for a, _ in rounds], [b for _, b in rounds]


def run() -> Result:
    """Measure both comparisons; the ratio is that of the items."""
    by_items = compare(_sized(SMALL, 1), (large()[0], LARGE, 1))
    by_streams = compare(_sized(STREAM_ITEMS, 10), _sized(STREAM_ITEMS, STREAM_ITEMS))
    cases = [
        _case(f"{LARGE:,} open items against {SMALL:,}", by_items, ITEMS_BAR),
        _case(f"{STREAM_ITEMS:,} streams against 10", by_streams, STREAMS_BAR),
    ]
    ratios = [b / a for a, b in zip(*by_items, strict=True)]
    ratio = round(statistics.median(ratios), 2)
    return Result(
        id="P3",
        ratio=ratio,
        bar=ITEMS_BAR,
        met=all(case["met"] is True for case in cases),
        spread=(round(min(ratios), 2), round(max(ratios), 2)),
        yardstick=f"itself at {SMALL:,} open items, CPU",
        cases=cases,
    )


def _sized(items: int, streams: int) -> Sized:
    return restored(items, streams, in_review)[0], items, streams


def _case(name: str, costs: tuple[list[float], list[float]], bar: float) -> dict[str, object]:
    ratio = round(statistics.median(b / a for a, b in zip(*costs, strict=True)), 2)
    return {
        "case": name,
        "ratio": ratio,
        "bar": bar,
        "met": ratio <= bar,
        "small_us_per_event": round(statistics.median(costs[0]), 1),
        "large_us_per_event": round(statistics.median(costs[1]), 1),
    }


if __name__ == "__main__":
    print(run())
