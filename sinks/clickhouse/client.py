"""The edge to ClickHouse: one class over clickhouse-connect, the embedded engine and a server alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import clickhouse_connect
import pyarrow as pa
from clickhouse_connect import common
from clickhouse_connect.driver.exceptions import ClickHouseError, DataError, NotSupportedError, ProgrammingError

from sinks.clickhouse.address import parsed
from sinks.clickhouse.retry import Refusal, verdict
from sinks.clickhouse.rows import DATABASE

CONNECT_SECONDS: Final = 5
ANSWER_SECONDS: Final = 30

_INSERT: Final = {
    "deduplicate_blocks_in_dependent_materialized_views": 1,  # a block cut short between table and copy is completed
    "optimize_on_insert": 0,  # revisions collapse when parts merge; doing it at every insert doubles its cost
    "async_insert": 0,  # an answer means that the block is in
    "max_threads": 1,  # one block is one thread's work: more only wait for one another
}


class StoreUnavailable(Exception):  # noqa: N818 - a state of the world: the same block is tried again later
    """The store did not take a block, and may take the same block later; `code` is ClickHouse's, or None."""

    def __init__(self, message: str, code: int | None) -> None:
        super().__init__(message)
        self.code = code


class BlockRefused(Exception):  # noqa: N818 - a bug or a missing migration: leave the process, loudly
    """The store will never take this block; `code` is ClickHouse's."""

    def __init__(self, message: str, code: int | None) -> None:
        super().__init__(message)
        self.code = code


class ClickHouse:
    """A connection to ClickHouse. Not to be shared between threads; open one for each."""

    def __init__(self, client: Any) -> None:  # noqa: ANN401 - clickhouse-connect's client is untyped here
        self._client = client

    def insert(self, table: str, block: pa.Table, token: str) -> None:
        """Insert one block; the same block with the same token leaves the tables as one insert would.

        Raises StoreUnavailable (try the same again) or BlockRefused (never try again).
        """
        settings = {**_INSERT, "insert_deduplication_token": token}
        try:
            self._client.insert_arrow(table, block, database=DATABASE, settings=settings)
        except (ClickHouseError, OSError, RuntimeError) as error:
            raise judged(error) from error

    def command(self, sql: str) -> None:
        """Run a statement that returns nothing. Raises StoreUnavailable or BlockRefused."""
        try:
            self._client.command(sql)
        except (ClickHouseError, OSError, RuntimeError) as error:
            raise judged(error) from error

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Sequence[Sequence[Any]]:
        """Return the rows of a query, [] if it has none. Raises StoreUnavailable or BlockRefused."""
        try:
            rows: Sequence[Sequence[Any]] = self._client.query(sql, parameters=parameters).result_rows
        except (ClickHouseError, OSError, RuntimeError) as error:
            raise judged(error) from error
        return rows

    def close(self) -> None:
        """Release the connection. Safe to repeat."""
        self._client.close()


def judged(error: Exception) -> StoreUnavailable | BlockRefused:
    """Return what an error of the client means for the block: try again, or never."""
    code: int | None = getattr(error, "code", None)
    ours = code is None and isinstance(error, (ProgrammingError, DataError, NotSupportedError))
    kind = BlockRefused if ours or verdict(code) is Refusal.FOR_GOOD else StoreUnavailable
    return kind(str(error), code)


def open_embedded(directory: Path) -> ClickHouse:
    """Open the engine in this process on a directory; one process at a time. Raises StoreUnavailable when locked."""
    directory.mkdir(parents=True, exist_ok=True)
    try:
        return _open(interface="chdb", path=str(directory.resolve()))
    except BlockRefused as locked:
        raise StoreUnavailable(f"{directory} cannot be opened: {locked}", locked.code) from locked


def connect(url: str, answer_seconds: int = ANSWER_SECONDS) -> ClickHouse:
    """Connect to `http(s)://user:password@host:port`.

    Raises StoreUnavailable while it does not answer, BlockRefused when it never will, BadAddress for no such URL.
    """
    address = parsed(url)
    return _open(
        interface=address.interface,
        host=address.host,
        port=address.port,
        username=address.user,
        password=address.password,
        connect_timeout=CONNECT_SECONDS,
        send_receive_timeout=answer_seconds,
        autogenerate_session_id=False,
        query_retries=0,
    )


def open_store(url: str, directory: Path) -> ClickHouse:
    """Open the server at `url`, or with '' the embedded engine in `directory`."""
    return connect(url) if url else open_embedded(directory)


def _open(**options: Any) -> ClickHouse:  # noqa: ANN401 - passed on as they are
    common.set_setting("autogenerate_session_id", False)  # noqa: FBT003 - the library's signature
    try:
        return ClickHouse(clickhouse_connect.get_client(**options))
    except (ClickHouseError, OSError, RuntimeError) as error:
        raise judged(error) from error
