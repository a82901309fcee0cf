"""The value stream map in a terminal: a box per step, the timeline below, the totals."""

from __future__ import annotations

import datetime as dt
from typing import Final

from rich import box
from rich.cells import cell_len
from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from insights.durations import count, duration, per_day, percent
from insights.value_stream_map import KINDS, Constraint, LittlesLaw, StepBox, StreamMap

_BOX_WIDTH: Final = 21
_FRAME: Final = 6
_BAR_WIDTH: Final = 60
_FAILS: Final = {
    "departures": "departures differ from arrivals",
    "endings": "items are left lying",
    "load": "the work in progress has changed",
    "age": "the age of what is open has changed",
    "identity": "throughput x flow time is not the work in progress",
}


def show(console: Console, stream_map: StreamMap) -> None:
    """Print one map."""
    console.print(render(stream_map))


def render(stream_map: StreamMap) -> RenderableType:
    """Return the map as something rich can print."""
    boxes = [_box(step, limits=step.name == stream_map.constraint) for step in stream_map.steps]
    return Group(
        Text(f"\n{_heading(stream_map)}", style="bold"),
        Columns(boxes, padding=(0, 1)),
        _timeline(stream_map),
        _totals(stream_map),
    )


def _heading(stream_map: StreamMap) -> str:
    if stream_map.measured_at is None:
        return f"{stream_map.value_stream}: nothing measured yet"
    at = dt.datetime.fromtimestamp(stream_map.measured_at, tz=dt.UTC)
    return f"{stream_map.value_stream}  (last {stream_map.window}, measured {at:%Y-%m-%d %H:%M} UTC)"


def _box(step: StepBox, *, limits: bool) -> Panel:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(style="dim")
    grid.add_column(justify="right")
    grid.add_row("process", duration(step.process_p50_seconds.value))
    grid.add_row("wait", duration(step.wait_p50_seconds.value))
    grid.add_row("lead", duration(step.lead_p50_seconds.value))
    grid.add_row("%C&A", percent(step.complete_accurate_ratio.value))
    grid.add_row("WIP", count(step.work_in_progress.value))
    return Panel(
        grid,
        title=Text(step.name),
        subtitle="constraint" if limits else None,
        border_style="red" if limits else "cyan",
        width=max(_BOX_WIDTH, cell_len(step.name) + _FRAME),
        box=box.ROUNDED,
        padding=(0, 1),
    )


def _timeline(stream_map: StreamMap) -> Text:
    """A bar of the medians to scale: wait light, process solid, lead that is neither dotted."""
    spans = [_spans(step) for step in stream_map.steps]
    total = sum(sum(span) for span in spans)
    line = Text("timeline  ", style="dim")
    if total <= 0:
        return line.append("unknown", style="dim")
    for wait, process, unaccounted in spans:
        line.append("░" * round(_BAR_WIDTH * wait / total), style="yellow")
        line.append("█" * round(_BAR_WIDTH * process / total), style="green")
        line.append("·" * round(_BAR_WIDTH * unaccounted / total), style="magenta")
        line.append("│", style="dim")
    unknown = sum(unaccounted for _, _, unaccounted in spans)
    line.append(
        f"\n          ░ wait {duration(stream_map.total_wait_seconds)}"
        f"  █ process {duration(stream_map.total_process_seconds)}  · neither known {duration(unknown)}  (medians)",
        style="dim",
    )
    return line


def _spans(step: StepBox) -> tuple[float, float, float]:
    """Return a step's median wait, process, and its lead where neither is known; 0 for what is unknown."""
    wait, process = step.wait_p50_seconds.value, step.process_p50_seconds.value
    if wait is None and process is None:
        return 0.0, 0.0, step.lead_p50_seconds.value or 0.0
    return wait or 0.0, process or 0.0, 0.0


def _totals(stream_map: StreamMap) -> Table:
    flow, dora = stream_map.flow, stream_map.dora
    kinds = "  ".join(f"{kind} {percent(flow.distribution[kind].value)}" for kind in KINDS)
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column()
    table.add_row(
        "flow",
        f"time p50 {duration(flow.time_p50_seconds.value)}, p85 {duration(flow.time_p85_seconds.value)}"
        f" · velocity {count(flow.velocity.value)} · load {count(flow.load.value)}"
        f" · efficiency {percent(flow.efficiency_ratio.value)}",
    )
    table.add_row("work", kinds)
    table.add_row(
        "quality",
        f"rolled %C&A {percent(stream_map.rolled_complete_accurate_ratio.value)}"
        f" · activity ratio {percent(stream_map.activity_ratio.value)}"
        f" · completeness {percent(stream_map.completeness_ratio.value)}",
    )
    table.add_row(
        "DORA",
        f"change lead time {duration(dora.change_lead_time_p50_seconds.value)}"
        f" · deployments {per_day(dora.deployment_frequency_per_day.value)}"
        f" · change fail rate {percent(dora.change_fail_ratio.value)}"
        f" · recovery {duration(dora.failed_deployment_recovery_p50_seconds.value)}"
        f" · rework {percent(dora.deployment_rework_ratio.value)}",
    )
    table.add_row("constraint", Text(_constraint(stream_map.limit)))
    if stream_map.littles_law.failing:
        table.add_row("averages", Text(_mistrusted(stream_map.littles_law), style="yellow"))
    return table


def _constraint(limit: Constraint) -> str:
    """Say which step limits the stream, how sure that is and since when; or that none does, or nobody can tell."""
    if limit.confidence.value is None:
        return "unknown: too little has passed the steps"
    if limit.leading is None:
        return "none: the steps hold about the same"
    sure = f"at least {percent(limit.confidence.value)} sure · holds {percent(limit.share.value)} of the work"
    if limit.step is None:
        return f"none announced; {limit.leading} holds most ({sure})"
    return f"{limit.step} for {duration(limit.age_seconds.value)} · {sure}"


def _mistrusted(law: LittlesLaw) -> str:
    return f"not to be trusted, Little's law does not hold: {', '.join(_FAILS[each] for each in law.failing)}"
