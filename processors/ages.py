"""The begins of what is open: the earliest of them, and those at any rank; exact under take back."""

from __future__ import annotations

import heapq
from array import array
from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Iterable
from itertools import accumulate
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

    def at(self, places: Iterable[int]) -> list[int]:
        """Return the instants at some places of their order, from 0. Raises IndexError outside."""
        shelves = [self._shelves[number] for number in sorted(self._shelves)]
        upto = list(accumulate(map(len, shelves)))
        found = []
        for place in places:
            shelf = bisect_right(upto, place)
            found.append(shelves[shelf][place - (upto[shelf - 1] if shelf else 0)])
        return found

    def earliest(self) -> int | None:
        """Return the earliest instant held, None when empty."""
        while self._heap:
            shelf = self._shelves[self._heap[0]]
            if shelf:
                return shelf[0]
            del self._shelves[heapq.heappop(self._heap)]
        return None
