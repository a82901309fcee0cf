"""R1: a replay's rate against the live one of stock Faust in the same run, and the rebuild of a million items.

The replay decodes a log's bytes, gathers and packs the facts, derives every row and measures: all that a replay does
but reading the file. The rival carries its own small step. The rebuild is a restart's: the records restored, every
row derived.
"""

from __future__ import annotations

import gc
import time
from statistics import median

from bench.open_items import LARGE, definition, in_review
from bench.p1 import RIVALS, measure
from bench.result import Result
from processors.replay import Replay
from schemas.codec import Codec
from schemas.event import FlowEvent

BAR_RATIO = 10.0
BAR_SECONDS = 120.0
ROUNDS = 3
ITEMS = 10_000
STREAM = "stream-0"


def run() -> Result:
    """Return the median of the rounds' ratios, and the seconds of the rebuild."""
    ours, rivals = [], []
    encoded = _encoded(ITEMS)
    for _ in range(ROUNDS):
        ours.append(_replay_micros(encoded))
        rivals.append(measure("bench.rivals.stock_faust", RIVALS)["wall_us"])
    ratios = [their / our for their, our in zip(rivals, ours, strict=True)]
    del encoded
    seconds = _rebuild_seconds(LARGE)
    return Result(
        id="R1",
        ratio=round(median(ratios), 2),
        bar=BAR_RATIO,
        met=median(ratios) >= BAR_RATIO and seconds <= BAR_SECONDS,
        spread=(round(min(ratios), 2), round(max(ratios), 2)),
        yardstick="stock Faust, agent and Table, wall per event",
        cases=[
            {
                "case": "replay",
                "ours_wall_us": round(median(ours), 1),
                "stock_faust_wall_us": round(median(rivals), 1),
            },
            {"case": "rebuild", "items": LARGE, "seconds": round(seconds, 1), "bar_seconds": BAR_SECONDS},
        ],
    )


def _encoded(items: int) -> list[bytes]:
    codec = Codec()
    return [codec.encode(event) for n in range(items) for event in in_review(n, STREAM)]


def _replay_micros(encoded: list[bytes]) -> float:
    """Return what an event of a log costs from its bytes to rows and measurements, wall microseconds."""
    codec, replay = Codec(), Replay(definition(1))
    begun = time.perf_counter()
    now = 0
    for value in encoded:
        event = codec.decode(value, FlowEvent)
        now = max(now, event.received_at)
        replay.take(event)
    replay.finish(now)
    return (time.perf_counter() - begun) / len(encoded) * 1e6


def _rebuild_seconds(items: int) -> float:
    """Return how long a restart needs from the records of so many items to their last row."""
    replay = Replay(definition(1))
    for n in range(items):
        for event in in_review(n, STREAM):
            replay.take(event)
    replay.pack()
    gc.collect()
    begun = time.perf_counter()
    for _ in replay.engine().rebuild():
        pass
    return time.perf_counter() - begun


if __name__ == "__main__":
    print(run())
