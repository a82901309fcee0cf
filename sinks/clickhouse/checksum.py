"""Whether two runs came to the same: a checksum over the `_current` tables, revision and known_at left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from sinks.clickhouse.rows import DATABASE

Ask = Callable[[str], Sequence[Sequence[object]]]
"""Runs one query and returns its rows."""

ENTITIES: Final = ("step_visits", "work_items", "changes", "deployments", "incidents")
_LEFT_OUT: Final = frozenset({"revision", "known_at"})


def checksums(ask: Ask, tables: Sequence[str] = ENTITIES) -> Mapping[str, str]:
    """Return, for each table, `ROWS:HASH` of its `_current` view; equal rows in any order give equal text.

    `measurements` may be asked for too: equal only for runs under one pinned clock. Raises what `ask` raises.
    """
    return {table: _checksum(ask, f"{table}_current") for table in tables}


def _checksum(ask: Ask, view: str) -> str:
    named = ask(
        f"SELECT name FROM system.columns WHERE database = '{DATABASE}' AND table = '{view}' ORDER BY position"  # noqa: S608 - literal names
    )
    columns = ", ".join(f"`{name}`" for (name,) in named if name not in _LEFT_OUT)
    ((rows, total),) = ask(
        f"SELECT count(), hex(sum(sipHash64(formatRow('JSONCompactEachRow', {columns})))) FROM {DATABASE}.{view}"  # noqa: S608 - names of our own schema
    )
    return f"{rows}:{total}"
