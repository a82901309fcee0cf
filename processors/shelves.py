"""A dictionary by text that grows without a long pause: past a size it is split, and each part grows by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Generic, TypeVar

Value = TypeVar("Value")

_SPLIT_AT: Final = 20_000
_PARTS: Final = 256


class Shelves(Generic[Value]):
    """Text to value. Growing a million entries in one dictionary would stop everything for a tenth of a second."""

    __slots__ = ("_mask", "_parts")

    def __init__(self) -> None:
        self._parts: list[dict[str, Value]] = [{}]
        self._mask = 0

    def get(self, key: str) -> Value | None:
        """Return the value, or None."""
        return self._parts[hash(key) & self._mask].get(key)

    def put(self, key: str, value: Value) -> None:
        """Set the value; the first key object that was put is kept."""
        part = self._parts[hash(key) & self._mask]
        part[key] = value
        if not self._mask and len(part) > _SPLIT_AT:
            self._split(part)

    def drop(self, key: str) -> None:
        """Remove the key, if it is there."""
        self._parts[hash(key) & self._mask].pop(key, None)

    def __iter__(self) -> Iterator[str]:
        for part in self._parts:
            yield from part

    def __len__(self) -> int:
        return sum(map(len, self._parts))

    def _split(self, whole: dict[str, Value]) -> None:
        self._mask = _PARTS - 1
        self._parts = [{} for _ in range(_PARTS)]
        for key, value in whole.items():
            self._parts[hash(key) & self._mask][key] = value


class Relation:
    """Text to the set of texts related to it, compact where the set is small.

    One alone is kept as it is, a few as a tuple, many as a set.
    """

    __slots__ = ("_shelves",)

    def __init__(self) -> None:
        self._shelves: Shelves[str | tuple[str, ...] | set[str]] = Shelves()

    def of(self, key: str) -> tuple[str, ...] | set[str]:
        """Return the related texts, in no order; () for none. Not to be changed."""
        found = self._shelves.get(key)
        if found is None:
            return ()
        return (found,) if isinstance(found, str) else found

    def add(self, key: str, other: str) -> None:
        """Relate `other` to `key`; once more changes nothing."""
        found = self._shelves.get(key)
        if found is None:
            self._shelves.put(key, other)
        elif isinstance(found, set):
            found.add(other)
        else:
            few = {found, other} if isinstance(found, str) else {*found, other}
            self._keep(key, few)

    def discard(self, key: str, other: str) -> None:
        """Undo `add`."""
        self._keep(key, {x for x in self.of(key) if x != other})

    def __len__(self) -> int:
        return len(self._shelves)

    def _keep(self, key: str, others: set[str]) -> None:
        if not others:
            self._shelves.drop(key)
        elif len(others) == 1:
            self._shelves.put(key, next(iter(others)))
        else:
            self._shelves.put(key, tuple(others) if len(others) <= _FEW else others)


_FEW: Final = 8
