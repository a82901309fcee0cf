"""What stands on the board of a value stream, as data: every panel with its query, in reading order."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from msgspec import Struct


class Kind(StrEnum):
    """How a panel shows its rows."""

    STAT = "stat"
    TABLE = "table"
    BARS = "bars"
    SERIES = "series"


class Source(StrEnum):
    """Where a panel asks: Prometheus for now, ClickHouse for history and for exact answers."""

    PROMETHEUS = "prometheus"
    CLICKHOUSE = "clickhouse"


class Panel(Struct, frozen=True, kw_only=True):
    """One panel: `query` with Grafana's variables and the ClickHouse plugin's macros; `unit` as Grafana spells it.

    `units`: columns of a table that have a unit of their own. `legend` names a Prometheus series by its labels.
    `width` is of 24 columns, `height` in rows.
    """

    title: str
    meaning: str
    kind: Kind
    source: Source
    query: str
    unit: str = "short"
    units: dict[str, str] = {}
    legend: str = ""
    width: int = 4
    height: int = 5


class Row(Struct, frozen=True):
    """A heading and the panels under it."""

    title: str
    panels: tuple[Panel, ...]


_STREAM: Final = 'value_stream="$stream"'
_WINDOW: Final = f'{_STREAM},window="$window"'
_PRODUCTION: Final = f'{_WINDOW},environment="$production"'


def _now(title: str, meaning: str, query: str, unit: str, width: int = 4) -> Panel:
    return Panel(
        title=title, meaning=meaning, kind=Kind.STAT, source=Source.PROMETHEUS, query=query, unit=unit, width=width
    )


def _asked(title: str, meaning: str, kind: Kind, query: str, **more: object) -> Panel:
    return Panel(title=title, meaning=meaning, kind=kind, source=Source.CLICKHOUSE, query=query, **more)  # type: ignore[arg-type]


FLOW: Final = Row(
    "Flow",
    (
        _now("Flow time p85", "First active or waiting to done, of the items finished in the window.",
             f'vsm_flow_time_seconds{{{_WINDOW},kind="",quantile="0.85"}}', "s"),
        _now("Velocity", "Items finished in the window.", f'vsm_flow_velocity{{{_WINDOW},kind=""}}', "short"),
        _now("Load", "Items active or waiting now.", f'vsm_flow_load{{{_STREAM},kind=""}}', "short"),
        _now("Flow efficiency", "Active over active and waiting time.",
             f'vsm_flow_efficiency_ratio{{{_WINDOW},kind=""}}', "percentunit"),
        _now("Rolled %C&A", "Product of the steps' complete and accurate ratios.",
             f"vsm_rolled_complete_accurate_ratio{{{_WINDOW}}}", "percentunit"),
        _now("Data age", "Time since the newest fact: how much to trust the rest.",
             f"vsm_data_age_seconds{{{_STREAM}}}", "s"),
    ),
)  # fmt: skip

_ORDER: Final = (
    "SELECT step, avg(dateDiff('second', begun, at)) AS place FROM (SELECT step, item_id, "
    "coalesce(queued_at, started_at, finished_at) AS at, min(at) OVER (PARTITION BY item_id) AS begun "
    "FROM vsm.step_visits_current WHERE value_stream = ${stream:sqlstring}) GROUP BY step"
)
_MAP: Final = f"""SELECT step,
    anyIf(value, metric = 'step_process_seconds' AND statistic = 'p50') AS process,
    anyIf(value, metric = 'step_wait_seconds' AND statistic = 'p50') AS wait,
    anyIf(value, metric = 'step_lead_seconds' AND statistic = 'p85') AS lead_p85,
    anyIf(value, metric = 'step_complete_accurate_ratio') AS complete_accurate,
    anyIf(value, metric = 'step_work_in_progress') AS in_progress,
    anyIf(n, metric = 'step_lead_seconds' AND statistic = 'p85') AS visits
FROM vsm.measurements_current
LEFT JOIN ({_ORDER}) AS places USING (step)
WHERE value_stream = ${{stream:sqlstring}} AND step != '' AND kind = '' AND window IN ('', ${{window:sqlstring}})
GROUP BY step
ORDER BY any(place)"""  # noqa: S608 - literal names

VALUE_STREAM_MAP: Final = Row(
    "Value stream map",
    (
        _asked("Steps", "Process and wait p50, lead p85, %C&A, work in progress and n of every step.", Kind.TABLE, _MAP,
               width=14, height=9, units={"process": "s", "wait": "s", "lead_p85": "s",
                                          "complete_accurate": "percentunit"}),
        _asked("Process and wait", "Where the time of a step goes, p50.", Kind.BARS,
               f"SELECT step, process, wait FROM ({_MAP})", unit="s", width=10, height=9),  # noqa: S608 - literal names  # noqa: S608 - literal names
        Panel(title="Work in progress", meaning="Open visits of each step.", kind=Kind.SERIES,
              source=Source.PROMETHEUS, query=f'vsm_step_work_in_progress{{{_STREAM},kind=""}}', legend="{{step}}",
              width=12, height=8),
        _asked("Oldest open work", "The visits that have been open longest.", Kind.TABLE,
               "SELECT item_id, step, dateDiff('second', coalesce(queued_at, started_at), now()) AS age\n"
               "FROM vsm.step_visits_current\n"
               "WHERE value_stream = ${stream:sqlstring} AND counted AND isNull(finished_at)\n"
               "ORDER BY age DESC LIMIT 20", units={"age": "s"}, width=12, height=8),
        Panel(title="Constraint", meaning="How sure it is that a step limits the stream; announced from 95 % on.",
              kind=Kind.SERIES, source=Source.PROMETHEUS, query=f"vsm_constraint_ratio{{{_WINDOW}}}",
              legend="{{step}}", unit="percentunit", width=12, height=6),
        Panel(title="Limits since", meaning="For how long the announced step has been the constraint.",
              kind=Kind.SERIES, source=Source.PROMETHEUS, query=f"vsm_constraint_age_seconds{{{_WINDOW}}} > 0",
              legend="{{step}}", unit="s", width=12, height=6),
    ),
)  # fmt: skip

DORA: Final = Row(
    "DORA, production",
    (
        _now("Deployments a day", "Successful production deployments.",
             f"vsm_deployment_frequency_per_day{{{_PRODUCTION}}}", "short"),
        _now("Change lead time p50", "First commit to production.",
             f'vsm_change_lead_time_seconds{{{_PRODUCTION},quantile="0.5"}}', "s", 5),
        _now("Change fail rate", "Deployments that needed immediate intervention.",
             f"vsm_change_fail_ratio{{{_PRODUCTION}}}", "percentunit", 5),
        _now("Recovery p50", "A failing deployment's finish to its fix.",
             f'vsm_failed_deployment_recovery_seconds{{{_PRODUCTION},quantile="0.5"}}', "s", 5),
        _now("Rework rate", "Deployments made because of a production incident.",
             f"vsm_deployment_rework_ratio{{{_PRODUCTION}}}", "percentunit", 5),
    ),
)  # fmt: skip

HISTORY: Final = Row(
    "History",
    (
        _asked("Flow time", "Rolling quantiles over the window, as they were measured.", Kind.SERIES,
               "SELECT $__timeInterval(measured_at) AS time, statistic, avg(value) AS flow_time\n"
               "FROM vsm.measurements\n"
               "WHERE value_stream = ${stream:sqlstring} AND metric = 'flow_time_seconds' AND kind = ''\n"
               "    AND window = ${window:sqlstring} AND statistic != 'mean' AND $__timeFilter(measured_at)\n"
               "GROUP BY time, statistic ORDER BY time", unit="s", width=8, height=8),
        _asked("Items finished a day", "By kind of work.", Kind.SERIES,
               "SELECT toStartOfDay(finished_at) AS time, ifNull(kind, 'unknown') AS kind, count() AS items\n"
               "FROM vsm.work_items_current\n"
               "WHERE value_stream = ${stream:sqlstring} AND $__timeFilter(finished_at)\n"
               "GROUP BY time, kind ORDER BY time", width=8, height=8),
        _asked("Deployments a day", "By environment and outcome.", Kind.SERIES,
               "SELECT toStartOfDay(finished_at) AS time, concat(environment, ' ', ifNull(outcome, '')) AS what,\n"
               "    count() AS deployments\n"
               "FROM vsm.deployments_current\n"
               "WHERE value_stream = ${stream:sqlstring} AND $__timeFilter(finished_at)\n"
               "GROUP BY time, what ORDER BY time", width=8, height=8),
    ),
)  # fmt: skip

TRUST: Final = Row(
    "Can it be trusted",
    (
        _now("Completeness", "Share of the window's data that is there.",
             f"vsm_completeness_ratio{{{_WINDOW}}}", "percentunit", 3),
        _now("Little's law", "Share of its conditions that hold: below 100 % averages should not be trusted.",
             f"vsm_littles_law_ratio{{{_WINDOW}}}", "percentunit", 3),
        Panel(title="Not yet stored", meaning="Records the sinks have not read yet.", kind=Kind.SERIES,
              source=Source.PROMETHEUS, query="sum by (sink) (vsm_sinks_lag_records)", legend="{{sink}}", width=9,
              height=6),
        _asked("Dead letters", "What could not be translated or processed, and why.", Kind.TABLE,
               "SELECT stage, tool, reason, count() AS letters, max(received_at) AS newest\n"
               "FROM vsm.dead_letters FINAL WHERE part = 0\n"
               "GROUP BY stage, tool, reason ORDER BY letters DESC", width=9, height=6),
    ),
)  # fmt: skip

BOARD: Final = (FLOW, VALUE_STREAM_MAP, DORA, HISTORY, TRUST)
"""The board, from what everyone looks at to what tells whether to believe it."""

STREAMS_QUERY: Final = "SELECT DISTINCT value_stream FROM vsm.measurements_current ORDER BY value_stream"
"""Fills the variable `stream`."""

PRODUCTION_QUERY: Final = (
    "SELECT DISTINCT environment FROM vsm.measurements_current "
    "WHERE value_stream = ${stream:sqlstring} AND metric = 'change_lead_time_seconds'"
)
"""Fills the variable `production`: the only environment that has lead times."""
