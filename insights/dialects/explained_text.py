"""A dialect's number and the items behind it in a terminal; pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from insights.dialects.comparison import Said
from insights.dialects.explained import DialectExplanation
from insights.dialects.text import value
from insights.durations import UNKNOWN_TEXT, duration

_MOST: Final = 30


def show(console: Console, found: DialectExplanation) -> None:
    """Print a dialect's number, the first items behind it and those left out."""
    console.print(Group(*_parts(found)))


def _parts(found: DialectExplanation) -> Iterator[RenderableType]:
    said = Said(
        dialect=found.dialect, value=found.value, unit=found.unit, n=found.n, statistic=found.statistic, says="",
        left_out=found.left_out_total,
    )  # fmt: skip
    heading = f"{found.value_stream}  {found.metric}  {found.dialect}: {value(said)} ({found.statistic}, n {found.n})"
    yield Text(heading, style="bold")
    yield Text(f"{found.definition.text} {found.definition.source}", style="dim")
    if found.items:
        yield _items(found)
    if found.items_total > _MOST:
        yield Text(f"{found.items_total - _MOST} more: --format json has them all", style="dim")
    if found.left_out_total:
        yield Text(f"left out: {found.left_out_total}")
    for each in found.left_out[:_MOST]:
        yield Text(f"  {each['item_id']}: {each['reason']}")


def _items(found: DialectExplanation) -> Table:
    names = [name for name in found.items[0] if name not in {"item_id", "value"}]
    table = Table(box=None, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column("item", overflow="fold")
    for name in ("value", *names):
        table.add_column(name.removesuffix("_seconds"), justify="right", no_wrap=True)
    for each in found.items[:_MOST]:
        cells = [(found.unit if name == "value" else name, each.get(name)) for name in ("value", *names)]
        table.add_row(Text(str(each["item_id"])), *(_figure(unit, told) for unit, told in cells))
    return table


def _figure(unit: str, told: object) -> str:
    if not isinstance(told, int | float):
        return UNKNOWN_TEXT
    return duration(told) if unit.endswith("seconds") else f"{told:g}"
