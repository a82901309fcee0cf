"""The dead letters in the log, whole and opened; for people with the identity key."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct

from schemas.codec import BadRecord, Codec
from schemas.dead_letter import DeadLetter
from schemas.log import Log, LogUnavailable, Record
from schemas.sealing import join
from schemas.topics import DEAD_LETTERS

_CHUNK: Final = 500
_QUIET_SECONDS: Final = 0.5
_STALL_SECONDS: Final = 60.0
"""How long nothing may come while more is there; joining a group of Kafka alone takes some seconds."""


class Letters(Struct, frozen=True, kw_only=True):
    """What the topic holds: whole letters, oldest first, and in words what could not be read."""

    whole: list[DeadLetter]
    unreadable: list[str]


def read_letters(log: Log, codec: Codec) -> Letters:
    """Return the dead letters of the log, joined from their parts; written twice is one.

    Raises LogUnavailable when the topic could not be read to where it ended when asked, and what the codec's registry
    raises.
    """
    parts: defaultdict[str, dict[int, DeadLetter]] = defaultdict(dict)
    unreadable = []
    for record in _records(log):
        try:
            part = codec.decode(record.value, DeadLetter)
        except BadRecord as bad:
            unreadable.append(f"{record.topic}/{record.partition} at {record.offset}: {bad}")
        else:
            parts[part.dead_letter_id][part.part] = part
    whole = []
    for letter_id, found in parts.items():
        try:
            whole.append(join(tuple(found.values())))
        except ValueError:
            unreadable.append(f"{letter_id}: {_missing(found)}")
    return Letters(
        whole=sorted(whole, key=lambda letter: (letter.received_at, letter.dead_letter_id)), unreadable=unreadable
    )


def _missing(found: Mapping[int, DeadLetter]) -> str:
    wanted = max(part.parts for part in found.values())
    return f"{len(found)} of its {wanted} parts are there"


def _records(log: Log) -> Iterator[Record]:
    """Yield the topic's records with a value up to where it ended when asked."""
    ends = {i: end for i, end in enumerate(log.end_offsets(DEAD_LETTERS.name)) if end > 0}
    consumer = log.consumer(f"vsm-letters-{os.getpid()}", [DEAD_LETTERS.name], from_start=True)
    deadline = time.monotonic() + _STALL_SECONDS
    try:
        while ends:
            records = consumer.poll(_CHUNK, _QUIET_SECONDS)
            if not records and time.monotonic() > deadline:
                raise LogUnavailable(f"{DEAD_LETTERS.name} could not be read to its end: nothing came any more")
            for record in records:
                deadline = time.monotonic() + _STALL_SECONDS
                if record.value is not None:
                    yield record
                if record.offset + 1 >= ends.get(record.partition, 0):
                    ends.pop(record.partition, None)
    finally:
        consumer.close()
