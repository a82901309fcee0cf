"""P4: resident memory per open item with its facts, and the longest pause.

Items are built from records: in review (a ticket with two facts, a commit, a change: three entities, four facts) and in
the backlog (a ticket with three facts). The memory is what the process grew by, indexes and all, divided by the items;
what the measurements of these items take comes on top. The pause is the longest time that folding and draining one
event took with all of them open, garbage collected as in a processor's process.
"""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Final

from bench.open_items import (
    HOUR,
    LARGE,
    START,
    WARM,
    backlog,
    definition,
    in_review,
    large,
    next_fact,
    restored,
    warmed,
)
from bench.result import Result
from processors.measures import Measures
from processors.partition import Partition
from schemas.event import FlowEvent
from schemas.garbage import collect_seldom

BAR: Final = 1.0
PAUSE_BAR_MS: Final = 50.0
SOME: Final = 40_000
EVENTS: Final = 2_000
STREAM: Final = "stream-0"


def pauses_ms(partition: Partition) -> list[float]:
    """Return how long each of many events took, folded and drained alone, longest first."""
    took = []
    for n in range(EVENTS):
        event = next_fact(n * (LARGE // EVENTS), n % 4, STREAM)
        began = time.perf_counter()
        partition.fold(event)
        partition.drain(n)
        took.append((time.perf_counter() - began) * 1000)
    return sorted(took, reverse=True)


def measured_kb(facts: Callable[[int, str], Iterator[FlowEvent]]) -> float:
    """Return the kilobytes that the measurements of one item hold, by what was allocated for them and is still there.

    Resident memory would count what a rebuild remembers on its way, which is bounded, as theirs.
    """
    partition, _ = restored(SOME, 1, facts)
    updates = list(partition.rebuild())
    measures = Measures(definition(1), START + SOME * 60_000_000 + 40 * HOUR)
    tracemalloc.start()
    for update in updates:
        measures.observe(update)
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return held / SOME / 1024


def run() -> Result:
    """Measure both kinds of items; the ratio is the worse one's kilobytes."""
    collect_seldom()
    partition, review_kb = large()
    pauses = pauses_ms(warmed(partition, LARGE, 1))
    waiting, backlog_kb = restored(SOME, 1, backlog, WARM)
    review_measures, backlog_measures = measured_kb(in_review), measured_kb(backlog)
    del waiting  # kept till here: what it frees would hide what others take
    review, queue = review_kb + review_measures, backlog_kb + backlog_measures
    worst = max(review, queue)
    return Result(
        id="P4",
        ratio=round(worst, 2),
        bar=BAR,
        met=worst <= BAR and pauses[0] < PAUSE_BAR_MS,
        spread=(round(min(review, queue), 2), round(worst, 2)),
        yardstick=f"resident KB per item, {LARGE:,} items restored from records",
        cases=[
            {
                "case": "in review: ticket, commit, change, four facts",
                "kb_per_item": round(review, 3),
                "of_it_measurements_kb": round(review_measures, 3),
            },
            {
                "case": "in the backlog: ticket, three facts",
                "kb_per_item": round(queue, 3),
                "of_it_measurements_kb": round(backlog_measures, 3),
            },
            {
                "case": f"longest pause with {LARGE:,} items open",
                "ms": round(pauses[0], 2),
                "p99_ms": round(pauses[EVENTS // 100], 2),
                "bar_ms": PAUSE_BAR_MS,
            },
        ],
    )


if __name__ == "__main__":
    print(run())
