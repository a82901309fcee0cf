"""`vsm map` and `vsm query`: what people ask of the tables."""

from __future__ import annotations

import csv
import datetime as dt
import sys
from enum import StrEnum
from typing import Annotated

import msgspec
import typer

from insights import map_text
from insights.value_stream_map import MAP_SQL, STEPS_SQL, STREAMS_SQL, StreamMap, build
from schemas.definition import Definition
from schemas.definition_file import BadDefinition
from vsm.data_dir import DataDir
from vsm.generation import definition_in_use
from vsm.options import DEFAULT_DATA, Data, Url, fail, out
from vsm.printing import show_table
from vsm.store import BadQuery, NoSuchStream, Store, StoreMissing, open_store


class Window(StrEnum):
    """The rolling windows."""

    HOUR = "1h"
    DAY = "24h"
    WEEK = "7d"
    MONTH = "30d"
    QUARTER = "90d"


class MapFormat(StrEnum):
    """How a map is printed."""

    TEXT = "text"
    JSON = "json"


class TableFormat(StrEnum):
    """How rows are printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def show_map(
    stream: Annotated[str, typer.Argument(help="The value stream.")],
    fmt: Annotated[MapFormat, typer.Option("--format", help="Text for people, JSON for programs.")] = MapFormat.TEXT,
    window: Annotated[Window, typer.Option(help="The rolling window.")] = Window.MONTH,
    data: Data = DEFAULT_DATA,
    url: Url = None,
) -> None:
    """Show the current-state value stream map of a stream.

    Example: `vsm map checkout --window 90d`
    """
    try:
        with open_store(data, url) as store:
            found = read_map(store, definition_in_use(DataDir(data)), stream, window.value)
    except (StoreMissing, BadQuery, BadDefinition) as bad:
        fail(str(bad))
    if fmt is MapFormat.JSON:
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n")
    else:
        map_text.show(out, found)


def read_map(store: Store, definition: Definition, stream: str, window: str) -> StreamMap:
    """Read one stream's map. Raises NoSuchStream for a stream that has no measurements, naming those that have."""
    rows = store.query(MAP_SQL, {"stream": stream, "window": window})
    if not rows:
        known = ", ".join(str(row["value_stream"]) for row in store.query(STREAMS_SQL)) or "none yet"
        raise NoSuchStream(f"nothing is measured for value stream '{stream}'; known: {known}")
    return build(stream, window, _steps(store, definition, stream), rows)


def _steps(store: Store, definition: Definition, stream: str) -> list[str]:
    """Return the steps in the order of the definition, else of their visits' times."""
    if (known := definition.stream(stream)) is not None:
        return [step.name for step in known.steps]
    return [str(row["step"]) for row in store.query(STEPS_SQL, {"stream": stream})]


def query(
    sql: Annotated[str, typer.Argument(help="A SELECT on the tables of database vsm.")],
    data: Data = DEFAULT_DATA,
    url: Url = None,
    fmt: Annotated[TableFormat, typer.Option("--format", help="How rows are printed.")] = TableFormat.TABLE,
) -> None:
    """Run read-only SQL on the ClickHouse tables, also while `vsm up` runs on the same --data.

    Example: `vsm query "SELECT step, count() FROM step_visits_current GROUP BY step"`
    """
    try:
        with open_store(data, url) as store:
            answer = store.ask(sql)
    except (StoreMissing, BadQuery) as bad:
        fail(str(bad))
    if fmt is TableFormat.JSON:
        sys.stdout.buffer.write(msgspec.json.encode(answer.dicts(), enc_hook=_text) + b"\n")
    elif fmt is TableFormat.CSV:
        writer = csv.writer(sys.stdout)
        writer.writerow(answer.columns)
        writer.writerows(["" if v is None else _plain(v) for v in row] for row in answer.rows)
    else:
        show_table(
            answer.columns, [["NULL" if value is None else _plain(value) for value in row] for row in answer.rows]
        )


def _plain(value: object) -> str:
    return value.isoformat(sep=" ") if isinstance(value, dt.datetime) else str(value)


def _text(value: object) -> str:
    return str(value)
