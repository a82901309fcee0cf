"""A YAML document as nodes that know where they stand, so that every complaint names line, column and field."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping
from typing import Final

from msgspec import Struct
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

_CLOSE_ENOUGH: Final = 0.6


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


class Node:
    """One value of the document with its place. Wrong shapes are noted in `problems` and read as empty."""

    def __init__(self, value: object, path: str, line: int, column: int, problems: list[Problem]) -> None:
        self.value = value
        self.path = path
        self.line = line
        self.column = column
        self.problems = problems

    def complain(self, message: str, suggestion: str = "") -> None:
        """Note a problem at this node's place."""
        self.problems.append(
            Problem(line=self.line, column=self.column, field=self.path, message=message, suggestion=suggestion)
        )

    def fields(self, known: Collection[str], required: Collection[str] = ()) -> dict[str, Node]:
        """Return the children of a mapping by name; unknown and missing ones are problems."""
        children = self.entries()
        for name, child in list(children.items()):
            if name not in known:
                child.complain("unknown key", nearest(name, known))
                del children[name]
        for name in required:
            if name not in children:
                self.complain(f"'{name}' is missing", f"add '{name}: ...'")
        return children

    def entries(self) -> dict[str, Node]:
        """Return the children of a mapping with free names."""
        if self.value is None:
            return {}
        if not isinstance(self.value, Mapping):
            self.complain(f"must be a mapping, is {_shape(self.value)}", "write 'key: value' lines")
            return {}
        place = getattr(self.value, "lc", None)
        found = {}
        for name, value in self.value.items():
            line, column = place.key(name) if place is not None else (self.line - 1, self.column - 1)
            path = f"{self.path}.{name}" if self.path else str(name)
            found[str(name)] = Node(value, path, line + 1, column + 1, self.problems)
        return found

    def items(self) -> list[Node]:
        """Return the children of a list; a single value is not a list."""
        if self.value is None:
            return []
        if not isinstance(self.value, list):
            self.complain(f"must be a list, is {_shape(self.value)}", "write '- ...' lines or [...]")
            return []
        return list(self._elements(self.value))

    def _elements(self, values: list[object]) -> Iterator[Node]:
        place = getattr(values, "lc", None)
        for i, value in enumerate(values):
            line, column = place.item(i) if place is not None else (self.line - 1, self.column - 1)
            yield Node(value, f"{self.path}[{i}]", line + 1, column + 1, self.problems)

    def one_or_many(self) -> list[Node]:
        """Return the children of a list, or the single value as its only child."""
        return list(self._elements(self.value)) if isinstance(self.value, list) else [self]

    def text(self) -> str:
        """Return a non-empty text; a number is read as its digits."""
        if isinstance(self.value, str) and self.value.strip():
            return str(self.value)
        if isinstance(self.value, int | float) and not isinstance(self.value, bool):
            return str(self.value)
        self.complain(f"must be a text, is {_shape(self.value)}")
        return ""

    def word(self, allowed: Collection[str]) -> str:
        """Return a text out of a closed set."""
        text = self.text()
        if text and text not in allowed:
            self.complain(f"'{text}' is not one of {', '.join(sorted(allowed))}", nearest(text, allowed))
        return text

    def flag(self) -> bool:
        """Return a truth value."""
        if isinstance(self.value, bool):
            return self.value
        self.complain(f"must be true or false, is {_shape(self.value)}")
        return False

    def number(self) -> float:
        """Return a number greater than 0."""
        if isinstance(self.value, int | float) and not isinstance(self.value, bool) and self.value > 0:
            return float(self.value)
        self.complain(f"must be a number above 0, is {_shape(self.value)}")
        return 1.0


def nearest(word: str, known: Collection[str]) -> str:
    """Return `did you mean 'x'?` for the known word most like `word`, else the list of known ones."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=_CLOSE_ENOUGH)
    return f"did you mean '{close[0]}'?" if close else f"known: {', '.join(sorted(known))}"


def read(text: str) -> tuple[Node, list[Problem]]:
    """Parse YAML 1.2 into its root node and the list its problems go to; a syntax error is the only problem then."""
    problems: list[Problem] = []
    try:
        value = YAML(typ="rt").load(text)
    except MarkedYAMLError as bad:
        mark = bad.problem_mark or bad.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
        message = " ".join(str(bad.problem or bad.context or "not YAML").split())
        problems.append(Problem(line=line, column=column, field="", message=f"not YAML: {message}"))
        value = None
    return Node(value, "", 1, 1, problems), problems


def _shape(value: object) -> str:
    if value is None:
        return "empty"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return f"'{value}'"
