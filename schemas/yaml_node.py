"""The values of a YAML document as a reader asks for them: every complaint names line, column and field."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from typing import Final

from schemas.yaml_text import document
from schemas.yaml_tree import (
    CONTROL,
    NOTHING,
    NUMBER,
    TRUTH,
    Listing,
    Problem,
    Scalar,
    Table,
    Tree,
    Unreadable,
)

_CLOSE_ENOUGH: Final = 0.6
_SHOWN: Final = 40


class Node:
    """One value of the document with its place. Wrong shapes are noted in `problems` and read as empty."""

    def __init__(self, tree: Tree, path: str, place: tuple[int, int], problems: list[Problem]) -> None:
        self._tree = tree
        self._path = path
        self._place = place
        self._problems = problems
        self._hidden = False

    def hide(self) -> Node:
        """Show no value from here down in complaints: it may be a secret. Returns the node itself."""
        self._hidden = True
        return self

    def complain(self, message: str, suggestion: str) -> None:
        """Note a problem at this node's place, and what to do."""
        line, column = self._place
        self._problems.append(
            Problem(line=line, column=column, field=self._path, message=message, suggestion=suggestion)
        )

    def says(self, text: str, *, plain: bool) -> bool:
        """Return whether this is that very text, without quotes (`plain`) or with."""
        tree = self._tree
        return isinstance(tree, Scalar) and tree.text == text and tree.plain is plain

    def _child(self, tree: Tree, step: str, line: int, column: int) -> Node:
        child = Node(tree, (self._path + step).removeprefix("."), (line, column), self._problems)
        return child.hide() if self._hidden else child

    def fields(self, known: Collection[str], required: Collection[str] = ()) -> dict[str, Node]:
        """Return the children of a mapping by name; unknown and missing ones are problems."""
        children = self.entries()
        for name, child in list(children.items()):
            if name not in known:
                child.complain("unknown key", nearest(name, known))
                del children[name]
        for name in required if self.is_mapping() or self._is_null() else ():
            if name not in children:
                self.complain(f"'{name}' is missing", f"add '{name}: ...'")
        return children

    def entries(self) -> dict[str, Node]:
        """Return the children of a mapping with free names; {} where nothing is written."""
        if not isinstance(self._tree, Table):
            if not self._is_null():
                self.complain(f"must be a mapping, is {self.shown()}", "write 'key: value' lines")
            return {}
        return {key.text: self._child(value, f".{key.text}", key.line, key.column) for key, value in self._tree.entries}

    def items(self) -> list[Node]:
        """Return the children of a list, [] where nothing is written; a single value is not a list."""
        if isinstance(self._tree, Listing):
            return [self._child(e.value, f"[{i}]", e.line, e.column) for i, e in enumerate(self._tree.elements)]
        if not self._is_null():
            self.complain(f"must be a list, is {self.shown()}", "write '- ...' lines or [...]")
        return []

    def some(self, message: str, suggestion: str) -> list[Node]:
        """Return the children of a list; `message` and `suggestion` say what is wrong with one that has none."""
        if self.is_empty():
            self.complain(message, suggestion)
            return []
        return self.items()

    def one_or_many(self) -> list[Node]:
        """Return the children of a list that is not empty, or the single value as its only child."""
        if not isinstance(self._tree, Listing):
            return [self]
        return self.some("the list is empty", "name at least one, or leave the key out")

    def is_mapping(self) -> bool:
        """Return whether this has keys."""
        return isinstance(self._tree, Table)

    def is_empty(self) -> bool:
        """Return whether nothing is written here: no text, no element, no key."""
        tree = self._tree
        return self._is_null() or tree == Table(()) or tree == Listing(())

    def _is_null(self) -> bool:
        tree = self._tree
        return isinstance(tree, Scalar) and tree.plain and NOTHING.fullmatch(tree.text) is not None

    def text(self) -> str:
        """Return a text on one line, as written, that is not empty; numbers and dates are texts too."""
        tree = self._tree
        if not isinstance(tree, Scalar) or not tree.text.strip() or self._is_null():
            self.complain(f"must be a text, is {self.shown()}", "write a text, or leave the key out")
            return ""
        if tree.plain and TRUTH.fullmatch(tree.text):
            self.complain(f"must be a text, is {tree.text}", f"put it in quotes: '{tree.text}'")
            return ""
        if found := CONTROL.search(tree.text):
            self.complain(f"holds the control character U+{ord(found[0]):04X}", "keep to one line of printable text")
            return ""
        return tree.text

    def texts(self) -> tuple[str, ...]:
        """Return the texts of a list that is not empty, or the single one."""
        return tuple(child.text() for child in self.one_or_many())

    def word(self, allowed: Collection[str]) -> str:
        """Return a text out of a closed set."""
        text = self.text()
        if text and text not in allowed:
            self.complain(f"'{text[:_SHOWN]}' is not one of {', '.join(sorted(allowed))}", nearest(text, allowed))
        return text

    def flag(self) -> bool:
        """Return a truth value."""
        tree = self._tree
        if isinstance(tree, Scalar) and tree.plain and TRUTH.fullmatch(tree.text):
            return tree.text.lower() == "true"
        self.complain(f"must be true or false, is {self.shown()}", "write true or false, without quotes")
        return False

    def number(self) -> float:
        """Return a finite number greater than 0."""
        tree = self._tree
        if isinstance(tree, Scalar) and tree.plain and NUMBER.fullmatch(tree.text):
            number = float(tree.text)
            if 0 < number < float("inf"):
                return number
        self.complain(f"must be a number above 0, is {self.shown()}", "such as 5 or 0.5")
        return 1.0

    def shown(self) -> str:
        """Return what is written here as complaints show it: in quotes and cut, or its shape."""
        tree = self._tree
        if isinstance(tree, Table):
            return "a mapping"
        if isinstance(tree, Listing):
            return "a list"
        shown = " ".join(CONTROL.sub(" ", tree.text[:_SHOWN]).split())
        if not shown or self._is_null():
            return "empty"
        return "a text" if self._hidden else f"'{shown}'"


def nearest(word: str, known: Collection[str]) -> str:
    """Return `did you mean 'x'?` for the known word most like `word`, else the list of known ones."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=_CLOSE_ENOUGH)
    return f"did you mean '{close[0]}'?" if close else f"known: {', '.join(sorted(known))}"


def read(source: bytes | str) -> tuple[Node, list[Problem]]:
    """Parse YAML 1.2 into its root node and the list its problems go to; a syntax error is the only problem then."""
    problems: list[Problem] = []
    try:
        tree = document(source)
    except Unreadable as bad:
        problems.append(bad.problem)
        tree = Table(())
    return Node(tree, "", (1, 1), problems), problems
