"""What may be asked of the tables: the same of a server that would take writes and of a directory at rest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sinks.clickhouse.client import connect
from sinks.clickhouse.migrate import apply
from tests.builders.clickhouse_server import ClickHouseServer
from vsm.cli import app
from vsm.data_dir import DataDir
from vsm.store import BadQuery, Store, StoreMissing, open_store


def migrated(directory: Path) -> ClickHouseServer:
    """Return a running server that takes writes, with our schema and generation 1 active."""
    server = ClickHouseServer(directory)
    server.start()
    store = connect(server.url)
    apply(store)
    store.close()
    return server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseServer]:
    """A server that takes writes."""
    started = migrated(tmp_path_factory.mktemp("server"))
    yield started
    started.kill()


@pytest.fixture(scope="module")
def at_rest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory, its name a hard one, that no stack runs on."""
    root = tmp_path_factory.mktemp("at rest 100%20")
    migrated(DataDir(root).clickhouse).kill()
    return root


class ReadingContract:
    """Every test gets `store`, open for reading."""

    @pytest.mark.parametrize(
        "sql",
        [
            "INSERT INTO vsm.active (generation) VALUES (7)",
            "DROP TABLE vsm.active",
            "TRUNCATE TABLE active",
            "SELECT file('/etc/passwd')",
            "SELECT * FROM file('/etc/passwd', 'LineAsString')",
            "SELECT * FROM default.`/etc/passwd`",
            "SELECT 1 INTO OUTFILE 'out.txt'",
            "SELECT 1 SETTINGS readonly = 0",
        ],
    )
    def test_what_does_not_only_read_the_tables_is_refused(self, store: Store, sql: str) -> None:
        """Writing, and reaching for files, is an error."""
        with pytest.raises(BadQuery):
            store.ask(sql)

    def test_the_engine_itself_is_locked(self, store: Store) -> None:
        """Even a statement that the check lets through cannot write."""
        with pytest.raises(Exception, match="READONLY"):
            store._client.query("INSERT INTO vsm.active (generation) VALUES (7)")

    def test_tables_need_no_database(self, store: Store) -> None:
        """A query names a table alone, as the examples do."""
        assert store.ask("SELECT generation FROM active").rows == [(1,)]

    def test_parameters_are_bound(self, store: Store) -> None:
        """What a parameter holds is a value, never SQL."""
        told = {"names": ["a", "b'); DROP TABLE vsm.active --"]}
        assert store.query("SELECT length({names:Array(String)}) AS n", told) == [{"n": 2}]


class TestOfAServer(ReadingContract):
    @pytest.fixture
    def store(self, server: ClickHouseServer) -> Iterator[Store]:
        """The tables of a server whose user may write."""
        with open_store(Path("nowhere"), server.url) as opened:
            yield opened


class TestAtRest(ReadingContract):
    @pytest.fixture
    def store(self, at_rest: Path) -> Iterator[Store]:
        """The tables in the files of a directory."""
        with open_store(at_rest) as opened:
            yield opened


def test_a_refused_query_ends_with_its_reason(at_rest: Path) -> None:
    """`vsm query` says why it does not run a statement, with status 1."""
    ran = CliRunner().invoke(app, ["query", "DROP TABLE vsm.active", "--data", str(at_rest)])
    assert (ran.exit_code, ran.stderr.split(":")[0]) == (1, "refused")


@pytest.mark.parametrize("url", ["http://vsm:hidden-word@127.0.0.1:1", "http://vsm:hidden-word@:1", "127.0.0.1:8123"])
def test_an_address_that_cannot_be_opened_is_told_without_its_password(url: str) -> None:
    """Away or malformed, the error repeats no password."""
    with pytest.raises(StoreMissing) as told, open_store(Path("nowhere"), url):
        pass
    assert "hidden-word" not in str(told.value)
