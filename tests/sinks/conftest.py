"""The engine in this process, a server process, and a log, for the sinks' tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.log_local import LocalLog
from sinks.clickhouse.client import ClickHouse, connect, open_embedded
from sinks.clickhouse.migrate import apply
from sinks.clickhouse.rows import TABLES
from tests.builders.clickhouse_server import ClickHouseServer


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    """The embedded engine, migrated, one a module: a process holds one directory at a time."""
    opened = open_embedded(tmp_path_factory.mktemp("engine"))
    apply(opened)
    yield opened
    opened.close()


@pytest.fixture
def embedded(engine: ClickHouse) -> ClickHouse:
    """The embedded engine with empty tables and generation 1 active."""
    return emptied(engine)


@pytest.fixture
def blank(engine: ClickHouse) -> Iterator[ClickHouse]:
    """The embedded engine without our database."""
    engine.command("DROP DATABASE vsm SYNC")
    yield engine
    engine.command("DROP DATABASE IF EXISTS vsm SYNC")
    apply(engine)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseServer]:
    """A server process over HTTP, one a module."""
    started = ClickHouseServer(tmp_path_factory.mktemp("server"))
    started.start()
    yield started
    started.kill()


@pytest.fixture
def remote(server: ClickHouseServer) -> Iterator[ClickHouse]:
    """The server, migrated, with empty tables and generation 1 active."""
    connected = connect(server.url)
    apply(connected)
    yield emptied(connected)
    connected.close()


@pytest.fixture
def log(tmp_path: Path) -> Iterator[LocalLog]:
    """An empty log of four partitions."""
    opened = LocalLog(tmp_path / "log")
    yield opened
    opened.close()


def emptied(store: ClickHouse) -> ClickHouse:
    """Empty every table the sink fills, and make generation 1 the active one."""
    latest = {table.name for table in TABLES} - {"flow_events", "dead_letters"}
    for name in [table.name for table in TABLES] + [f"{name}_latest" for name in latest] + ["activations", "active"]:
        store.command(f"TRUNCATE TABLE vsm.{name}")
    store.command("INSERT INTO vsm.active (generation, activated_at) VALUES (1, '1970-01-01 00:00:01')")
    return store
