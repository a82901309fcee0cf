"""Looks at a one-machine log without taking part: no group, no lock, nothing in its directory changes.

The stack may run meanwhile. What is appended after `ends` was asked is not read.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from types import MappingProxyType
from typing import Final
from urllib.parse import quote

from schemas.local_file import OFFSET_BITS, SUFFIX, end_offset, read_chunk
from schemas.log import LogUnavailable, Record

_CHUNK: Final = 2_000
_CHUNK_BYTES: Final = 16_000_000
_FROM_THE_START: Final[Mapping[int, int]] = MappingProxyType({})


def ends(directory: Path, topic: str) -> Mapping[int, int]:
    """Return the next offset of every partition that holds a record of a topic. Raises LogUnavailable."""
    path = directory / f"{topic}{SUFFIX}"
    if not path.is_file():
        raise LogUnavailable(f"{directory} holds no log: name the data directory of a one-machine stack")
    found = {}
    try:
        with closing(_looking(path)) as file:
            partition = 0
            while (first := _first_id(file, partition)) is not None:
                partition = first >> OFFSET_BITS
                found[partition] = end_offset(file, partition)
                partition += 1
    except sqlite3.Error as bad:
        raise LogUnavailable(f"{path}: {bad}") from bad
    return found


def starts(directory: Path, topic: str) -> Mapping[int, int]:
    """Return the first offset of every partition that holds a record of a topic. Raises LogUnavailable."""
    path = directory / f"{topic}{SUFFIX}"
    found = {}
    for partition in ends(directory, topic):
        try:
            with closing(_looking(path)) as file:
                first = _first_id(file, partition)
        except sqlite3.Error as bad:
            raise LogUnavailable(f"{path}: {bad}") from bad
        if first is not None:
            found[partition] = first - (partition << OFFSET_BITS)
    return found


def read(
    directory: Path, topic: str, until: Mapping[int, int], begin: Mapping[int, int] = _FROM_THE_START
) -> Iterator[Record]:
    """Yield a topic's records from `begin` up to the offset `until` of each partition, in offset order.

    Raises LogUnavailable.
    """
    path = directory / f"{topic}{SUFFIX}"
    for partition, end in until.items():
        offset = begin.get(partition, 0)
        while offset < end:
            room = min(_CHUNK, end - offset)
            try:
                with closing(_looking(path)) as file:
                    chunk = read_chunk(file, topic, partition, offset, max_records=room, max_bytes=_CHUNK_BYTES)
            except sqlite3.Error as bad:
                raise LogUnavailable(f"{path}: {bad}") from bad
            yield from (record for record in chunk if record.offset < end)
            offset = chunk[-1].offset + 1 if chunk else end


def _first_id(file: sqlite3.Connection, partition: int) -> int | None:
    row = file.execute("SELECT min(id) FROM records WHERE id >= ?", (partition << OFFSET_BITS,)).fetchone()
    return None if row[0] is None else int(row[0])


def _looking(path: Path) -> sqlite3.Connection:
    """Open a file for looking. At rest it is opened as one that cannot change, which leaves no file beside it."""
    at_rest = not path.with_name(f"{path.name}-wal").exists()
    mode = "immutable=1" if at_rest else "mode=ro"
    return sqlite3.connect(f"file:{quote(str(path.resolve()))}?{mode}", uri=True)
