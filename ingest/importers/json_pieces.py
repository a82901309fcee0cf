"""The members of a JSON object's arrays as a stream, an element at a time, however large the whole is; pure."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from ingest.importers.activities import BadLog

LARGEST_CHARACTERS: Final = 16 << 20
"""A single element that is larger is refused."""

_BLANKS: Final = re.compile(r"[ \t\r\n]*")
_NUMBER: Final = re.compile(r"[0-9.eE+-]*")
"""What may still be part of a number that ends where the text read so far does."""

_decoder: Final = json.JSONDecoder()


def elements(chunks: Iterable[bytes]) -> Iterator[tuple[str, Any, int]]:
    """Yield (member, element, line) of every element of the arrays right inside a JSON object, in their order.

    Members that are no arrays are passed over. Raises BadLog, naming the line.
    """
    text = _Text(chunks)
    text.take("{")
    if text.next() == "}":
        return
    while True:
        member = text.value()
        if not isinstance(member, str):
            raise text.bad("a member's name is expected")
        text.take(":")
        if text.next() == "[":
            yield from _array(text, member)
        else:
            text.value()
        if text.next() == "}":
            return
        text.take(",")


def _array(text: _Text, member: str) -> Iterator[tuple[str, Any, int]]:
    text.take("[")
    if text.next() != "]":
        while True:
            text.next()
            yield member, text.value(), text.line
            if text.next() == "]":
                break
            text.take(",")
    text.take("]")


class _Text:
    """What of the text is read and not yet taken; `line` is that of the last value."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._decode = codecs.getincrementaldecoder("utf-8-sig")().decode
        self._held = ""
        self._at = 0
        self._counted = 0
        self._lines = 1
        self._ended = False
        self.line = 1

    def bad(self, why: str, at: int | None = None) -> BadLog:
        """Return what is wrong here."""
        line = self._lines + self._held.count("\n", self._counted, self._at if at is None else at)
        return BadLog(f"line {line}: no well-formed JSON ({why})")

    def next(self) -> str:
        """Return the next character that is no blank, without taking it; '' at the end."""
        while True:
            self._at = _after(_BLANKS, self._held, self._at)
            if self._at < len(self._held) or self._ended:
                return self._held[self._at : self._at + 1]
            self._more()

    def take(self, character: str) -> None:
        """Take the next character, which must be this one."""
        if self.next() != character:
            raise self.bad(f"'{character}' is expected")
        self._at += 1

    def value(self) -> Any:  # noqa: ANN401 - whatever stands there
        """Take the next value, read on until it is whole."""
        self.next()
        while True:
            try:
                value, end = _decoder.raw_decode(self._held, self._at)
            except json.JSONDecodeError as bad:
                if self._ended or len(self._held) - self._at > LARGEST_CHARACTERS:
                    raise self.bad(bad.msg, bad.pos) from None
            except (ValueError, RecursionError):
                raise self.bad("a number is too long or something nested too deep") from None
            else:
                if _after(_NUMBER, self._held, end) < len(self._held) or self._ended:
                    self._count()
                    self.line, self._at = self._lines, end
                    return value
            self._more()

    def _count(self) -> None:
        """Count the lines up to here."""
        self._lines += self._held.count("\n", self._counted, self._at)
        self._counted = self._at

    def _more(self) -> None:
        """Read at least as much again as is held."""
        self._count()
        pieces, wanted = [self._held[self._at :]], max(len(self._held) - self._at, 1)
        self._at = self._counted = 0
        while wanted > 0 and not self._ended:
            chunk = next(self._chunks, b"")
            self._ended = not chunk
            try:
                pieces.append(self._decode(chunk, self._ended))
            except UnicodeDecodeError:
                raise BadLog(f"line {self._lines} or later: no UTF-8; save the file as UTF-8") from None
            wanted -= len(pieces[-1])
        self._held = "".join(pieces)


def _after(characters: re.Pattern[str], text: str, at: int) -> int:
    """Return where characters of a kind that begin at a place end."""
    found = characters.match(text, at)
    return found.end() if found else at
