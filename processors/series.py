"""One series of points: its windows, and what of it is open now; and the points that still lie ahead of the clock."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from metrics.points import Point
from processors.ages import AllBegins, Begins
from processors.windows import Windows


class Series:
    """All points of one step, of a stream's items, or of a service, up to the clock."""

    __slots__ = ("_own", "begins", "begins_sum", "open", "seen", "touched", "windows")

    def __init__(self) -> None:
        self.windows = Windows()
        self._own = Begins()
        self.begins = AllBegins(self._own)
        """The begins of what is open now."""
        self.begins_sum = 0
        """The sum of the begins of what is open now, microseconds."""
        self.open = 0
        """How many are open now."""
        self.seen = 0
        """How many ever opened."""
        self.touched = False
        """Whether a point came or went since this was last cleared."""

    def join(self, part: Series) -> None:
        """Read the begins that a part of it holds, one kind of work, as its own too."""
        self.begins.parts.append(part._own)

    def leave(self, part: Series) -> None:
        """Read them no longer."""
        self.begins.parts = [begins for begins in self.begins.parts if begins is not part._own]

    def apply(self, point: Point, sign: int, *, holding: bool = True) -> None:
        """Add a point that is not after the clock, or take it back with `sign` -1; `holding` its begin, if it opens."""
        self.windows.add(point.at, point.amounts, sign)
        self.touched = True
        if point.opens:
            self.open += sign * point.opens
            self.begins_sum += sign * point.opens * point.begin
            self.seen += sign * (point.opens > 0)
            if holding and sign * point.opens > 0:
                self._own.add(point.begin)
            elif holding:
                self._own.take_back(point.begin)

    def is_new(self) -> bool:
        """Tell whether it is as if no point had ever come."""
        return not (self.seen or self.windows.older) and self.is_empty()

    def is_empty(self) -> bool:
        """Tell whether nothing is open and no window holds anything."""
        return self.open == 0 and self.windows.is_empty()


class Ahead:
    """Points after the clock, each kept whole until the clock reaches it; costs memory only for those."""

    __slots__ = ("_by_instant", "_heap")

    def __init__(self) -> None:
        self._by_instant: dict[int, dict[Point, int]] = {}
        self._heap: list[int] = []

    def put(self, point: Point, sign: int) -> None:
        """Hold a point, or take back one that is held with `sign` -1."""
        held = self._by_instant.get(point.at)
        if held is None:
            held = self._by_instant[point.at] = {}
            heapq.heappush(self._heap, point.at)
        times = held.get(point, 0) + sign
        if times:
            held[point] = times
        else:
            del held[point]

    def reached(self, now: int) -> Iterator[tuple[Point, int]]:
        """Yield and forget each point that is not after `now`, with how many times it was put."""
        while self._heap and self._heap[0] <= now:
            yield from self._by_instant.pop(heapq.heappop(self._heap)).items()

    def next(self) -> int | None:
        """Return the instant of the earliest point held, None when there is none."""
        while self._heap:
            if self._by_instant[self._heap[0]]:
                return self._heap[0]
            del self._by_instant[heapq.heappop(self._heap)]
        return None
