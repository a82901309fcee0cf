"""The begins of what is open: how many, their sum, and the earliest; exact under take back, flat per change."""

from __future__ import annotations

import heapq
from typing import Final

_SHELF_BITS: Final = 36
"""2^36 microseconds, 19 hours: begins are shelved by this span, so that the earliest is found on one shelf."""


class Begins:
    """A multiset of instants. About 100 bytes each; adding and taking back cost the same at any size."""

    __slots__ = ("_heap", "_shelves")

    def __init__(self) -> None:
        self._shelves: dict[int, dict[int, int]] = {}
        self._heap: list[int] = []

    def add(self, instant: int, times: int = 1) -> None:
        """Add an instant (microseconds); negative `times` take it back."""
        number = instant >> _SHELF_BITS
        shelf = self._shelves.get(number)
        if shelf is None:
            shelf = self._shelves[number] = {}
            heapq.heappush(self._heap, number)
        count = shelf.get(instant, 0) + times
        if count:
            shelf[instant] = count
        elif len(shelf) == 1:
            self._shelves[number] = {}
        else:
            del shelf[instant]

    def earliest(self) -> int | None:
        """Return the earliest instant held, None when empty."""
        while self._heap:
            number = self._heap[0]
            shelf = self._shelves[number]
            if shelf:
                return min(shelf)
            del self._shelves[heapq.heappop(self._heap)]
        return None
