"""Which generation of derived rows the `_current` views show: a swap is one insert."""

from __future__ import annotations

from sinks.clickhouse.client import ClickHouse
from sinks.clickhouse.rows import DATABASE


def active(client: ClickHouse) -> int:
    """Return the generation that views show. Raises StoreUnavailable, BlockRefused."""
    (row,) = client.rows(f"SELECT argMax(generation, activated_at) FROM {DATABASE}.active")  # noqa: S608 - our own constant
    return int(row[0])


def activate(client: ClickHouse, generation: int) -> None:
    """Make views show a generation; 0, or the one they show already, changes nothing.

    The new row is newer than the newest even if the server's clock was set back. Raises StoreUnavailable, BlockRefused.
    """
    if not generation or active(client) == generation:
        return
    client.command(
        f"INSERT INTO {DATABASE}.active (generation, activated_at) "  # noqa: S608 - a number and our own constant
        f"SELECT {generation:d}, greatest(now64(6, 'UTC'), max(activated_at) + toIntervalMicrosecond(1)) "
        f"FROM {DATABASE}.active"
    )
