"""Globs over the paths of a repository's files; pure.

`*` and `?` stay inside one segment, `**` spans any number of them, and a glob that matches a folder matches all below
it: `cart`, `cart/` and `cart/**` are the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

_TOKEN: Final = re.compile(r"\*\*/|\*\*|\*|\?|[^*?]+")
_MEANINGS: Final = {"**/": r"(?:[^\n]*/)?", "**": r"[^\n]*", "*": r"[^/\n]*", "?": r"[^/\n]"}


def any_path(globs: Sequence[str]) -> Callable[[str], bool]:
    """Return a test of whether any glob matches any of the paths in a text, one a line; no glob matches none."""
    if not globs:
        return lambda _: False
    search = re.compile(f"^(?:{'|'.join(_regex(glob) for glob in globs)})(?:/[^\n]*)?$", re.MULTILINE).search
    return lambda paths: search(paths) is not None


def _regex(glob: str) -> str:
    return "".join(_MEANINGS.get(token) or re.escape(token) for token in _TOKEN.findall(glob.rstrip("/")))
