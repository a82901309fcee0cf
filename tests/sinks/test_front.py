"""The ClickHouse HTTP front on the embedded engine, asked by the clients people use."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import clickhouse_connect
import httpx
import pytest
from aiohttp import web

from sinks.clickhouse.client import BlockRefused, ClickHouse, connect
from sinks.clickhouse.engine import Bounds
from sinks.clickhouse.front import Front
from sinks.clickhouse.rows import TABLES, block
from tests.builders.derived_rows import visit

TABLE = next(table for table in TABLES if table.name == "step_visits")


class Served:
    """A front on a free loopback port, its loop in a thread."""

    def __init__(self, directory: Path, bounds: Bounds, queries: int = 4) -> None:
        self.front = Front(directory, bounds, queries, lambda: True)
        self._loop = asyncio.new_event_loop()
        self._runner = self.front.runner()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.url = f"http://127.0.0.1:{asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)}"

    async def _listen(self) -> int:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        return int(self._runner.addresses[0][1])

    def close(self) -> None:
        """Stop serving."""
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self.front.close()


@pytest.fixture(scope="module")
def directory(engine: ClickHouse) -> Path:
    """Where the engine of this process keeps its data."""
    return Path(engine.rows("SELECT value FROM system.server_settings WHERE name = 'path'")[0][0])


@pytest.fixture(scope="module")
def served(directory: Path) -> Iterator[Served]:
    """A read-only front beside the engine this process writes to."""
    front = Served(directory, Bounds(seconds=60, memory_bytes=1 << 28))
    yield front
    front.close()


@pytest.fixture
def hasty(directory: Path) -> Iterator[str]:
    """A front that gives a query half a second."""
    front = Served(directory, Bounds(seconds=0.5, memory_bytes=1 << 28))
    yield front.url
    front.close()


@pytest.fixture
def url(served: Served, embedded: ClickHouse) -> str:
    """The front's address, with one visit stored."""
    embedded.insert("step_visits", block(TABLE, [visit("a", wait_micros=2_000_000)]), "a")
    return served.url


def ask(url: str, sql: str, **parameters: str) -> httpx.Response:
    """Post a query."""
    return httpx.post(url, params=parameters, content=sql.encode(), timeout=60)


def test_ping(url: str) -> None:
    """A load balancer's question is answered as by a server."""
    assert httpx.get(f"{url}/ping").text == "Ok.\n"


def test_clickhouse_connect_reads_rows(url: str) -> None:
    """The Python client connects, binds parameters and reads typed rows."""
    client = clickhouse_connect.get_client(dsn=url, database="vsm")
    found = client.query(
        "SELECT item_id, wait_seconds FROM step_visits_current WHERE step = {s:String}", {"s": "Review"}
    )
    client.close()
    assert (found.column_names, found.result_rows) == (("item_id", "wait_seconds"), [("a", 2.0)])


@pytest.mark.parametrize("tail", ["LIMIT 0", "WHERE 0"])
def test_an_empty_answer_has_its_columns(url: str, tail: str) -> None:
    """A query without rows still says which columns it would have."""
    client = clickhouse_connect.get_client(dsn=url, database="vsm")
    found = client.query(f"SELECT item_id FROM step_visits_current {tail}")  # noqa: S608 - literal names
    client.close()
    assert (found.column_names, found.result_rows) == (("item_id",), [])


def test_an_empty_native_answer_is_a_block_of_no_rows(url: str) -> None:
    """Drivers that read the raw format find names and types, as a server sends them."""
    found = ask(url, "SELECT item_id FROM vsm.step_visits_current WHERE 0 FORMAT Native").content
    assert found == b"\x01\x00\x07item_id\x06String"


def test_clickhouse_connect_reads_arrow(url: str) -> None:
    """Arrow answers pass unchanged."""
    client = clickhouse_connect.get_client(dsn=url, database="vsm")
    found = client.query_arrow("SELECT item_id FROM step_visits_current").to_pylist()
    client.close()
    assert found == [{"item_id": "a"}]


def test_the_url_alone_can_ask(url: str) -> None:
    """GET with the query in the URL, its format and database as parameters."""
    found = httpx.get(
        url,
        params={"query": "SELECT count() AS n FROM step_visits_current", "database": "vsm", "default_format": "JSON"},
    ).json()
    assert found["data"] == [{"n": 1}]


def test_query_parameters_are_bound(url: str) -> None:
    """`param_x` fills {x:Type}; what it holds is never SQL."""
    found = ask(url, "SELECT {x:String} FORMAT TSV", param_x="a'); DROP TABLE vsm.active --")
    assert found.text == "a\\'); DROP TABLE vsm.active --\n"


def test_settings_in_the_url_hold_for_the_query(url: str) -> None:
    """A setting of the request changes its own query and no other."""
    sql = "SELECT getSetting('max_block_size') FORMAT TSV"
    assert (ask(url, sql, max_block_size="77").text, ask(url, sql).text != "77\n") == ("77\n", True)


def test_the_headers_of_a_server(url: str) -> None:
    """Format, time zone and summary stand where drivers look for them."""
    headers = ask(url, "SELECT 1 FORMAT JSONCompact").headers
    summary = json.loads(headers["X-ClickHouse-Summary"])
    found = (headers["X-ClickHouse-Format"], headers["X-ClickHouse-Timezone"], summary["read_rows"])
    assert found == ("JSONCompact", "UTC", "1")


def test_an_error_has_the_engines_code(url: str) -> None:
    """A failed query answers with ClickHouse's code and message."""
    answer = ask(url, "SELECT * FROM vsm.nowhere")
    found = (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"], answer.text[:24])
    assert found == (404, "60", "Code: 60. DB::Exception:")


def test_a_compressed_body_is_read(url: str) -> None:
    """A gzip body asks the same."""
    answer = httpx.post(url, content=gzip.compress(b"SELECT 1"), headers={"Content-Encoding": "gzip"})
    assert answer.text == "1\n"


@pytest.mark.parametrize(
    ("body", "encoding"), [(b"", ""), (b"\xff\xfe", ""), (b"SELECT 1", "gzip"), (b"SELECT 1", "br")]
)
def test_a_request_that_asks_nothing_is_400(url: str, body: bytes, encoding: str) -> None:
    """An empty, unreadable or wrongly encoded body is the asker's mistake."""
    answer = httpx.post(url, content=body, headers={"Content-Encoding": encoding} if encoding else {})
    assert answer.status_code == 400


def test_a_gzip_bomb_is_400(url: str) -> None:
    """A body that grows beyond the bound when unpacked is not unpacked further."""
    answer = httpx.post(url, content=gzip.compress(b" " * (8 << 20)), headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO vsm.active (generation) VALUES (7)",
        "INSERT INTO vsm.active (generation) FORMAT TSV\n7",
        "SELECT file('/etc/passwd')",
        "SELECT * FROM url('http://127.0.0.1:1/', 'CSV')",
        "SELECT 1 INTO OUTFILE '/tmp/no'",
        "SELECT 1 SETTINGS readonly = 0",
    ],
)
def test_writing_and_reaching_outside_are_refused(url: str, sql: str) -> None:
    """The front is read-only, whoever asks."""
    assert ask(url, sql).headers["X-ClickHouse-Exception-Code"] == "164"


def test_the_engine_itself_is_locked(served: Served, embedded: ClickHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even a statement that the check lets through cannot write: the engine runs read-only."""
    monkeypatch.setattr("sinks.clickhouse.front.refusal", lambda _sql: None)
    answer = ask(served.url, "INSERT INTO vsm.active (generation) VALUES (7)")
    found = embedded.rows("SELECT count() FROM vsm.active")
    assert (answer.headers["X-ClickHouse-Exception-Code"], found) == ("164", [(1,)])


def test_a_long_query_is_ended(hasty: str) -> None:
    """A query beyond its time ends with code 159."""
    late = ask(hasty, "SELECT sum(sipHash64(number)) FROM numbers(100000000000)")
    assert late.headers["X-ClickHouse-Exception-Code"] == "159"


def test_a_greedy_query_is_ended(url: str) -> None:
    """A query beyond its memory ends with code 241."""
    greedy = ask(url, "SELECT groupArray(toString(number)) FROM numbers(100000000) FORMAT Null")
    assert greedy.headers["X-ClickHouse-Exception-Code"] == "241"


def test_other_methods_are_405(url: str) -> None:
    """Only GET and POST ask."""
    assert httpx.delete(url).status_code == 405


def test_it_answers_while_the_sink_inserts(served: Served, embedded: ClickHouse) -> None:
    """Eight askers beside a writer: every answer is a whole number of blocks, none fails."""

    def count(_number: int) -> int:
        return int(ask(served.url, "SELECT count() FROM vsm.step_visits_current FORMAT TSV").text)

    with ThreadPoolExecutor(8) as askers:
        counts = askers.map(count, range(40))
        for number in range(10):
            embedded.insert("step_visits", block(TABLE, [visit(f"{number}/{i}") for i in range(100)]), str(number))
        found = list(counts)
    assert {number % 100 for number in found} == {0}


def test_our_own_client_is_told_to_stop(url: str) -> None:
    """A sink pointed at a read-only front leaves loudly: no retry will help."""
    store = connect(url)
    try:
        with pytest.raises(BlockRefused):
            store.insert("step_visits", block(TABLE, [visit("b")]), "b")
    finally:
        store.close()
