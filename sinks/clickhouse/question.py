"""What an HTTP request to the front asks: ClickHouse's own ways of saying it; pure."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

DEFAULT_FORMAT: Final = "TabSeparated"
_FORMAT: Final = re.compile(r"\bFORMAT\s+([A-Za-z0-9_]+)\s*;?\s*\Z", re.IGNORECASE)
_INSERT: Final = re.compile(rb"\s*(INSERT\s+INTO\s[^;]*?)\s+FORMAT\s+([A-Za-z0-9_]+)[ \t]*(?:\r?\n|\Z)", re.IGNORECASE)
_PARAMETER: Final = "param_"


class Question(Struct, frozen=True, kw_only=True):
    """One query: text, the format of its answer unless it names one, parameters, settings, the current database.

    `data`: for an INSERT, the rows in `format`; None for every other query.
    """

    sql: str
    format: str
    data: bytes | None = None
    parameters: Mapping[str, str] = {}
    settings: Mapping[str, str] = {}
    database: str = "default"


class BadRequest(ValueError):  # noqa: N818 - the answer to whoever asked
    """A request that asks nothing, or a body that cannot be read."""


def unpacked(body: bytes, encoding: str, limit: int) -> bytes:
    """Return a body without its content encoding (gzip, deflate, lz4 or none). Raises BadRequest."""
    try:
        out = _unpack(body, encoding.strip().lower(), limit)
    except (ValueError, OSError, RuntimeError, EOFError, zlib.error) as bad:
        raise BadRequest("the body is not what its content encoding says") from bad
    if len(out) > limit:
        raise BadRequest("the body is too large")
    return out


def question(url: Mapping[str, str], body: bytes, format_header: str | None = None) -> Question:
    """Return what is asked: the `query` of the URL and the body after it, parameters, settings, database, format.

    Raises BadRequest when nothing is asked or the text is no UTF-8.
    """
    in_url = url.get("query", "")
    text = (f"{in_url}\n" if in_url else "").encode() + body
    if not text.strip():
        raise BadRequest("there is no query in the URL or the body")
    parameters = {name.removeprefix(_PARAMETER): value for name, value in url.items() if name.startswith(_PARAMETER)}
    settings = {name: value for name, value in url.items() if not name.startswith(_PARAMETER)}
    database = url.get("database") or "default"
    if insert := _INSERT.match(text):
        return Question(
            sql=insert[1].decode(errors="replace"),
            format=insert[2].decode(),
            data=text[insert.end() :],
            parameters=parameters,
            settings=settings,
            database=database,
        )
    try:
        sql = text.decode()
    except UnicodeDecodeError as bad:
        raise BadRequest("the query is not UTF-8") from bad
    named = _FORMAT.search(sql)
    chosen = named[1] if named else format_header or url.get("default_format") or DEFAULT_FORMAT
    return Question(sql=sql, format=chosen, parameters=parameters, settings=settings, database=database)


def _unpack(body: bytes, encoding: str, limit: int) -> bytes:
    if encoding in ("", "identity"):
        return body
    if encoding == "gzip":
        return zlib.decompressobj(wbits=31).decompress(body, limit + 1)
    if encoding == "deflate":
        return zlib.decompressobj().decompress(body, limit + 1)
    if encoding == "lz4":
        import lz4.frame  # type: ignore[import-untyped]

        return bytes(lz4.frame.LZ4FrameDecompressor().decompress(body, max_length=limit + 1))
    raise ValueError(encoding)
