"""Composes a YAML 1.2 document from the parser's events; pure.

The library's own constructor is left aside: here a text stays as it is written (`0123` keeps its zero, a date stays a
text), and whatever is wrong has a place. Anchors and merges (`<<: *name`) are resolved.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NoReturn

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    Event,
    MappingEndEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from schemas.yaml_tree import (
    CONTROL,
    NOTHING,
    NUMBER,
    TRUTH,
    WHOLE,
    Element,
    Listing,
    Problem,
    Scalar,
    Table,
    Tree,
    Unreadable,
)

DEEPEST: Final = 32
"""How deep a document may be nested."""

_STANDARD: Final = "tag:yaml.org,2002:"
_MERGE: Final = "<<"
_TYPED: Final = {
    "int": (WHOLE, "a whole number"),
    "float": (NUMBER, "a number"),
    "bool": (TRUTH, "true or false"),
    "null": (NOTHING, "empty"),
}
_SUGGESTIONS: Final = (
    ("'\\t'", "indent with spaces, not with tabs"),
    ("alphabetic or numeric", "put a text that begins with '*' or '&' in quotes"),
    ("cannot start any token", "put a text that begins with this character in quotes"),
    ("mapping values are not allowed", "check the indentation, and put a text with ': ' in it in quotes"),
    ("expected ':'", "write 'key: value'"),
    ("another document", "keep one document in the file"),
    ("escape", "use single quotes for a text with backslashes"),
)
_ANY_SUGGESTION: Final = "check quotes, brackets and indentation up to here"


class Composer:
    """Reads one document, once."""

    def __init__(self, text: str) -> None:
        self._events: Iterator[Event] = YAML(typ="safe", pure=True).parse(text)
        self._path: list[str] = []
        self._anchors: dict[str, Tree | None] = {}  # None while what it names is still being read
        self._reached = (1, 1)

    def document(self) -> Tree:
        """Return the tree; of an empty document an empty scalar. Raises Unreadable at the first thing wrong."""
        self._next()
        begin = self._next()
        if isinstance(begin, StreamEndEvent):
            return Scalar(1, 1, "", plain=True)
        tree = self._tree(self._next())
        self._next()
        after = self._next()
        if not isinstance(after, StreamEndEvent):
            self._refuse(after, "another document begins", "keep one document in the file")
        return tree

    def _next(self) -> Event:
        try:
            event = next(self._events)
        except MarkedYAMLError as bad:
            mark = bad.problem_mark or bad.context_mark
            if mark is not None:
                self._reached = mark.line + 1, mark.column + 1
            self._fail(str(bad.problem or bad.context))
        except YAMLError as bad:
            self._fail(str(bad))
        except (ValueError, OverflowError):
            self._fail("an escape names no character")
        self._reached = event.start_mark.line + 1, event.start_mark.column + 1
        return event

    def _fail(self, told: str) -> NoReturn:
        message = " ".join(told.split())
        suggestion = next((hint for part, hint in _SUGGESTIONS if part in message), _ANY_SUGGESTION)
        self._raise(self._reached, message, suggestion)

    def _refuse(self, event: Event, message: str, suggestion: str) -> NoReturn:
        self._raise((event.start_mark.line + 1, event.start_mark.column + 1), message, suggestion)

    def _raise(self, place: tuple[int, int], message: str, suggestion: str) -> NoReturn:
        raise Unreadable(
            Problem(
                line=place[0],
                column=place[1],
                field="".join(self._path).removeprefix("."),
                message=f"not YAML: {message}",
                suggestion=suggestion,
            )
        ) from None

    def _tree(self, event: Event) -> Tree:
        if isinstance(event, AliasEvent):
            return self._alias(event)
        if not isinstance(event, NodeEvent):
            self._refuse(event, "a value is missing", _ANY_SUGGESTION)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        if len(self._path) > DEEPEST:
            self._refuse(event, f"nested more than {DEEPEST} deep", "a value-stream file is never that deep")
        if isinstance(event, ScalarEvent):
            tree: Tree = self._scalar(event)
        else:
            tree = self._listing(event) if isinstance(event, SequenceStartEvent) else self._table(event)
        if event.anchor is not None:
            self._anchors[event.anchor] = tree
        return tree

    def _alias(self, event: AliasEvent) -> Tree:
        if event.anchor not in self._anchors:
            self._refuse(
                event, f"no anchor '&{event.anchor}' stands before", "put a text that begins with '*' in quotes"
            )
        known = self._anchors[event.anchor]
        if known is None:
            self._refuse(event, f"'*{event.anchor}' stands inside what it names", "name something that stands before")
        return known

    def _scalar(self, event: ScalarEvent) -> Scalar:
        tag, text = event.tag, str(event.value)
        kind = "" if tag is None else tag.removeprefix(_STANDARD)
        if kind in _TYPED and not _TYPED[kind][0].fullmatch(text):
            self._refuse(event, f"'{text[:40]}' is not {_TYPED[kind][1]}", f"leave '!!{kind}' out")
        if kind not in {"", "str", "!", *_TYPED}:
            self._refuse_tag(event, tag or "")
        plain = bool(event.implicit[0]) if tag is None else kind in _TYPED
        return Scalar(event.start_mark.line + 1, event.start_mark.column + 1, text, plain)

    def _listing(self, event: NodeEvent) -> Listing:
        self._untagged(event, "seq")
        elements: list[Element] = []
        while not isinstance(child := self._next(), SequenceEndEvent):
            line, column = self._reached
            self._path.append(f"[{len(elements)}]")
            elements.append(Element(line, column, self._tree(child)))
            self._path.pop()
        return Listing(tuple(elements))

    def _table(self, event: NodeEvent) -> Table:
        self._untagged(event, "map")
        own: dict[str, tuple[Scalar, Tree]] = {}
        merged: list[Table] = []
        while not isinstance(child := self._next(), MappingEndEvent):
            key = self._key(child)
            self._path.append(f".{key.text}")
            value = self._tree(self._next())
            if key.plain and key.text == _MERGE:
                merged += self._merged(child, value)
            elif key.text in own:
                first = own[key.text][0].line
                self._refuse(child, "the key stands twice", f"it stands on line {first} already: keep one")
            else:
                own[key.text] = key, value
            self._path.pop()
        for table in merged:
            for key, value in table.entries:
                own.setdefault(key.text, (key, value))
        return Table(tuple(own.values()))

    def _key(self, event: Event) -> Scalar:
        key = self._tree(event) if isinstance(event, ScalarEvent | AliasEvent) else None
        if not isinstance(key, Scalar) or CONTROL.search(key.text):
            self._refuse(event, "a key must be a text on one line", "write 'key: value'")
        return key

    def _merged(self, at: Event, value: Tree) -> list[Table]:
        tables = [e.value for e in value.elements] if isinstance(value, Listing) else [value]
        found = [table for table in tables if isinstance(table, Table)]
        if len(found) < len(tables):
            self._refuse(at, "only a mapping can be merged", "write '<<: *anchor' or '<<: [*one, *other]'")
        return found

    def _untagged(self, event: NodeEvent, kind: str) -> None:
        tag = getattr(event, "tag", None)
        if tag not in (None, "!", _STANDARD + kind):
            self._refuse_tag(event, tag or "")

    def _refuse_tag(self, event: Event, tag: str) -> NoReturn:
        self._refuse(event, f"the tag '{tag.replace(_STANDARD, '!!')}' means nothing here", "leave the tag out")
