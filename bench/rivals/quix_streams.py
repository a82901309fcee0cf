"""Quix Streams with durable state: the same small step; `python -m bench.rivals.quix_streams BROKER EVENTS DIR`.

As its documentation shows it: a value deserializer, a stateful function with a changelog topic, the result to an output
topic. Its state is a RocksDB. Prints its CPU and wall microseconds an event.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

from quixstreams import Application
from quixstreams.models import BytesDeserializer, BytesSerializer

from bench.small_step import update
from schemas import topics
from schemas.codec import Codec
from schemas.derived import WorkItem, revision
from schemas.event import FlowEvent


def main(broker: str, events: int, directory: str) -> None:
    """Carry so many events, then end this process."""
    app = Application(
        broker_address=broker,
        consumer_group="quix",
        auto_offset_reset="earliest",
        state_dir=directory,
        loglevel="ERROR",
        commit_every=500,
    )
    codec = Codec()
    begun: list[tuple[float, float]] = []
    seen = 0

    def step(value: bytes, state: Any) -> bytes:  # noqa: ANN401 - its state is untyped
        nonlocal seen
        if not begun:
            begun.append((time.process_time(), time.perf_counter()))
        event = codec.decode(value, FlowEvent)
        totals = update(state.get(event.subject_id), event)
        state.set(event.subject_id, totals)
        seen += 1
        row = WorkItem(
            value_stream=event.value_stream, item_id=event.subject_id, started_at=totals["newest"],
            revision=revision(1, seen),
        )  # fmt: skip
        return codec.encode(row)

    def finish(_row: bytes) -> None:
        if seen == events:
            cpu, wall = time.process_time() - begun[0][0], time.perf_counter() - begun[0][1]
            sys.stdout.write(
                "\nRESULT " + json.dumps({"cpu_us": cpu / events * 1e6, "wall_us": wall / events * 1e6}) + "\n"
            )
            sys.stdout.flush()
            os._exit(0)

    source = app.topic(topics.FLOW_EVENTS.name, value_deserializer=BytesDeserializer(), key_deserializer="str")
    rows = app.topic(topics.WORK_ITEMS.name, value_serializer=BytesSerializer(), key_serializer="str")
    frame = app.dataframe(source).apply(step, stateful=True)
    frame.to_topic(rows).update(finish)
    app.run()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
