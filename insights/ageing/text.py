"""Open work in a terminal, the one at most risk first; pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from insights.ageing.expectations import Ratio, Source, Verdict
from insights.ageing.open_work import Ageing, Doing, ItemStanding, StepStanding
from insights.durations import UNKNOWN_TEXT, duration, percent

_MOST: Final = 30
_MICROS: Final = 1_000_000
_STYLES: Final = {Verdict.BROKEN: "red", Verdict.AT_RISK: "yellow", Verdict.FINE: "green", Verdict.UNKNOWN: "dim"}
_COLUMNS: Final = ("item", "step", "in it", "faster", "age", "faster", "left", "breaks", "")
_NAME: Final = 19
_STEP: Final = 11
_FIGURES: Final = 2
"""Where the columns of figures begin."""


def show(console: Console, found: Ageing) -> None:
    """Print a stream's open work."""
    console.print(render(found))


def render(found: Ageing) -> RenderableType:
    """Return it as something rich can print."""
    at = dt.datetime.fromtimestamp(found.at // _MICROS, tz=dt.UTC)
    counts = ", ".join(f"{count} {_words(verdict)}" for verdict, count in found.verdicts.items() if count)
    heading = (
        f"{found.value_stream}  ({at:%Y-%m-%d %H:%M} UTC: {len(found.items)} open{': ' if counts else ''}{counts})"
    )
    parts: list[RenderableType] = [Text(heading, style="bold"), Text(_promise(found), style="dim")]
    if found.items:
        parts.append(_table(found))
    if len(found.items) > _MOST:
        parts.append(Text(f"{len(found.items) - _MOST} more: --format json has them all", style="dim"))
    return Group(*parts)


def _promise(found: Ageing) -> str:
    expectation = found.expectation
    if expectation is None:
        return f"nothing is expected: no target is set, and {found.finished} finished in 90 days are too few to observe"
    source = "the target" if expectation.source is Source.TARGET else "observed, no target is set"
    return (
        f"expected: {expectation.quantile} % within {duration(expectation.seconds)} ({source});"
        f" compared with {found.finished} finished in 90 days"
    )


def _table(found: Ageing) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column(_COLUMNS[0], overflow="fold", min_width=_NAME)
    table.add_column(_COLUMNS[1], max_width=_STEP)
    for name in _COLUMNS[_FIGURES:-1]:
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column(_COLUMNS[-1], no_wrap=True)
    for item in found.items[:_MOST]:
        for row in _rows(item):
            table.add_row(*row)
    return table


def _rows(item: ItemStanding) -> Iterator[list[RenderableType]]:
    """Yield a row for each step the item is in, one where it is in none; the item stands in the first."""
    of = item.standing
    figures = (duration(of.age_seconds), _of(of.faster), duration(of.left_seconds), _of(of.breaking))
    first: list[RenderableType] = [*figures, Text(_words(of.verdict), style=_STYLES[of.verdict])]
    in_step: list[list[RenderableType]] = [
        [Text(_step(each)), duration(each.standing.age_seconds), _of(each.standing.faster)] for each in item.steps
    ]
    name: RenderableType = Text(item.item_id)
    for cells in in_step or [["no step", "", ""]]:
        yield [name, *cells, *first]
        name, first = "", [""] * len(first)


def _step(each: StepStanding) -> str:
    doing = "" if each.doing is Doing.ACTIVE else f" {each.doing.value}"
    broken = [of.expectation for of in (each.waiting, each.standing) if of is not None and of.verdict is Verdict.BROKEN]
    late = "".join(f", over {duration(expectation.seconds)}" for expectation in broken[:1] if expectation is not None)
    return f"{each.step}{doing}{late}"


def _of(ratio: Ratio | None) -> str:
    return UNKNOWN_TEXT if ratio is None else percent(ratio.value)


def _words(verdict: Verdict) -> str:
    return verdict.value.replace("_", " ")
