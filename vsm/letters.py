"""The dead letters in the log, whole and opened; for people with the identity key."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from schemas.codec import BadRecord, Codec
from schemas.dead_letter import DeadLetter
from schemas.log import Log
from schemas.sealing import join
from schemas.topics import DEAD_LETTERS

_CHUNK: Final = 500
_QUIET_SECONDS: Final = 1.0


def read_letters(log: Log) -> list[DeadLetter]:
    """Return every dead letter of the log, joined from its parts, oldest first; written twice is one.

    A letter with a missing part is left out.
    """
    parts: defaultdict[str, dict[int, DeadLetter]] = defaultdict(dict)
    codec = Codec()
    for value in _values(log):
        try:
            part = codec.decode(value, DeadLetter)
        except BadRecord:
            continue
        parts[part.dead_letter_id][part.part] = part
    letters = []
    for found in parts.values():
        try:
            letters.append(join(tuple(found.values())))
        except ValueError:
            continue
    return sorted(letters, key=lambda letter: (letter.received_at, letter.dead_letter_id))


def _values(log: Log) -> Iterator[bytes]:
    """Yield the topic's values up to where it ended when asked."""
    ends = {i: end for i, end in enumerate(log.end_offsets(DEAD_LETTERS.name)) if end > 0}
    consumer = log.consumer(f"vsm-letters-{os.getpid()}", [DEAD_LETTERS.name], from_start=True)
    try:
        while ends:
            records = consumer.poll(_CHUNK, _QUIET_SECONDS)
            if not records:
                return
            for record in records:
                if record.value is not None:
                    yield record.value
                if record.offset + 1 >= ends.get(record.partition, 0):
                    ends.pop(record.partition, None)
    finally:
        consumer.close()
