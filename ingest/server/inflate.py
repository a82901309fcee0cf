"""A compressed body, inflated within a bound; pure."""

from __future__ import annotations

import zlib
from typing import Final

from ingest.outcomes import Rejected

TOO_LARGE: Final = "body is too large"
BROKEN: Final = "compressed body is broken"
TOO_MANY_MEMBERS: Final = "compressed body has too many members"
UNKNOWN_ENCODING: Final = "content encoding must be gzip, deflate or identity"

MOST_MEMBERS: Final = 64
"""How many members a gzip body may have; who writes more hides work in few bytes."""

_GZIP: Final = (16 + zlib.MAX_WBITS, MOST_MEMBERS)
_FORMS: Final = {"gzip": _GZIP, "x-gzip": _GZIP, "deflate": (zlib.MAX_WBITS, 1)}
"""Encoding -> zlib's window and how many members there may be."""

_CHUNK_BYTES: Final = 65_536
"""How much is handed over at once: what a member leaves of it is copied, so it bounds the cost of each member."""


def inflated(body: bytes, encoding: str, most_bytes: int) -> bytes | Rejected:
    """Return the body that `encoding` stands for; 413 as soon as it passes `most_bytes`, 400 for a broken one.

    A gzip body may have several members, at most `MOST_MEMBERS`. Nested encodings are refused.
    """
    name = encoding.strip().lower()
    if name in {"", "identity"}:
        return body
    form = _FORMS.get(name)
    if form is None:
        return Rejected(415, UNKNOWN_ENCODING)
    try:
        return _members(memoryview(body), *form, most_bytes)
    except zlib.error:
        return Rejected(400, BROKEN)


def _members(packed: memoryview, window: int, most_members: int, most_bytes: int) -> bytes | Rejected:
    pieces: list[bytes] = []
    at, left = 0, most_bytes
    for _ in range(most_members):
        stream = zlib.decompressobj(window)
        while not stream.eof:
            chunk = packed[at : at + _CHUNK_BYTES]
            if not chunk:
                return Rejected(400, BROKEN)
            piece = stream.decompress(chunk, left + 1)
            if len(piece) > left:
                return Rejected(413, TOO_LARGE)
            pieces.append(piece)
            left -= len(piece)
            at += len(chunk) - len(stream.unused_data)
        if at == len(packed):
            return b"".join(pieces)
    return Rejected(400, TOO_MANY_MEMBERS)
