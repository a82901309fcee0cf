"""The waste ledger in a terminal: a bar of the flow time, the categories with their evidence, and the groups; pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from insights.durations import duration, percent
from insights.waste.ledger import Piece
from insights.waste.rules import Category
from insights.waste.sums import Amount, By, Report
from insights.waste.sums import Group as Sum

_WIDTH: Final = 60
_BAR: Final = 24
_MOST_GROUPS: Final = 20
_MICROS: Final = 1_000_000
_MARKS: Final[Mapping[Category, str]] = {
    Category.VALUE_ADDING: "█", Category.DEFECTS: "D", Category.OVERPRODUCTION: "O", Category.WAITING: "░",
    Category.NON_USED_TALENT: "N", Category.TRANSPORTATION: "T", Category.INVENTORY: "I", Category.MOTION: "M",
    Category.EXTRA_PROCESSING: "E", Category.UNACCOUNTED: "·",
}  # fmt: skip
"""DOWNTIME by its letters, but for waiting, which is as light as on the map."""


def show(console: Console, report: Report) -> None:
    """Print one report."""
    console.print(render(report))


def render(report: Report) -> RenderableType:
    """Return the report as something rich can print."""
    parts: list[RenderableType] = [Text(_heading(report), style="bold")]
    if report.items:
        parts += [_picture(report), _categories(report)]
    if report.groups:
        parts.append(_groups(report))
        if len(report.groups) > _MOST_GROUPS:
            parts.append(Text(f"{len(report.groups) - _MOST_GROUPS} more: --format json has them all", style="dim"))
    return Group(*parts)


def show_item(console: Console, item_id: str, pieces: Sequence[Piece]) -> None:
    """Print one item's ledger, a piece a line."""
    table = Table(title=Text(item_id), title_justify="left", box=None, padding=(0, 2, 0, 0))
    for name in ("from", "lasts", "is", "step", "evidence"):
        table.add_column(name)
    for piece in pieces:
        at = dt.datetime.fromtimestamp(piece.begin // _MICROS, tz=dt.UTC)
        table.add_row(
            f"{at:%Y-%m-%d %H:%M:%S}", duration(piece.micros / _MICROS), _words(piece.category), Text(piece.step),
            piece.rule,
        )  # fmt: skip
    console.print(table if pieces else Text(f"{item_id} took no time"))


def _heading(report: Report) -> str:
    since, until = (dt.datetime.fromtimestamp(at // _MICROS, tz=dt.UTC) for at in (report.since, report.until))
    told = (
        f"{report.value_stream}  (over from {since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M} UTC: {report.items} items"
    )
    if report.abandoned:
        told += f", {report.abandoned} abandoned"
    if report.unstarted:
        told += f"; {report.unstarted} more never began"
    if report.unread:
        told += f"; {report.unread} more are not read"
    return told + ")"


def _picture(report: Report) -> Text:
    line = Text("flow time ", style="dim")
    for category, amount in report.categories.items():
        style = {Category.VALUE_ADDING: "green", Category.UNACCOUNTED: "magenta"}.get(category, "yellow")
        line.append(_MARKS[category] * round(_WIDTH * (amount.share or 0.0)), style=style)
    cost = "" if report.price is None else f", costs {_cost(report, report.flow)}"
    waste = "" if report.price is None else f" ({_cost(report, report.waste)})"
    return line.append(
        f"\n          {duration(report.flow.seconds)}{cost}; waste {percent(report.waste.share)}{waste}", style="dim"
    )


def _categories(report: Report) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False)
    table.add_column("")
    table.add_column("time", justify="right")
    table.add_column("share", justify="right")
    if report.price is not None:
        table.add_column(report.price.currency or "cost", justify="right")
    table.add_column("")
    table.add_column("items", justify="right")
    for category, amount in report.categories.items():
        table.add_row(*_row(report, Text(f"{_MARKS[category]} {_words(category)}"), amount, ""))
        for found in report.evidence:
            if found.category is category and category is not Category.VALUE_ADDING:
                table.add_row(*_row(report, Text(f"    {found.rule}", style="dim"), found.amount, str(found.items)))
    return table


def _row(report: Report, name: Text, amount: Amount, items: str) -> list[RenderableType]:
    cells: list[RenderableType] = [name, duration(amount.seconds), percent(amount.share)]
    if report.price is not None:
        cells.append(_money(amount))
    return [*cells, Text("■" * round(_BAR * (amount.share or 0.0))), items]


def _groups(report: Report) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False)
    table.add_column(report.by.value)
    table.add_column("time", justify="right")
    table.add_column("waste", justify="right")
    if report.price is not None:
        table.add_column(report.price.currency or "cost", justify="right")
    table.add_column("")
    table.add_column("of which")
    for group in report.groups[:_MOST_GROUPS]:
        table.add_row(*_group_row(report, group))
    return table


def _group_row(report: Report, group: Sum) -> list[RenderableType]:
    wasted = {c: a for c, a in group.categories.items() if c not in {Category.VALUE_ADDING, Category.UNACCOUNTED}}
    share = sum(amount.share or 0.0 for amount in wasted.values())
    cells: list[RenderableType] = [
        Text(group.name or ("no step" if report.by is By.STEP else "unknown")),
        duration(group.total.seconds),
        percent(share),
    ]
    if report.price is not None:
        cells.append(f"{sum(amount.cost or 0.0 for amount in wasted.values()):,.0f}")
    most = sorted(((a.share or 0.0, _words(c)) for c, a in wasted.items() if a.seconds), reverse=True)
    picture = "".join(_MARKS[c] * round(_BAR * (a.share or 0.0)) for c, a in group.categories.items())
    return [*cells, Text(picture), ", ".join(f"{name} {percent(part)}" for part, name in most[:2])]


def _cost(report: Report, amount: Amount) -> str:
    currency = "" if report.price is None else report.price.currency
    return f"{_money(amount)} {currency}".rstrip()


def _money(amount: Amount) -> str:
    return "?" if amount.cost is None else f"{amount.cost:,.0f}"


def _words(category: Category) -> str:
    return category.value.replace("_", " ")
