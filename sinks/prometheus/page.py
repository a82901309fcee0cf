"""The metrics page: measured series in pre-rendered blocks, so that a scrape costs little and never blocks for long.

Pure but for a lock: time comes in as an argument. A series stays in its block as long as its partition is ours and its
generation is not past.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from threading import Lock
from typing import Final

from schemas.measurement import Measurement
from sinks.prometheus.families import FAMILIES, ITEMS_FAMILY, Line, lines

FRESH_MICROS: Final = 180 * 1_000_000
"""A series that was not measured for longer is absent."""

_BLOCK_SERIES: Final = 500
_NEVER: Final = 1 << 62


class _Block:
    """Up to 500 series of one family and one partition, and their text as it was last rendered."""

    __slots__ = ("_dirty", "_text", "_valid_until", "measured", "prefixes", "values")

    def __init__(self) -> None:
        self.prefixes: list[str] = []
        self.values: list[float | None] = []
        self.measured: list[int] = []
        self._text = b""
        self._valid_until = _NEVER
        self._dirty = False

    def add(self, prefix: str) -> int:
        """Make room for a series and return its place."""
        self.prefixes.append(prefix)
        self.values.append(None)
        self.measured.append(0)
        return len(self.prefixes) - 1

    def set(self, place: int, value: float | None, measured_at: int) -> None:
        """Give a series its value unless it holds a newer one."""
        if measured_at >= self.measured[place]:
            self.values[place] = value
            self.measured[place] = measured_at
            self._dirty = True

    def text(self, now: int) -> bytes:
        """Return the lines of the series that are known and fresh at `now`; b'' for none."""
        if self._dirty or now > self._valid_until:
            oldest = now - FRESH_MICROS
            self._text = "".join(
                [
                    f"{prefix}{value!r}\n"
                    for prefix, value, measured in zip(self.prefixes, self.values, self.measured, strict=True)
                    if value is not None and measured >= oldest
                ]
            ).encode()
            fresh = [measured for measured in self.measured if measured >= oldest]
            self._valid_until = min(fresh) + FRESH_MICROS if fresh else _NEVER
            self._dirty = False
        return self._text


class _Part:
    """The series of one partition of the measurements, in one generation."""

    __slots__ = ("blocks", "places")

    def __init__(self) -> None:
        self.places: dict[bytes, tuple[tuple[_Block, int], ...]] = {}
        self.blocks: dict[str, list[_Block]] = {}

    def place(self, line: Line) -> tuple[_Block, int]:
        """Return a new place for a series."""
        blocks = self.blocks.setdefault(line.family, [_Block()])
        if len(blocks[-1].prefixes) >= _BLOCK_SERIES:
            blocks.append(_Block())
        return blocks[-1], blocks[-1].add(line.prefix)


class Page:
    """Every series of our partitions. Safe between the threads that feed it, steer it and serve it.

    It shows the active generation and holds those that are built beside it; while it was not told which that is, it
    shows the newest. A partition of which the active one was not measured yet keeps what it showed, so that a swap
    leaves no gap; of a generation gone back to, that nobody measures any more, it shows the next that is measured.
    `max_series` bounds the measured series; what finds no room is counted in `refused` and not shown.
    """

    def __init__(self, max_series: int, active: int = 0) -> None:
        self._max_series = max_series
        self._active = active
        self._parts: dict[tuple[int, int], _Part] = {}
        self._lock = Lock()
        self.refused = 0

    @property
    def series(self) -> int:
        """How many measured series the page holds, absent ones included."""
        return sum(len(part.places) for part in list(self._parts.values()))

    def show(self, active: int) -> None:
        """Show this generation from now on, and forget those before it; what said no generation is of it.

        Where it was not measured yet, the newest before it stands until it is.
        """
        with self._lock:
            self._active = active
            unsaid = {(owner, active): part for (owner, generation), part in self._parts.items() if not generation}
            said = {place: part for place, part in self._parts.items() if place[1]}
            self._parts = {**unsaid, **said}
            for owner in {owner for owner, _ in self._parts}:
                self._let_go(owner)

    def put(self, partition: int, key: bytes, measurement: Measurement) -> None:
        """Take a measurement of the series `key`; an older one than is held changes nothing, nor a past generation's.

        One that says no generation is of the one that is shown.
        """
        found = lines(measurement)
        if not found:
            return
        with self._lock:
            generation = measurement.generation or self._shown()
            if generation < self._active:
                return
            part = self._parts.get((partition, generation))
            if part is None:
                part = self._parts[partition, generation] = _Part()
                self._let_go(partition)
            places = part.places.get(key)
            if places is None:
                if self.series >= self._max_series:
                    self.refused += 1
                    return
                places = part.places[key] = tuple(part.place(line) for line in found)
            for (block, place), line in zip(places, found, strict=True):
                block.set(place, line.value, measurement.measured_at)

    def _let_go(self, owner: int) -> None:
        """Forget what is older than the active generation, but for the newest while that one has nothing."""
        shown = self._nearest(owner)
        gone = [place for place in self._parts if place[0] == owner and place[1] < min(self._active, shown)]
        for place in gone:
            del self._parts[place]

    def _nearest(self, owner: int) -> int:
        """Return the generation that a partition shows: the active one, else the newest before it, else the next."""
        wanted = self._shown()
        held = [generation for place, generation in self._parts if place == owner]
        return max((g for g in held if g <= wanted), default=min(held, default=wanted))

    def remove(self, partition: int, key: bytes) -> None:
        """Make a series absent (a tombstone on the log)."""
        with self._lock:
            for (owner, _), part in self._parts.items():
                for block, place in part.places.get(key, ()) if owner == partition else ():
                    block.set(place, None, block.measured[place])

    def drop(self, partitions: Sequence[int]) -> None:
        """Forget every series of partitions that are no longer ours."""
        with self._lock:
            gone = set(partitions)
            self._parts = {place: part for place, part in self._parts.items() if place[0] not in gone}

    def render(self, now: int) -> Iterator[bytes]:
        """Yield the page in pieces, each quickly made; families without a series to show are left out.

        A generation or partition that comes or goes meanwhile is seen by the next one.
        """
        parts = self._shown_parts()
        for family in (*FAMILIES, ITEMS_FAMILY):
            head = f"# HELP {family.name} {family.help}\n# TYPE {family.name} {family.type}\n".encode()
            for block in self._blocks(parts, family.name):
                with self._lock:
                    text = block.text(now)
                if text:
                    yield head + text
                    head = b""

    def _blocks(self, parts: Sequence[_Part], family: str) -> list[_Block]:
        with self._lock:
            return [block for part in parts for block in part.blocks.get(family, ())]

    def _shown_parts(self) -> list[_Part]:
        with self._lock:
            nearest = {owner: self._nearest(owner) for owner, _ in self._parts}
            return [part for (owner, generation), part in self._parts.items() if generation == nearest[owner]]

    def _shown(self) -> int:
        return self._active or max((generation for _, generation in self._parts), default=0)
