"""From a file's bytes to its YAML document, with the place of whatever no YAML text may hold; pure."""

from __future__ import annotations

import re
from typing import Final

from schemas.yaml_composer import Composer
from schemas.yaml_tree import Problem, Tree, Unreadable, field_at

_UNPRINTABLE: Final = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LINE_END: Final = re.compile(r"\r\n|[\r\n\x85\u2028\u2029]")
_REPLACEMENT: Final = "\ufffd"
_SIGNATURE: Final = "\ufeff"


def document(source: bytes | str) -> Tree:
    """Return the document of a file in UTF-8 (a byte order mark is skipped). Raises Unreadable."""
    text = (_decoded(source) if isinstance(source, bytes) else source).removeprefix(_SIGNATURE)
    if found := _UNPRINTABLE.search(text):
        raise Unreadable(_of_character(text, found.start(), f"control character U+{ord(found[0]):04X}", "remove it"))
    return Composer(text).document()


def _decoded(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as bad:
        before, message = data[: bad.start].decode(), f"byte 0x{data[bad.start]:02X} is no UTF-8"
        clear = data.decode(errors="replace")
        raise Unreadable(_of_character(clear, len(before), message, "save the file as UTF-8")) from None


def _of_character(text: str, position: int, message: str, suggestion: str) -> Problem:
    """Return the problem of one character, in the field that it would stand in if it were harmless."""
    before = _LINE_END.split(text[:position])
    line, column = len(before), len(before[-1]) + 1
    try:
        field = field_at(Composer(_UNPRINTABLE.sub(_REPLACEMENT, text)).document(), (line, column))
    except Unreadable as worse:
        field = worse.problem.field
    return Problem(line=line, column=column, field=field, message=f"not YAML: {message}", suggestion=suggestion)
