"""A timeline that holds what is not yet due: sorted out by time, spilled to disk, so that memory stays flat."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_HEAD: Final = struct.Struct("<qqI")

IN_MEMORY: Final = 3_000
"""Lines held in memory before they are written to their slices' files."""

Entry = tuple[int, int, bytes]
"""Time (microseconds), the order in which it was put (breaks ties), the line."""


class Timeline:
    """Takes lines of any time not yet drained, gives them back in time order, a slice of time at a time."""

    def __init__(self, directory: Path, start: int, slice_micros: int, most: int = IN_MEMORY) -> None:
        """Keep spilled slices in `directory`; nothing may be earlier than `start` (microseconds)."""
        self._most = most
        self._directory = directory
        self._start = start
        self._width = slice_micros
        self._slices: dict[int, list[Entry]] = {}
        self._spilled: set[int] = set()
        self._next = 0
        self._held = 0
        self._count = 0

    def put(self, at: int, line: bytes) -> None:
        """Add a line. Raises ValueError when its time has been drained already."""
        index = (at - self._start) // self._width
        if index < self._next:
            raise ValueError(f"time {at} has been drained already")
        self._slices.setdefault(index, []).append((at, self._count, line))
        self._count += 1
        self._held += 1
        if self._held > self._most:
            self._spill()

    def drain(self, until: int | None) -> Iterator[bytes]:
        """Yield, in time order, every line of the slices that end at or before `until` (None: all)."""
        last = None if until is None else (until - self._start) // self._width
        waiting = sorted(self._slices.keys() | self._spilled)
        for index in waiting:
            if last is not None and index >= last:
                break
            entries = self._take(index)
            entries.sort()
            yield from (line for _, _, line in entries)
        if last is not None:
            self._next = max(self._next, last)

    def _take(self, index: int) -> list[Entry]:
        entries = self._slices.pop(index, [])
        self._held -= len(entries)
        if index in self._spilled:
            self._spilled.discard(index)
            path = self._path(index)
            entries += _read(path.read_bytes())
            path.unlink()
        return entries

    def _spill(self) -> None:
        for index, entries in self._slices.items():
            with self._path(index).open("ab") as file:
                file.writelines(_HEAD.pack(at, order, len(line)) + line for at, order, line in entries)
            self._spilled.add(index)
        self._slices.clear()
        self._held = 0

    def _path(self, index: int) -> Path:
        return self._directory / f"slice-{index}"


def _read(data: bytes) -> Iterator[Entry]:
    position = 0
    while position < len(data):
        at, order, size = _HEAD.unpack_from(data, position)
        position += _HEAD.size
        yield at, order, data[position : position + size]
        position += size
