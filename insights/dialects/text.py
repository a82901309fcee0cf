"""A comparison of dialects in a terminal and as Markdown; pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from insights.dialects.answer import Unit
from insights.dialects.comparison import Compared, Comparison, Said
from insights.durations import UNKNOWN_TEXT, count, duration, per_day, percent

_MICROS: Final = 1_000_000
_COLUMNS: Final = ("dialect", "value", "n", "left out", "why")


def show(console: Console, found: Comparison) -> None:
    """Print a comparison, a table a question."""
    parts: list[RenderableType] = [Text(_heading(found), style="bold")]
    for each in found.questions:
        parts += [Text(f"\n{each.question}"), _table(each)]
    console.print(Group(*parts))


def markdown(found: Comparison) -> str:
    """Return a comparison as Markdown, a table a question."""
    lines = [f"# {_heading(found)}"]
    for each in found.questions:
        lines += ["", f"## {each.question}", "", *_lines(each)]
    return "\n".join(lines) + "\n"


def value(said: Said) -> str:
    """Return a value in its unit as people read it."""
    match said.unit:
        case Unit.SECONDS:
            return duration(said.value)
        case Unit.RATIO:
            return percent(said.value)
        case Unit.PER_DAY:
            return per_day(said.value)
        case Unit.DAYS_PER_WEEK:
            return UNKNOWN_TEXT if said.value is None else f"{said.value:g} days / week"
        case _:
            return count(said.value)


def _heading(found: Comparison) -> str:
    begin, end = (dt.datetime.fromtimestamp(at // _MICROS, tz=dt.UTC) for at in (found.since, found.until))
    return f"{found.value_stream}  ({found.window}: {begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC)"


def _table(compared: Compared) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), show_edge=False)
    for place, name in enumerate(_COLUMNS):
        figure = 0 < place < len(_COLUMNS) - 1
        table.add_column(name, justify="right" if figure else "left", no_wrap=place < len(_COLUMNS) - 1)
    for row in _rows(compared):
        table.add_row(*row)
    return table


def _lines(compared: Compared) -> Iterator[str]:
    yield f"| {' | '.join(_COLUMNS)} |"
    yield "|---|---:|---:|---:|---|"
    for row in _rows(compared):
        yield f"| {' | '.join(row)} |"


def _rows(compared: Compared) -> Iterator[tuple[str, ...]]:
    for said in compared.answers:
        yield (said.dialect, value(said), str(said.n), str(said.left_out) if said.left_out else "", said.says)
