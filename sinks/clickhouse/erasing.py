"""Deletes what is to be forgotten: rows whose key became a tombstone, and what orders in the log name.

A mutation's text stays on ClickHouse's disk for long, so none holds a name: names go into a table in memory that the
mutation asks. Parts that were rewritten leave the disk by themselves some minutes later (`old_parts_lifetime`).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Final

import pyarrow as pa
import structlog

from schemas.derived import GENERATION_SHIFT
from schemas.event import FlowEvent
from schemas.forgetting import ACTOR_FORGOTTEN, BEFORE, ENTITY_FORGOTTEN, FACT_FORGOTTEN, FORGETS
from sinks.clickhouse.client import ClickHouse
from sinks.clickhouse.rows import DATABASE, TABLES, Table

_NUL: Final = "\0"
_EVENTS: Final = "flow_events"
_PROGRESS: Final = f"bitAnd(revision, {(1 << GENERATION_SHIFT) - 1})"
_logger = structlog.get_logger(__name__)


class Erasures:
    """What one batch has to delete: keys of rows by table, entities up to an offset, facts and actors by stream."""

    def __init__(self) -> None:
        self._rows: dict[str, set[str]] = {}
        self._entities: dict[str, int] = {}
        self._facts: set[str] = set()
        self._actors: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._rows or self._entities or self._facts or self._actors)

    def row(self, table: Table, key: str) -> None:
        """Delete every revision of a row by the key of its record."""
        self._rows.setdefault(table.name, set()).add(key)

    def order(self, order: FlowEvent) -> None:
        """Delete what an order in the log says; one that says nothing is passed over."""
        match order.type:
            case _ if not (said := order.attributes.get(FORGETS) or order.attributes.get(BEFORE)):
                return
            case kind if kind == FACT_FORGOTTEN:
                self._facts.add(f"{order.value_stream}{_NUL}{said}")
            case kind if kind == ACTOR_FORGOTTEN:
                self._actors.add(f"{order.value_stream}{_NUL}{said}")
            case kind if kind == ENTITY_FORGOTTEN and said.isdecimal():
                name = f"{order.value_stream}{_NUL}{order.subject_id}"
                self._entities[name] = max(int(said), self._entities.get(name, 0))

    def apply(self, store: ClickHouse) -> None:
        """Delete it; may be done again. Raises StoreUnavailable, BlockRefused."""
        if not self:
            return
        asked = f"forgetting_{uuid.uuid4().hex}"
        store.command(f"CREATE TABLE {DATABASE}.{asked} (name String, below UInt64) ENGINE = Join(ANY, LEFT, name) "
                      "SETTINGS persistent = 0")  # fmt: skip
        try:
            store.insert(asked, _named(self._names()), asked)
            for table in TABLES:
                condition = _condition(table, f"{DATABASE}.{asked}")
                if self._concerns(table):
                    _delete(store, table.name, condition)
                    if table.names:
                        _delete(store, f"{table.name}_latest", condition)
            if self._actors:
                _hide(store, f"{DATABASE}.{asked}")
        finally:
            store.command(f"DROP TABLE IF EXISTS {DATABASE}.{asked} SYNC")

    def _concerns(self, table: Table) -> bool:
        named = bool(self._facts) if table.name == _EVENTS else bool(table.names and self._entities)
        return named or table.name in self._rows

    def _names(self) -> Mapping[str, int]:
        """Return each name with what stands in front of it, and below which progress its rows are deleted."""
        return {
            **{f"entity{_NUL}{name}": before + 1 for name, before in self._entities.items()},
            **{f"{table}{_NUL}{key}": 1 for table, keys in self._rows.items() for key in keys},
            **{f"{_EVENTS}{_NUL}{name}": 1 for name in self._facts},
            **{f"actor{_NUL}{name}": 1 for name in self._actors},
        }


def _named(names: Mapping[str, int]) -> pa.Table:
    below = pa.array(list(names.values()), pa.uint64())
    return pa.table({"name": pa.array(list(names), pa.string()), "below": below})


def _condition(table: Table, asked: str) -> str:
    """Return which rows of a table, or of the one of its newest revisions, are named."""
    key = ", ".join(f"toString(`{column}`)" for column in table.key)
    named = [f"joinGet('{asked}', 'below', arrayStringConcat(['{table.name}', {key}], char(0))) > 0"] if key else []
    if table.names:
        texts = ", ".join(f"[ifNull(toString(`{c}`), '')]" if c not in table.lists else f"`{c}`" for c in table.names)
        below = f"joinGet('{asked}', 'below', arrayStringConcat(['entity', toString(value_stream), x], char(0)))"
        named.append(f"arrayExists(x -> {_PROGRESS} < {below}, arrayConcat({texts}))")
    return " OR ".join(named)


def _delete(store: ClickHouse, table: str, condition: str) -> None:
    """Delete rows, if there are any: a mutation looks at every part."""
    ((found,),) = store.rows(f"SELECT count() FROM {DATABASE}.{table} WHERE {condition}")  # noqa: S608 - our own words
    if found:
        store.command(f"ALTER TABLE {DATABASE}.{table} DELETE WHERE {condition} SETTINGS mutations_sync = 1")
        _logger.info("rows erased", table=table, rows=found)


def _hide(store: ClickHouse, asked: str) -> None:
    name = "arrayStringConcat(['actor', toString(value_stream), ifNull(actor, '')], char(0))"
    store.command(
        f"ALTER TABLE {DATABASE}.{_EVENTS} UPDATE actor = NULL WHERE joinGet('{asked}', 'below', {name}) > 0 "
        "SETTINGS mutations_sync = 1"
    )
    _logger.info("actors hidden", table=_EVENTS)
