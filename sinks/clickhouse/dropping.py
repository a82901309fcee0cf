"""Deletes the rows and measurements of generations that nobody shall go back to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import structlog

from sinks.clickhouse.active import active
from sinks.clickhouse.client import ClickHouse
from sinks.clickhouse.rows import DATABASE

_SHOWS: Final = ("active", "activations")
_HOLD_GENERATIONS: Final = (
    f"SELECT DISTINCT table FROM system.columns WHERE database = '{DATABASE}' AND name = 'generation' "  # noqa: S608 - our own constants
    f"AND table NOT IN {_SHOWS} AND table IN "
    f"(SELECT name FROM system.tables WHERE database = '{DATABASE}' AND engine LIKE '%MergeTree') ORDER BY table"
)
_logger = structlog.get_logger(__name__)


def drop(client: ClickHouse, generations: Sequence[int]) -> int:
    """Delete all that is of these generations but for the one that is shown; return how many rows. Repeatable.

    What the `_as_of` views showed while one of them was active is gone with it. Raises StoreUnavailable, BlockRefused.
    """
    gone = sorted({int(number) for number in generations} - {active(client), 0})
    if not gone:
        return 0
    condition = f"generation IN ({', '.join(map(str, gone))})"
    rows = 0
    for (table,) in client.rows(_HOLD_GENERATIONS):
        ((found,),) = client.rows(f"SELECT count() FROM {DATABASE}.{table} WHERE {condition}")  # noqa: S608 - our own names
        if found:
            client.command(f"ALTER TABLE {DATABASE}.{table} DELETE WHERE {condition} SETTINGS mutations_sync = 1")
            rows += int(found)
    _logger.info("generations dropped", generations=gone, rows=rows)
    return rows
