"""A local log as the first release wrote it: every record in the first version of its schema."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from io import BytesIO
from pathlib import Path

import msgspec
from fastavro import schemaless_writer
from msgspec import Struct

from schemas import topics
from schemas.avro_schemas import versions
from schemas.codec import Codec
from schemas.state import EntityRecord
from sinks.clickhouse.rows import TABLES

_KINDS: dict[str, type[Struct]] = {**{table.topic: table.kind for table in TABLES}, topics.STATE.name: EntityRecord}
"""What every topic holds."""


def write_anew_in_first_versions(log: Path) -> set[type[Struct]]:
    """Write every record of a log at rest anew, keys and offsets kept; return the kinds of which there was one."""
    found = set()
    for topic, kind in _KINDS.items():
        with closing(sqlite3.connect(log / f"{topic}.sqlite")) as file, file:
            rows = file.execute("SELECT id, value FROM records WHERE value IS NOT NULL").fetchall()
            file.executemany(
                "UPDATE records SET value = ? WHERE id = ?", [(_first_version(value, kind), at) for at, value in rows]
            )
            found |= {kind} if rows else set()
    return found


def _first_version(record: bytes, kind: type[Struct]) -> bytes:
    schema = versions(kind)[0]
    body = BytesIO()
    schemaless_writer(body, schema.parsed, msgspec.to_builtins(Codec().decode(record, kind), builtin_types=(bytes,)))
    return schema.prefix + body.getvalue()
