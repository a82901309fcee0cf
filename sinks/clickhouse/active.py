"""Which generation of derived rows the `_current` views show: a swap is one insert.

`active` holds one row; every row it ever held is kept in `activations`, by which `_as_of` views know what was shown.
"""

from __future__ import annotations

from sinks.clickhouse.client import ClickHouse
from sinks.clickhouse.rows import DATABASE


def active(client: ClickHouse) -> int:
    """Return the generation that views show. Raises StoreUnavailable, BlockRefused."""
    (row,) = client.rows(f"SELECT argMax(generation, activated_at) FROM {DATABASE}.active")  # noqa: S608 - our own constant
    return int(row[0])


def activate(client: ClickHouse, generation: int, now: int) -> None:
    """Make views show a generation from `now` (microseconds UTC) on; 0, or the one they show, changes nothing.

    The new row is newer than the newest even if the clock was set back. Raises StoreUnavailable, BlockRefused.
    """
    if not generation or active(client) == generation:
        return
    client.command(
        f"INSERT INTO {DATABASE}.active (generation, activated_at) SELECT {generation:d}, "  # noqa: S608 - numbers and our own constant
        f"greatest(fromUnixTimestamp64Micro({now:d}, 'UTC'), max(activated_at) + toIntervalMicrosecond(1)) "
        f"FROM {DATABASE}.active"
    )
    client.command(f"OPTIMIZE TABLE {DATABASE}.active FINAL")
