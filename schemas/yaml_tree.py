"""A YAML document as values that know where they stand, and what can be wrong with one; pure."""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

WHOLE: Final = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
"""A plain scalar that is a whole number (YAML 1.2, core schema)."""

NUMBER: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
"""A plain scalar that is a number, neither infinite nor none."""

TRUTH: Final = re.compile(r"true|True|TRUE|false|False|FALSE")
"""A plain scalar that is a truth value."""

NOTHING: Final = re.compile(r"~|null|Null|NULL|")
"""A plain scalar that is empty."""

CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff]")
"""What no name and no other text on one line may hold."""


class Problem(Struct, frozen=True, kw_only=True):
    """One thing wrong with a file. `line`, `column` count from 1; `field` is a path such as `value_streams[0].name`."""

    line: int
    column: int
    field: str
    message: str
    suggestion: str = ""

    def render(self, name: str) -> str:
        """Return `name:line:column: field: message (suggestion)`."""
        hint = f" ({self.suggestion})" if self.suggestion else ""
        where = f"{self.field}: " if self.field else ""
        return f"{name}:{self.line}:{self.column}: {where}{self.message}{hint}"


class Unreadable(ValueError):  # noqa: N818 - an expected outcome, shown to whoever wrote the file
    """The text is no document that can be used; the problem's field says how far it was understood."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem.render("document"))


class Scalar(Struct, frozen=True):
    """A text as written. `plain`: neither quoted nor tagged as text, so it may be a number, a truth value, or empty."""

    line: int
    column: int
    text: str
    plain: bool


class Element(Struct, frozen=True):
    """One element of a list, and where it stands there: an alias stands elsewhere than what it means."""

    line: int
    column: int
    value: Tree


class Listing(Struct, frozen=True):
    """A list."""

    elements: tuple[Element, ...]


class Table(Struct, frozen=True):
    """A mapping: each key once, in the file's order, those of merged mappings last."""

    entries: tuple[tuple[Scalar, Tree], ...]


Tree = Scalar | Listing | Table


def field_at(tree: Tree, place: tuple[int, int]) -> str:
    """Return the path of the last key or element that begins at or before a (line, column); '' for none."""
    children: list[tuple[tuple[int, int], str, Tree]] = []
    if isinstance(tree, Table):
        children = [((key.line, key.column), f".{key.text}", value) for key, value in tree.entries]
    elif isinstance(tree, Listing):
        children = [((e.line, e.column), f"[{i}]", e.value) for i, e in enumerate(tree.elements)]
    reached = [child for child in children if child[0] <= place]
    if not reached:
        return ""
    _, name, value = max(reached, key=lambda child: child[0])
    below = field_at(value, place)
    return (name + (f".{below}" if below and not below.startswith("[") else below)).removeprefix(".")
