"""The type that a body is decoded as: only what a mapping's paths lead through, so that the rest is never built."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator
from functools import reduce
from typing import Any, Final

import msgspec
from msgspec import Struct, defstruct

from ingest.adapter import Untranslatable
from schemas.mapping import Path, Step

MOST_VALUES: Final = 1_000_000
"""How many commas a body may have whose arrays are read: an array has no more elements than that and one."""

_UNCOUNTED_BYTES: Final = 1_000_000
"""A shorter body cannot hold too many."""

_SCALARS: Final[tuple[Any, ...]] = (str, int, float, bool, None)

Steps = tuple[Step, ...]
"""A path's steps; members by the names of the fields that they are decoded to."""


class Something(Struct, frozen=True, gc=False):
    """An object of which nothing is read: it is there."""


class _Node:
    """What is read of one value: members by name, and what is read of elements."""

    def __init__(self) -> None:
        self.members: dict[str, _Node] = {}
        self.elements: _Node | None = None

    def add(self, steps: Steps) -> bool:
        """Add what a path leads through; tell whether there are elements among it."""
        node, arrays = self, False
        for step in steps:
            if isinstance(step, str):
                node = node.members.setdefault(step, _Node())
            else:
                arrays = True
                node.elements = node.elements or _Node()
                node = node.elements
        return arrays


class Shape(Struct, frozen=True):
    """How a body is decoded for some paths. Decoding raises msgspec.DecodeError, RecursionError or Untranslatable."""

    decoder: Callable[[bytes], object]
    fields: dict[str, str]
    arrays: bool

    def decode(self, body: bytes) -> object:
        """Return what the paths lead through: objects, lists, texts, numbers, truth values; None where nothing is."""
        if self.arrays and len(body) > _UNCOUNTED_BYTES and body.count(b",") > MOST_VALUES:
            raise Untranslatable("the body holds too many values")
        return self.decoder(body)

    def steps(self, path: Path) -> Steps:
        """Return the steps of one of the paths through what was decoded."""
        return tuple([self.fields[step] if isinstance(step, str) else step for step in path.steps])


def shape_of(paths: Iterable[Path]) -> Shape:
    """Return the shape that lets all of these paths, from the top of a body, find what they lead to."""
    top, arrays = _Node(), False
    for path in paths:
        arrays = top.add(path.steps) or arrays
    names: dict[str, str] = {}
    return Shape(decoder=msgspec.json.Decoder(_type(top, names)).decode, fields=names, arrays=arrays)


def _type(node: _Node, names: dict[str, str]) -> Any:  # noqa: ANN401 - a type made at run time
    """Return the type of a value: an object, a list where elements are read (else an empty one), or a scalar."""
    listed: Any = list[_type(node.elements, names)] if node.elements else tuple[()]  # type: ignore[misc]  # made at run time
    return reduce(operator.or_, (_object(node, names), listed, *_SCALARS))


def _object(node: _Node, names: dict[str, str]) -> Any:  # noqa: ANN401 - a type made at run time
    if not node.members:
        return Something
    fields = {member: names.setdefault(member, f"member_{len(names)}") for member in node.members}
    typed = [(fields[member], _type(child, names), None) for member, child in node.members.items()]
    return defstruct("Object", typed, rename={field: member for member, field in fields.items()}, frozen=True, gc=False)


def getter(steps: Steps) -> Callable[[object], object]:
    """Return what finds the first of what steps lead to; None where they lead to nothing."""
    names = [step for step in steps if isinstance(step, str)]
    if not names or len(names) < len(steps):
        return lambda value: next(every(value, steps), None)
    look = operator.attrgetter(".".join(names))

    def get(value: object) -> object:
        try:
            return look(value)
        except AttributeError:
            return None

    return get


def every(value: object, steps: Steps) -> Iterator[object]:
    """Yield all that a path leads to."""
    for place, step in enumerate(steps):
        if step is None:
            rest = steps[place + 1 :]
            for element in value if isinstance(value, list) else ():
                yield from every(element, rest)
            return
        value = getattr(value, step, None) if isinstance(step, str) else _element(value, step)
        if value is None:
            return
    if value is not None:
        yield value


def _element(value: object, index: int) -> object:
    return value[index] if isinstance(value, list) and -len(value) <= index < len(value) else None
