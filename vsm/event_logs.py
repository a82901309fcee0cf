"""Opens event logs: in pieces of a megabyte, compressed or not."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ingest.importers.activities import BadLog
from ingest.importers.ocel import Row, json_rows, xml_rows
from vsm.ocel_store import sqlite_rows

_PIECE_BYTES: Final = 1 << 20
_GZIP: Final = b"\x1f\x8b"
_SQLITE: Final = b"SQLite format 3\0"
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


def chunks(file: Path) -> Iterator[bytes]:
    """Yield a file's bytes, unpacked where they are gzip's. Raises BadLog for a broken archive, OSError."""
    with file.open("rb") as raw:
        packed = raw.read(len(_GZIP)) == _GZIP
        raw.seek(0)
        try:
            with gzip.open(raw) if packed else raw as source:
                while piece := source.read(_PIECE_BYTES):
                    yield piece
        except (EOFError, zlib.error, gzip.BadGzipFile) as bad:
            raise BadLog(f"the archive is broken: {bad}") from None


def ocel_rows(file: Path) -> Iterator[Row]:
    """Yield the rows of a log in OCEL 2.0, whatever it is written in. Raises BadLog, OSError."""
    beginning = next(chunks(file), b"")
    if beginning.startswith(_SQLITE):
        return sqlite_rows(file)
    match beginning.removeprefix(_BYTE_ORDER_MARK).lstrip()[:1]:
        case b"<":
            return xml_rows(chunks(file))
        case b"{":
            return json_rows(chunks(file))
    raise BadLog("no OCEL log begins like this: it is JSON, XML or a SQLite database")
