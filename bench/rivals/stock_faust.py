"""Stock Faust: an agent and a Table, with the same small step; `python -m bench.rivals.stock_faust BROKER EVENTS DIR`.

As its documentation shows it, and nothing more: it decodes, updates its table (whose changelog makes it durable) and
commits by itself; it writes no rows, which is to its favour. Prints its CPU and wall microseconds an event.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

import faust

from bench.small_step import update
from schemas import topics
from schemas.codec import Codec
from schemas.event import FlowEvent


def main(broker: str, events: int, directory: str) -> None:
    """Carry so many events, then end this process."""
    app = faust.App(
        "stock-faust",
        broker=f"kafka://{broker}",
        datadir=directory,
        store="memory://",
        topic_partitions=4,
        topic_replication_factor=1,
        topic_allow_declare=False,  # the mock broker makes topics when they are asked for, not on request
        web_enabled=False,
        autodiscover=False,
        consumer_auto_offset_reset="earliest",
        topic_disable_leader=True,
    )
    source = app.topic(topics.FLOW_EVENTS.name, value_type=bytes, value_serializer="raw", key_serializer="raw")
    totals = app.Table("totals", partitions=4)
    codec = Codec()
    begun: list[tuple[float, float]] = []
    seen = 0

    @app.agent(source)  # type: ignore[untyped-decorator]
    async def process(stream: Any) -> None:  # noqa: ANN401 - Faust's stream is untyped
        nonlocal seen
        async for value in stream:
            if not begun:
                begun.append((time.process_time(), time.perf_counter()))
            event = codec.decode(value, FlowEvent)
            key = event.subject_id
            totals[key] = update(totals.get(key), event)
            seen += 1
            if seen == events:
                cpu, wall = time.process_time() - begun[0][0], time.perf_counter() - begun[0][1]
                sys.stdout.write(
                    "\nRESULT " + json.dumps({"cpu_us": cpu / events * 1e6, "wall_us": wall / events * 1e6}) + "\n"
                )
                sys.stdout.flush()
                os._exit(0)

    worker = faust.Worker(app, quiet=True, loglevel="ERROR", redirect_stdouts=False)
    worker.execute_from_commandline()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
