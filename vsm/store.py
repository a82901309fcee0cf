"""Reading the ClickHouse tables: of a server, of the running stack on a data directory, or of the directory itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, cast

from msgspec import Struct

from vsm.data_dir import DataDir


class StoreMissing(RuntimeError):  # noqa: N818 - shown to the user as it is
    """There is nothing to read."""


class BadQuery(ValueError):  # noqa: N818 - shown to the user as it is
    """The engine refused the query; says why."""


class Answer(Struct, frozen=True, kw_only=True):
    """The rows of a query."""

    columns: tuple[str, ...]
    rows: Sequence[Sequence[object]]

    def dicts(self) -> list[dict[str, object]]:
        """Return the rows with their columns' names."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


class _Client(Protocol):
    def query(self, query: str, parameters: Mapping[str, object] | None = ...) -> _Result: ...
    def raw_query(self, query: str, *, fmt: str) -> bytes: ...
    def close(self) -> None: ...


class _Result(Protocol):
    column_names: Sequence[str]
    result_rows: Sequence[Sequence[object]]


class Store:
    """A read-only view of the tables."""

    def __init__(self, client: _Client) -> None:
        self._client = client

    def ask(self, sql: str, parameters: Mapping[str, object] | None = None) -> Answer:
        """Run one query with bound parameters. Raises BadQuery."""
        from clickhouse_connect.driver.exceptions import ClickHouseError

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
    import clickhouse_connect
    from clickhouse_connect.driver.exceptions import ClickHouseError

    run = data.running()
    address = url or (run.addresses.get("sql") if run is not None else None)
    try:
        if address is not None:
            return cast("_Client", clickhouse_connect.get_client(dsn=address, database="vsm"))
        if not data.clickhouse.exists():
            raise StoreMissing(
                f"nothing is stored in {data.root}: run 'vsm up --data {data.root}' first, or give --url"
            )
        return cast(
            "_Client",
            clickhouse_connect.get_client(dsn=f"chdb://{data.clickhouse}", settings={"readonly": 2}),
        )
    except ClickHouseError as bad:
        raise StoreMissing(f"cannot open {address or data.clickhouse}: {_first_line(bad)}") from bad


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
