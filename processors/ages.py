"""The begins of what is open: the earliest of them, and those at any rank; exact under take back."""

from __future__ import annotations

import heapq
from array import array
from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import accumulate, chain
from typing import Final

_SHELF_BITS: Final = 32
"""2^32 microseconds, 72 minutes: begins are shelved by this span, each shelf in order."""

_EMPTY: Final = array("q")


class Begins:
    """A multiset of instants, eight bytes each; adding and taking back cost what its shelf does.

    What is taken back before it was added is owed: a row's end may be said before its begin.
    """

    __slots__ = ("_heap", "_owed", "_shelves")

    def __init__(self) -> None:
        """Start empty."""
        self._shelves: dict[int, array[int]] = {}
        self._heap: list[int] = []
        self._owed: Counter[int] = Counter()

    def add(self, instant: int) -> None:
        """Add an instant (microseconds)."""
        if self._owed[instant]:
            self._owed -= Counter((instant,))
            return
        number = instant >> _SHELF_BITS
        shelf = self._shelves.get(number)
        if shelf is None:
            shelf = self._shelves[number] = array("q")
            heapq.heappush(self._heap, number)
        insort(shelf, instant)

    def take_back(self, instant: int) -> None:
        """Undo `add`."""
        shelf = self._shelves.get(instant >> _SHELF_BITS, _EMPTY)
        at = bisect_left(shelf, instant)
        if at < len(shelf) and shelf[at] == instant:
            del shelf[at]
        else:
            self._owed[instant] += 1

    def earlier_than(self, instant: int) -> int:
        """Return how many of the instants held are earlier than one."""
        number = instant >> _SHELF_BITS
        whole = sum(len(shelf) for each, shelf in self._shelves.items() if each < number)
        return whole + bisect_left(self._shelves.get(number, _EMPTY), instant)

    def earliest(self) -> int | None:
        """Return the earliest instant held, None when empty."""
        while self._heap:
            shelf = self._shelves[self._heap[0]]
            if shelf:
                return shelf[0]
            del self._shelves[heapq.heappop(self._heap)]
        return None

    def shelves(self) -> Iterator[tuple[int, array[int]]]:
        """Yield each shelf with its number; the shelves are in no order, what is on one is."""
        yield from self._shelves.items()


class AllBegins:
    """Several such multisets read as one, so that each instant is held once: those of all kinds of work."""

    __slots__ = ("parts",)

    def __init__(self, *parts: Begins) -> None:
        """Read these; `parts` may change later."""
        self.parts = list(parts)

    def earliest(self) -> int | None:
        """Return the earliest instant held, None when empty."""
        return min((first for part in self.parts if (first := part.earliest()) is not None), default=None)

    def earlier_than(self, instant: int) -> int:
        """Return how many of the instants held are earlier than one."""
        return sum(part.earlier_than(instant) for part in self.parts)

    def at(self, places: Iterable[int]) -> list[int]:
        """Return the instants at some places of their order, from 0. Raises IndexError outside."""
        by_number: dict[int, list[array[int]]] = {}
        for part in self.parts:
            for number, shelf in part.shelves():
                by_number.setdefault(number, []).append(shelf)
        numbers = sorted(by_number)
        upto = list(accumulate(sum(map(len, by_number[number])) for number in numbers))
        found = []
        for place in places:
            before = bisect_right(upto, place)
            instants = sorted(chain.from_iterable(by_number[numbers[before]]))
            found.append(instants[place - (upto[before - 1] if before else 0)])
        return found
