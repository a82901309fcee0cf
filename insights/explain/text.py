"""An explanation in a terminal; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from insights.durations import UNKNOWN_TEXT, duration
from insights.explain.answer import Explanation
from insights.explain.parts import Told

SHOWN: Final = 25
"""Items, left-out ones and changes that a terminal shows of each; JSON has them all."""

_SECONDS: Final = "_seconds"
_NAME: Final = "item_id"
_NOT_SHOWN: Final = frozenset({"work_item_ids", "deployment_id", "known_at", "from_to"})
_LEAST_NAME: Final = 22
_MOMENT: Final = len("2026-01-01T00:00")


def show(console: Console, found: Explanation) -> None:
    """Print an explanation."""
    console.print(render(found))


def render(found: Explanation) -> RenderableType:
    """Return it as something rich can print."""
    series = " ".join(part for part in (found.step, found.kind, found.service, found.environment, found.window) if part)
    parts: list[RenderableType] = [
        Text(f"{found.value_stream}  {found.metric} {found.statistic}  {series}".rstrip(), style="bold"),
        Text(f"{_figure(found.metric, found.value, found.lower, found.upper)}  n {found.n}{_complete(found)}"),
        Text(f"{found.definition.text} ({found.definition.page}; definition {found.definition_version or 'unknown'})"),
        Text(_when(found), style="dim"),
        Text(_recomputed(found), style="green" if found.recomputed.equal else "yellow"),
    ]
    if found.no_more:
        parts.insert(1, Text(found.no_more, style="yellow"))
    if found.as_of is not None:
        parts += _past(found.metric, found.definition_version, found.as_of)
    parts += _listed(f"{found.items_total} items stand behind it", found.items, found.items_total)
    parts += _listed(f"{found.left_out_total} are left out", found.left_out, found.left_out_total)
    return Group(*parts)


def _when(found: Explanation) -> str:
    window = f"window {found.window_start} to {found.window_end}" if found.window_start else f"at {found.window_end}"
    return f"measured {found.measured_at or 'not yet'}; {window}"


def _recomputed(found: Explanation) -> str:
    again = found.recomputed
    if again.equal:
        return "recomputed from the items: the same"
    said = _figure(found.metric, again.value, again.lower, again.upper)
    return f"recomputed from the items: {said}  n {again.n} ({again.note})"


def _past(metric: str, version: str, then: Any) -> Iterator[RenderableType]:  # noqa: ANN401 - decoded JSON
    said = _figure(metric, then["value"], then["lower"], then["upper"])
    yield Text(
        f"\nas of {then['at']}: {said}  n {then['n']} (measured {then['measured_at'] or 'not yet'})", style="bold"
    )
    if then["definition_version"] not in {"", version}:
        yield Text(f"measured under definition {then['definition_version']} then, under {version} now")
    yield Text(f"since then {then['came']} came, {then['went']} went, {then['changed']} changed")
    for why, count in then["why"].items():
        yield Text(f"  {count:>6}  {why}")
    yield from _listed("what came, went and changed", then["changes"], then["came"] + then["went"] + then["changed"])


def _listed(heading: str, rows: Sequence[Told], total: int) -> Iterator[RenderableType]:
    yield Text(f"\n{heading}", style="bold")
    if not rows:
        return
    known = [name for name in rows[0] if any(row.get(name) is not None for row in rows[:SHOWN])]
    names = [name for name in known if name not in _NOT_SHOWN]
    table = Table(box=None, padding=(0, 1, 0, 0), show_edge=False)
    for name in names:
        width = _LEAST_NAME if name == _NAME else None
        heading_ = name.removesuffix(_SECONDS).removesuffix("_at").replace("_", " ")
        justify: Literal["left", "right"] = "right" if name.endswith(_SECONDS) else "left"
        table.add_column(heading_, min_width=width, justify=justify, overflow="fold")
    for row in rows[:SHOWN]:
        table.add_row(*(_cell(name, row.get(name)) for name in names))
    yield table
    if total > SHOWN:
        yield Text(f"{total - SHOWN} more: --format json has them", style="dim")


def _cell(name: str, value: object) -> Text:
    if value is None:
        return Text(UNKNOWN_TEXT)
    if name.endswith(_SECONDS) and isinstance(value, int | float):
        return Text(duration(value))
    if name.endswith("_at"):
        return Text(str(value)[:_MOMENT].replace("T", " "))
    if isinstance(value, bool):
        return Text("yes" if value else "no")
    return Text(", ".join(map(str, value)) if isinstance(value, list) else str(value))


def _figure(metric: str, value: float | None, lower: float | None, upper: float | None) -> str:
    bounds = f"  [{_number(metric, lower)}, {_number(metric, upper)}]" if lower is not None or upper is not None else ""
    return _number(metric, value) + bounds


def _number(metric: str, value: float | None) -> str:
    if value is None:
        return UNKNOWN_TEXT
    return duration(value) if metric.endswith(_SECONDS) else f"{value:.4g}"


def _complete(found: Explanation) -> str:
    return "" if found.completeness is None else f"  completeness {found.completeness:.1%}"
