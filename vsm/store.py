"""Reading the ClickHouse tables: of a server, of the running stack on a data directory, or of the directory itself.

Nothing is written, whatever is asked of whomever: a statement that does not only read the tables is refused before it
is sent, and the engine is told to run read-only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Protocol

from msgspec import Struct

from sinks.clickhouse.address import BadAddress, parsed
from sinks.clickhouse.statement import refusal
from vsm.data_dir import DataDir

_DATABASE: Final = "vsm"
_READS_AND_SETS: Final = "2"
"""ClickHouse's `readonly` for a client that sends settings of its own: reads and settings, no writes, no way back."""
_READS: Final = "1"
"""The same for a client that sends none; it also closes what a local engine opens by a file's name."""


class StoreMissing(RuntimeError):  # noqa: N818 - shown to the user as it is
    """There is nothing to read."""


class BadQuery(ValueError):  # noqa: N818 - shown to the user as it is
    """The engine refused the query; says why."""


class NoSuchStream(BadQuery):
    """There is no value stream of that name; says which there are."""


class Answer(Struct, frozen=True, kw_only=True):
    """The rows of a query."""

    columns: tuple[str, ...]
    rows: Sequence[Sequence[object]]

    def dicts(self) -> list[dict[str, object]]:
        """Return the rows with their columns' names."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


class _Client(Protocol):
    def query(self, query: str, parameters: Mapping[str, object] | None = ...) -> _Result: ...
    def close(self) -> None: ...


class _Result(Protocol):
    column_names: Sequence[str]
    result_rows: Sequence[Sequence[object]]


class Store:
    """A read-only view of the tables."""

    def __init__(self, client: _Client) -> None:
        self._client = client

    def ask(self, sql: str, parameters: Mapping[str, object] | None = None) -> Answer:
        """Run one query with bound parameters. Raises BadQuery, unsent for what does not only read the tables."""
        from clickhouse_connect.driver.exceptions import ClickHouseError

        if why := refusal(sql):
            raise BadQuery(f"refused: {why}")
        try:
            result = self._client.query(sql, parameters=dict(parameters or {}))
        except ClickHouseError as bad:
            raise BadQuery(_first_line(bad)) from bad
        return Answer(columns=tuple(result.column_names), rows=result.result_rows)

    def query(self, sql: str, parameters: Mapping[str, object] | None = None) -> list[dict[str, object]]:
        """Run one query and return its rows as dictionaries. Raises BadQuery."""
        return self.ask(sql, parameters).dicts()


@contextmanager
def open_store(data: Path, url: str | None = None) -> Iterator[Store]:
    """Open the tables: `url` if given, else the stack running on `data`, else the directory's own files.

    Raises StoreMissing when there is nothing at any of them.
    """
    client = _connect(DataDir(data), url)
    try:
        yield Store(client)
    finally:
        client.close()


def _connect(data: DataDir, url: str | None) -> _Client:
    from clickhouse_connect.driver.exceptions import ClickHouseError

    address = url or data.sql_address()
    if address is None and not data.clickhouse.exists():
        raise StoreMissing(f"nothing is stored in {data.root}: run 'vsm up --data {data.root}' first, or give --url")
    shown = str(data.clickhouse)
    try:
        if address is None:
            return _directory(data.clickhouse)
        shown = parsed(address).shown
        return _server(address)
    except BadAddress as bad:
        raise StoreMissing(f"the address of ClickHouse is {bad}") from None
    except ClickHouseError as bad:
        raise StoreMissing(f"cannot open {shown}: {_first_line(bad)}") from bad


def _directory(directory: Path) -> _Client:
    import clickhouse_connect

    client: _Client = clickhouse_connect.get_client(
        interface="chdb", path=str(directory), database=_DATABASE, settings={"readonly": _READS}
    )
    return client


def _server(url: str) -> _Client:
    """Return a client that may not write, whatever its user may."""
    import clickhouse_connect

    address = parsed(url)
    client: Any = clickhouse_connect.get_client(
        interface=address.interface,
        host=address.host,
        port=address.port,
        username=address.user,
        password=address.password,
        database=_DATABASE,
    )
    if client.server_settings["readonly"].value == "0":
        client.set_client_setting("readonly", _READS_AND_SETS)
    opened: _Client = client
    return opened


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
