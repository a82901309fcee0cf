"""P4: resident memory per open item with its facts, and the longest pause.

Items are built from records: in review (a ticket with two facts, a commit, a change: three entities, four facts) and in
the backlog (a ticket with three facts). The memory is what the process grew by, indexes and all, divided by the items.
The pause is the longest time that folding and draining one event took with all of them open, garbage collection at its
defaults. `VSM_BENCH_ITEMS` sets the size (1,000,000 takes minutes to build).
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from bench.open_items import backlog, definition, in_review, next_fact, records
from bench.result import Result
from processors.facts import attributes_of_rules
from processors.partition import Partition
from schemas.event import FlowEvent

BAR: Final = 1.0
PAUSE_BAR_MS: Final = 50.0
ITEMS: Final = int(os.environ.get("VSM_BENCH_ITEMS", "25000"))
EVENTS: Final = 2_000
WARM: Final = 3_000
STREAM: Final = "stream-0"


def resident_bytes() -> int:
    """Return the resident memory of this process."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def filled(facts: Callable[[int, str], Iterator[FlowEvent]]) -> tuple[Partition, float]:
    """Return a partition of open items and the kilobytes (1,024) of resident memory each took."""
    streams = definition(1)
    ruled = attributes_of_rules(streams)
    partition = Partition(streams, 1)
    before = 0
    for n in range(ITEMS + WARM):
        if n == WARM:
            gc.collect()
            before = resident_bytes()
        for record in records(facts(n, STREAM), ruled):
            partition.restore(record)
    gc.collect()
    return partition, (resident_bytes() - before) / ITEMS / 1024


def pauses_ms(partition: Partition) -> list[float]:
    """Return how long each of many events took, folded and drained alone, longest first."""
    partition.fold(next_fact(0, 3, STREAM))
    partition.drain(0)
    took = []
    for n in range(EVENTS):
        event = next_fact(n * (ITEMS // EVENTS), n % 4, STREAM)
        began = time.perf_counter()
        partition.fold(event)
        partition.drain(n)
        took.append((time.perf_counter() - began) * 1000)
    return sorted(took, reverse=True)


def run() -> Result:
    """Measure both kinds of items; the ratio is the worse one's kilobytes."""
    partition, review_kb = filled(in_review)
    waiting, backlog_kb = filled(backlog)
    pauses = pauses_ms(partition)
    del waiting  # kept till here: what it frees would hide what others take
    worst = max(backlog_kb, review_kb)
    return Result(
        id="P4",
        ratio=round(worst, 2),
        bar=BAR,
        met=worst <= BAR and pauses[0] < PAUSE_BAR_MS,
        spread=(round(min(backlog_kb, review_kb), 2), round(worst, 2)),
        yardstick=f"resident KB per item, {ITEMS} items restored from records",
        cases=[
            {"case": "in review: ticket, commit, change, four facts", "kb_per_item": round(review_kb, 3)},
            {"case": "in the backlog: ticket, three facts", "kb_per_item": round(backlog_kb, 3)},
            {"case": "longest pause", "ms": round(pauses[0], 2), "p99_ms": round(pauses[EVENTS // 100], 2)},
        ],
    )


if __name__ == "__main__":
    print(run())
