"""Dictionaries by text for millions of small values: packed pages of a few entries each, grown one page at a time.

A Python object and a dictionary's slot cost more than what most entities say of themselves, and growing one dictionary
of a million entries stops everything for a tenth of a second. Here a page is the bytes of some five entries, found by
the hash of the key; with every few new keys one page is split in two (linear hashing), and the garbage collector sees
nothing of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Generic, TypeVar

import msgspec

Value = TypeVar("Value")

_ENTRIES: Final = 5
_FEW: Final = 16
SEATS: Final = 16
"""So many entries of a page have a seat; seldom a page holds more."""
_LARGE_BYTES: Final = 8_192
_NOTHING: Final = b"\x80"
"""An empty page: msgpack's empty map."""


class Pages(Generic[Value]):
    """Text to value. A value that is put aside (large) is kept in a dictionary of its own."""

    __slots__ = ("_aside", "_base", "_count", "_decode", "_encode", "_pages", "_seats")

    def __init__(self, kind: type[Value], seats: int = SEATS) -> None:
        self._decode = msgspec.msgpack.Decoder(dict[str, kind]).decode  # type: ignore[valid-type]
        self._encode = msgspec.msgpack.Encoder().encode
        self._pages: list[bytes] = [_NOTHING]
        self._base = 1
        self._count = 0
        self._aside: dict[str, Value] = {}
        self._seats = seats

    def get(self, key: str) -> Value | None:
        """Return the value, or None."""
        if self._aside and (found := self._aside.get(key)) is not None:
            return found
        return self._decode(self._pages[self._place(key)]).get(key) if self._count else None

    def put(self, key: str, value: Value, *, aside: bool = False) -> None:
        """Set the value."""
        if aside:
            self.drop(key)
            self._aside[key] = value
            return
        if self._aside:
            self._aside.pop(key, None)
        place, page = self.opened(key)
        self.closed(place, page, key, value)

    def opened(self, key: str) -> tuple[int, dict[str, Value]]:
        """Return the page that holds a key that is not put aside, or would: its number and its entries."""
        place = self._place(key)
        return place, self._decode(self._pages[place])

    def closed(self, place: int, page: dict[str, Value], key: str, value: Value) -> None:
        """Set a value on the page that was opened for its key."""
        self._count += key not in page
        page[key] = value
        self._pages[place] = self._packed(page)
        if self._count > _ENTRIES * len(self._pages):
            self._split()

    def drop(self, key: str) -> None:
        """Remove the key, if it is there."""
        self._aside.pop(key, None)
        place, page = self.opened(key)
        if page.pop(key, None) is not None:
            self._count -= 1
            self._pages[place] = self._packed(page)

    def __iter__(self) -> Iterator[str]:
        for page in self._pages:
            yield from self._decode(page)
        yield from self._aside

    def items(self) -> Iterator[tuple[str, Value]]:
        """Yield every key with its value, in the order of iteration."""
        for page in self._pages:
            yield from self._decode(page).items()
        yield from self._aside.items()

    @property
    def seats(self) -> int:
        """How many seats there are, taken or not."""
        return self._seats * len(self._pages)

    def seat(self, key: str) -> int | None:
        """Return a key's seat: a number of its own below `seats`, None for a few. It stands until anything is set."""
        place, page = self.opened(key)
        for seat, other in enumerate(page):
            if other == key:
                return self._seats * place + seat if seat < self._seats else None
        return None

    def seated(self) -> Iterator[tuple[str, int | None]]:
        """Yield every key with its seat, in the order of iteration, which is that of seats."""
        for place, page in enumerate(self._pages):
            for seat, key in enumerate(self._decode(page)):
                yield key, self._seats * place + seat if seat < self._seats else None
        for key in self._aside:
            yield key, None

    def __len__(self) -> int:
        return self._count + len(self._aside)

    def _packed(self, page: dict[str, Value]) -> bytes:
        """Return the bytes of a page, copied: as encoded they were cut from a larger block, whose rest is lost."""
        return bytes(memoryview(self._encode(page)))

    def _place(self, key: str) -> int:
        """Return the page of a key: of the next power of two where that page is there already, else of this one."""
        place = hash(key) & (2 * self._base - 1)
        return place if place < len(self._pages) else place - self._base

    def _split(self) -> None:
        """Add one page, and move to it what belongs there of the page that stood for both."""
        old = len(self._pages) - self._base
        page = self._decode(self._pages[old])
        moved = {key: value for key, value in page.items() if hash(key) & (2 * self._base - 1) != old}
        self._pages[old] = self._packed({key: value for key, value in page.items() if key not in moved})
        self._pages.append(self._packed(moved))
        if len(self._pages) == 2 * self._base:
            self._base *= 2


class Records:
    """The packed facts of entities by uri; large ones are put aside."""

    __slots__ = ("_pages",)

    def __init__(self, seats: int = SEATS) -> None:
        """Start empty; so many entities of a page have a seat."""
        self._pages: Pages[bytes] = Pages(bytes, seats)

    def get(self, uri: str) -> bytes | None:
        """Return an entity's record, or None."""
        return self._pages.get(uri)

    @property
    def seats(self) -> int:
        """How many seats there are, taken or not."""
        return self._pages.seats

    def seat(self, uri: str) -> int | None:
        """Return an entity's seat: a number of its own below `seats`, None for a few. It stands until any is set."""
        return self._pages.seat(uri)

    def seated(self) -> Iterator[tuple[str, int | None]]:
        """Yield every entity with its seat, in the order of iteration, which is that of seats."""
        return self._pages.seated()

    def put(self, uri: str, record: bytes | None) -> None:
        """Set an entity's record; None: it has none."""
        if record is None:
            self._pages.drop(uri)
        else:
            self._pages.put(uri, record, aside=len(record) > _LARGE_BYTES)

    def __iter__(self) -> Iterator[str]:
        return iter(self._pages)

    def items(self) -> Iterator[tuple[str, bytes]]:
        """Yield every entity with its record, in the order of iteration."""
        return self._pages.items()


class Relation:
    """Text to the set of texts related to it; large sets are put aside. What was asked lately is remembered."""

    __slots__ = ("_many", "_pages", "_recent")

    def __init__(self) -> None:
        self._pages: Pages[list[str]] = Pages(list[str])
        self._many: dict[str, set[str]] = {}
        self._recent: dict[str, tuple[str, ...]] = {}

    def of(self, key: str) -> tuple[str, ...] | set[str]:
        """Return the related texts, in no order; () for none. Not to be changed."""
        found = self._recent.get(key)
        if found is None:
            if self._many and (many := self._many.get(key)) is not None:
                return many
            found = self._recent[key] = tuple(self._pages.get(key) or ())
        return found

    def add(self, key: str, other: str) -> None:
        """Relate `other` to `key`; once more changes nothing."""
        if self._many and (many := self._many.get(key)) is not None:
            many.add(other)
            return
        place, page = self._pages.opened(key)
        others = page.get(key) or []
        if other in others:
            return
        if len(others) < _FEW:
            self._recent.pop(key, None)
            self._pages.closed(place, page, key, sorted([*others, other]))
        else:
            self._keep(key, {*others, other})

    def discard(self, key: str, other: str) -> None:
        """Undo `add`."""
        many = self._many.get(key)
        if many is None or len(many) <= _FEW:
            self._keep(key, {x for x in self.of(key) if x != other})
        else:
            many.discard(other)

    def forget(self) -> None:
        """Let go of what was asked lately."""
        self._recent.clear()

    def __len__(self) -> int:
        return len(self._pages) + len(self._many)

    def _keep(self, key: str, others: set[str]) -> None:
        self._recent.pop(key, None)
        self._many.pop(key, None)
        if not others:
            self._pages.drop(key)
        elif len(others) <= _FEW:
            self._pages.put(key, sorted(others))
        else:
            self._pages.drop(key)
            self._many[key] = others
