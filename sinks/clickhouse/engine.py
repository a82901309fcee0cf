"""The edge to the engine in this process, for the HTTP front: one handle a query, locked before the query runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import chdb
import msgspec
from msgspec import Struct

from sinks.clickhouse.question import Question

_CODE: Final = re.compile(r"Code: (\d+)\.")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SELECTS: Final = re.compile(r"[\s(]*(?:SELECT|WITH)\b", re.IGNORECASE)
_TRAILING_FORMAT: Final = re.compile(r"\bFORMAT\s+\w+[\s;]*\Z|;\s*\Z", re.IGNORECASE)
_VARINT_LOW: Final = 0x7F
_VARINT_MORE: Final = 0x80
_UNKNOWN_CODE: Final = 1002
_OURS: Final = frozenset({"readonly", "allow_ddl", "max_execution_time", "max_memory_usage", "max_result_bytes"})
"""Settings that the front decides; who asks for `readonly` gets it."""

_LEFT_OUT: Final = frozenset(
    {
        "query", "database", "default_format", "user", "password", "session_id", "session_timeout", "session_check",
        "query_id", "quota_key", "compress", "decompress", "wait_end_of_query", "buffer_size", "role",
        "client_protocol_version", "send_progress_in_http_headers", "http_headers_progress_interval_ms",
        "enable_http_compression", "http_zlib_compression_level", "add_http_cors_header", "stacktrace",
    }
)  # fmt: skip
"""What speaks to an HTTP server and not to the engine."""


class QueryFailed(Exception):  # noqa: N818 - the answer to whoever asked; `code` is ClickHouse's
    """The engine's own refusal of a query."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class Answer(Struct, frozen=True, kw_only=True):
    """What came back: the formatted bytes, what was read, and the seconds it took."""

    body: bytes
    rows: int
    bytes_read: int
    seconds: float


class Bounds(Struct, frozen=True, kw_only=True):
    """What one query may take; `writable` lets statements write."""

    seconds: float
    memory_bytes: int
    writable: bool = False


def ask(directory: Path, question: Question, bounds: Bounds) -> Answer:
    """Run one query on the engine that this process holds open on `directory`; blocks. Raises QueryFailed."""
    handle = chdb.connect(str(directory.resolve()))
    try:
        handle.query(_locks(question, bounds), "Null")
        handle.query(f"USE {_quoted_name(question.database)}", "Null")
        if not bounds.writable or question.settings.get("readonly", "0") != "0":
            handle.query("SET readonly = 1", "Null")
        return _inserted(handle, question) if question.data is not None else _found(handle, question)
    except RuntimeError as failed:
        raise _judged(failed) from failed
    finally:
        handle.close()


def _found(handle: Any, question: Question) -> Answer:  # noqa: ANN401 - the engine's handle is untyped
    parameters = dict(question.parameters)
    found = handle.query(question.sql, question.format, params=parameters)
    body = found.bytes() or _header(handle, question)
    return Answer(body=body, rows=found.rows_read(), bytes_read=found.bytes_read(), seconds=found.elapsed())


def _header(handle: Any, question: Question) -> bytes:  # noqa: ANN401 - the engine's handle is untyped
    """Return the block of names and types that a Native answer without rows still has on a server."""
    if question.format != "Native" or not _SELECTS.match(question.sql):
        return b""
    inner = _TRAILING_FORMAT.sub("", question.sql)
    columns = handle.query(f"DESCRIBE ({inner}\n)", "JSONCompact", params=dict(question.parameters)).bytes()
    described = msgspec.json.decode(columns, type=_Described).data
    out = bytearray(_varint(len(described)) + b"\x00")
    for column in described:
        for text in (str(column[0]).encode(), str(column[1]).encode()):
            out += _varint(len(text)) + text
    return bytes(out)


def _inserted(handle: Any, question: Question) -> Answer:  # noqa: ANN401 - the engine's handle is untyped
    with handle.send_insert(question.sql, question.format) as stream:
        stream.append(question.data)
        done = stream.finish()
    return Answer(body=b"", rows=done.rows_written, bytes_read=done.bytes_written, seconds=done.elapsed)


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > _VARINT_LOW:
        out.append(number & _VARINT_LOW | _VARINT_MORE)
        number >>= 7
    out.append(number)
    return bytes(out)


class _Described(Struct):
    data: list[list[Any]]


def _locks(question: Question, bounds: Bounds) -> str:
    settings: dict[str, Any] = {
        name: value
        for name, value in question.settings.items()
        if _NAME.fullmatch(name) and name not in _OURS and name not in _LEFT_OUT
    }
    settings |= {
        "max_execution_time": bounds.seconds,
        "max_memory_usage": bounds.memory_bytes,
        "max_result_bytes": bounds.memory_bytes,
    }
    return "SET " + ", ".join(f"{name} = {_quoted(str(value))}" for name, value in settings.items())


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _quoted_name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise QueryFailed(f"Code: 81. DB::Exception: Database {text!r} does not exist. (UNKNOWN_DATABASE)", 81)
    return f"`{text}`"


def _judged(failed: RuntimeError) -> QueryFailed:
    message = str(failed)
    start = max(message.find("Code: "), 0)
    code = _CODE.search(message)
    return QueryFailed(message[start:].strip(), int(code[1]) if code else _UNKNOWN_CODE)
