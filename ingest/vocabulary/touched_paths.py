"""The paths of the files a commit touched, as one text that an event can keep; pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Final

import msgspec

MOST_CHARACTERS: Final = 16_384
"""What touches more than fits into so many characters tells no paths: half of them would be wrong."""

_UNUSABLE: Final = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f]"
)  # a line end inside a name makes two of it, which does no harm
_NONE: Final = msgspec.Raw(b"[]")
_decode: Final = msgspec.json.Decoder(list[str]).decode


def touched_paths(lists: Sequence[msgspec.Raw], logins: Iterable[str | None]) -> str | None:
    """Return the paths of several JSON lists, each once, sorted, one a line; None for none, too many or no lists.

    A part of a path that is one of the `logins` becomes `~`: nobody is named.
    """
    if all(raw == _NONE for raw in lists) or sum(memoryview(raw).nbytes for raw in lists) > MOST_CHARACTERS:
        return None
    try:
        paths = {path for raw in lists for path in _decode(raw)}
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    text = "\n".join(sorted(paths))
    lower = text.lower()
    named = {login.lower() for login in logins if login and login.lower() in lower}
    if named or _UNUSABLE.search(text):
        text = "\n".join(sorted({_unnamed(path, named) for path in paths if not _UNUSABLE.search(path)}))
    return text or None


def _unnamed(path: str, logins: Collection[str]) -> str:
    return "/".join("~" if part.lower() in logins else part for part in path.split("/"))
