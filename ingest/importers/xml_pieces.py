"""XML as a stream of small pieces, a chunk at a time: what is read is gone before the next comes; pure.

A document that declares a type is refused: with it go entities, the bombs made of them and everything outside the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final
from xml.parsers import expat

from msgspec import Struct

from ingest.importers.activities import BadLog

DEEPEST: Final = 64
"""Deeper nesting is refused."""

LARGEST_BYTES: Final = 16 << 20
"""A single tag or text that is larger is refused."""


class Piece(Struct, frozen=True, gc=False):
    """The begin or the end of an element, its name without a prefix.

    `text` is what an end had right inside it, after its last child.
    """

    begins: bool
    name: str
    attributes: Mapping[str, str]
    line: int
    text: str = ""


def pieces(chunks: Iterable[bytes]) -> Iterator[Piece]:
    """Yield the begins and ends of a document's elements in their order. Raises BadLog, naming the line."""
    reader = _Reader()
    for chunk in chunks:
        yield from reader.read(chunk, last=False)
    yield from reader.read(b"", last=True)


class _Reader:
    """Holds what is open: the names and attributes of the elements around, and their texts since the last child."""

    def __init__(self) -> None:
        self._found: list[Piece] = []
        self._open: list[tuple[str, Mapping[str, str], list[str]]] = []
        self._unseen = 0
        self._parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._refuse
        parser.StartElementHandler = self._begin
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text

    def read(self, chunk: bytes, *, last: bool) -> list[Piece]:
        self._found = []
        self._unseen += len(chunk)
        try:
            self._parser.Parse(chunk, last)
        except expat.ExpatError as bad:
            raise BadLog(f"line {bad.lineno}: no well-formed XML ({expat.ErrorString(bad.code)})") from None
        except LookupError as bad:
            raise BadLog(f"line 1: {bad}; save the file as UTF-8") from None
        if self._found:
            self._unseen = 0
        if self._unseen > LARGEST_BYTES:
            raise BadLog(f"line {self._line()}: a tag or text of more than {LARGEST_BYTES >> 20} MiB is not read")
        return self._found

    def _line(self) -> int:
        return self._parser.CurrentLineNumber

    def _refuse(self, *_: object) -> None:
        raise BadLog(f"line {self._line()}: a document type (<!DOCTYPE ...>) is not read; remove it from the file")

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) >= DEEPEST:
            raise BadLog(f"line {self._line()}: <{name}> is nested deeper than {DEEPEST} elements")
        plain = name.rpartition(":")[2]
        if self._open:
            self._open[-1][2].clear()  # or the blanks between all children would gather
        self._open.append((plain, attributes, []))
        self._found.append(Piece(True, plain, attributes, self._line()))  # noqa: FBT003 - the first field

    def _end(self, _name: str) -> None:
        name, attributes, texts = self._open.pop()
        self._found.append(Piece(False, name, attributes, self._line(), "".join(texts)))  # noqa: FBT003 - the first field

    def _text(self, text: str) -> None:
        if self._open:
            self._open[-1][2].append(text)
