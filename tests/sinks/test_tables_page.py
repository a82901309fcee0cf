"""The documentation of the tables is the schema's."""

from __future__ import annotations

from pathlib import Path

from sinks.clickhouse.client import ClickHouse
from sinks.clickhouse.describe import described

PAGE = Path(__file__).parents[2] / "docs" / "tables.md"


def test_the_page_is_what_the_schema_says(engine: ClickHouse) -> None:
    """docs/tables.md is up to date; `make docs-write` renews it."""
    assert described(engine.rows) == PAGE.read_text(encoding="utf-8")
