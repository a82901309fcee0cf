"""A topic from its start to where it ends when asked, for commands that look at the whole log."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Final

from schemas.log import Log, LogUnavailable, Record, RecoveryStalled

_CHUNK: Final = 500
_QUIET_SECONDS: Final = 0.5
_STALL_SECONDS: Final = 60.0
"""How long nothing may come while more is there; joining a group of Kafka alone takes some seconds."""


def scanned(log: Log, topic: str) -> Iterator[Record]:
    """Yield a topic's records, tombstones too, each partition's in order, up to where it ended when first asked.

    Raises LogUnavailable when it could not be read to there.
    """
    starts = log.start_offsets(topic)
    ends = {p: end for p, end in enumerate(log.end_offsets(topic)) if end > starts[p]}
    consumer = log.consumer(f"vsm-scan-{os.getpid()}", [topic], from_start=True)
    deadline = time.monotonic() + _STALL_SECONDS
    try:
        while ends:
            records = consumer.poll(_CHUNK, _QUIET_SECONDS)
            if not records and time.monotonic() > deadline:
                raise LogUnavailable(f"{topic} could not be read to its end: nothing came any more")
            for record in records:
                deadline = time.monotonic() + _STALL_SECONDS
                if record.offset < ends.get(record.partition, 0):
                    yield record
                if record.offset + 1 >= ends.get(record.partition, 0):
                    ends.pop(record.partition, None)
    finally:
        consumer.close()


def newest(log: Log, topic: str) -> Iterator[Record]:
    """Yield the newest record of every key of a compacted topic, tombstones left out. Raises LogUnavailable."""
    for partition in range(log.partitions(topic)):
        found = {}
        try:
            for record in log.read_compacted(topic, partition):
                found[record.key] = record
        except RecoveryStalled as stalled:
            raise LogUnavailable(str(stalled)) from stalled
        yield from (record for record in found.values() if record.value is not None)
