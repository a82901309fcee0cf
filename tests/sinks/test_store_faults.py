"""A server that is killed, hangs or refuses in mid-insert: nothing lost, nothing double, checked by every id."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from schemas.log import Log
from sinks.clickhouse.client import ClickHouse, connect
from tests.builders.clickhouse_server import ClickHouseServer
from tests.builders.derived_rows import visit
from tests.builders.pumping import Pumping, append, wait_until

ITEMS = 600


@pytest.fixture
def impatient(server: ClickHouseServer, remote: ClickHouse) -> Iterator[ClickHouse]:
    """A connection that gives an answer one second; `remote` has emptied the tables."""
    assert remote
    connected = connect(server.url, answer_seconds=1)
    yield connected
    connected.close()


def stored(server: ClickHouseServer, table: str) -> Counter[str]:
    """Return how often each id is in a table, unmerged."""
    reader = connect(server.url)
    try:
        rows = reader.rows(f"SELECT item_id, count() FROM vsm.{table} GROUP BY 1")  # noqa: S608 - literal names
    finally:
        reader.close()
    return Counter({str(item): int(times) for item, times in rows})


def once_each() -> Counter[str]:
    """Return every id once."""
    return Counter({f"i{number}": 1 for number in range(ITEMS)})


def written(pumping: Pumping) -> float:
    """Return the rows the sink knows to be in."""
    return pumping.telemetry.registry.get_sample_value("vsm_sinks_rows_total", {"table": "step_visits"}) or 0.0


@pytest.mark.parametrize("how", ["252", "241", "0", "hang"])
def test_refusals_lose_and_double_nothing(log: Log, server: ClickHouseServer, impatient: ClickHouse, how: str) -> None:
    """Too many parts, no memory, a bare 500, a hang: after some tries every id is there exactly once."""
    server.fail(how, inserts=3 if how != "hang" else 1)
    append(log, [visit(f"i{number}") for number in range(ITEMS)], partition=0)
    with Pumping(log, impatient, batch_rows=200) as pumping:
        wait_until(lambda: written(pumping) == ITEMS)
    assert (stored(server, "step_visits"), stored(server, "step_visits_latest")) == (once_each(), once_each())


@pytest.mark.parametrize("how", ["die-before", "die-after"])
def test_a_kill_in_mid_insert_loses_and_doubles_nothing(
    log: Log, server: ClickHouseServer, impatient: ClickHouse, how: str
) -> None:
    """Killed before a block is in, or after it is in and before the answer: every id is there exactly once."""
    server.fail(how)
    append(log, [visit(f"i{number}") for number in range(ITEMS)], partition=0)
    with Pumping(log, impatient, batch_rows=200) as pumping:
        server.wait_dead()
        server.start()
        wait_until(lambda: written(pumping) == ITEMS)
    assert (stored(server, "step_visits"), stored(server, "step_visits_latest")) == (once_each(), once_each())
