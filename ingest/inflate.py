"""A compressed body, inflated within a bound; pure."""

from __future__ import annotations

import zlib
from typing import Final

from ingest.outcomes import Rejected

TOO_LARGE: Final = "body is too large"
BROKEN: Final = "compressed body is broken"
UNKNOWN_ENCODING: Final = "content encoding must be gzip, deflate or identity"

_WINDOW: Final = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


def inflated(body: bytes, encoding: str, most_bytes: int) -> bytes | Rejected:
    """Return the body that `encoding` stands for; 413 as soon as it passes `most_bytes`, 400 for a broken one.

    A gzip body may have several members. Nested encodings are refused.
    """
    name = encoding.strip().lower()
    if name in {"", "identity"}:
        return body
    window = _WINDOW.get(name)
    if window is None:
        return Rejected(415, UNKNOWN_ENCODING)
    pieces: list[bytes] = []
    left = most_bytes
    rest = body
    try:
        while rest:
            stream = zlib.decompressobj(window)
            piece = stream.decompress(rest, left + 1)
            if len(piece) > left:
                return Rejected(413, TOO_LARGE)
            if not stream.eof:
                return Rejected(400, BROKEN)
            pieces.append(piece)
            left -= len(piece)
            rest = stream.unused_data if name != "deflate" else b""
            if name == "deflate" and stream.unused_data:
                return Rejected(400, BROKEN)
    except zlib.error:
        return Rejected(400, BROKEN)
    if not pieces:
        return Rejected(400, BROKEN)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
