"""Derived rows in the tables of a data directory at rest."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from sinks.clickhouse.client import open_embedded
from sinks.clickhouse.migrate import apply
from sinks.clickhouse.rows import TABLES, block
from vsm.data_dir import DataDir


def stored(root: Path, rows: Sequence[Struct]) -> Path:
    """Write rows into the tables of a data directory, each by its type, and return the directory."""
    engine = open_embedded(DataDir(root).clickhouse)
    apply(engine)
    for table in TABLES:
        own = [row for row in rows if type(row) is table.kind]
        if own:
            engine.insert(table.name, block(table, own), table.name)
    engine.close()
    return root
