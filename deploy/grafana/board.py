"""Makes the Grafana board of a value stream from `panels.py`; with `--check`, says that it is stale and fails."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from deploy.grafana.panels import BOARD, PRODUCTION_QUERY, STREAMS_QUERY, Kind, Panel, Source
from schemas.measurement import WINDOWS

with (
    warnings.catch_warnings()
):  # the kit says at import that boards get a second version; the first is what is read widely
    warnings.simplefilter("ignore", DeprecationWarning)
    from grafana_foundation_sdk.builders import barchart, common, dashboard, prometheus, stat, table, timeseries
    from grafana_foundation_sdk.cog.builder import Builder
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.cog.variants import Dataquery
    from grafana_foundation_sdk.models.common import DataSourceRef, VizOrientation
    from grafana_foundation_sdk.models.dashboard import (
        DynamicConfigValue,
        VariableHide,
        VariableOption,
        VariableRefresh,
    )
    from grafana_foundation_sdk.models.prometheus import PromQueryFormat

FILE: Final = Path(__file__).parent / "dashboards" / "value-stream.json"
SOURCES: Final = {
    Source.PROMETHEUS: DataSourceRef(type_val="prometheus", uid="vsm-prometheus"),
    Source.CLICKHOUSE: DataSourceRef(type_val="grafana-clickhouse-datasource", uid="vsm-clickhouse"),
}
_PLUGIN_VERSION: Final = "4.0.0"
_TIME_SERIES: Final = 0
_TABLE: Final = 1


class ClickHouseQuery(Dataquery):  # type: ignore[misc]  # the kit is untyped for us
    """A query of the ClickHouse data source, written as SQL."""

    def __init__(self, sql: str, *, series: bool) -> None:
        self._sql = sql
        self._series = series

    def to_json(self) -> dict[str, object]:
        """Return the query as the plugin keeps it."""
        return {
            "refId": "A",
            "datasource": SOURCES[Source.CLICKHOUSE],
            "editorType": "sql",
            "rawSql": self._sql,
            "format": _TIME_SERIES if self._series else _TABLE,
            "queryType": "timeseries" if self._series else "table",
            "pluginVersion": _PLUGIN_VERSION,
        }


class ClickHouseTarget(Builder[ClickHouseQuery]):  # type: ignore[misc]  # the kit is untyped for us
    """What a panel wants of a target."""

    def __init__(self, panel: Panel) -> None:
        self._query = ClickHouseQuery(panel.query, series=panel.kind is Kind.SERIES)

    def build(self) -> ClickHouseQuery:
        """Return the query."""
        return self._query


def _prometheus(panel: Panel) -> prometheus.Dataquery:
    target = prometheus.Dataquery().expr(panel.query).ref_id("A").datasource(SOURCES[Source.PROMETHEUS])
    if panel.kind is Kind.SERIES:
        return target.range().legend_format(panel.legend)
    return target.instant().format(PromQueryFormat.TIME_SERIES)


def _stat(_panel: Panel) -> Any:  # noqa: ANN401 - the kit's panels share no type
    return stat.Panel().reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))


def _table(panel: Panel) -> Any:  # noqa: ANN401 - the kit's panels share no type
    made = table.Panel()
    for column, unit in panel.units.items():
        made = made.override_by_name(column, [DynamicConfigValue(id_val="unit", value=unit)])
    return made


def _bars(_panel: Panel) -> Any:  # noqa: ANN401 - the kit's panels share no type
    return barchart.Panel().x_field("step").orientation(VizOrientation.HORIZONTAL)


def _series(_panel: Panel) -> Any:  # noqa: ANN401 - the kit's panels share no type
    return timeseries.Panel().fill_opacity(10)


_MAKERS: Final[dict[Kind, Callable[[Panel], Any]]] = {
    Kind.STAT: _stat, Kind.TABLE: _table, Kind.BARS: _bars, Kind.SERIES: _series,
}  # fmt: skip


def board() -> str:
    """Return the board as the JSON that Grafana loads."""
    made = (
        dashboard.Dashboard("Value stream")
        .uid("vsm-value-stream")
        .description("One value stream: how it flows, where it waits, how it delivers, and whether to believe it.")
        .tags(["vsm"])
        .readonly()
        .refresh("30s")
        .time("now-30d", "now")
        .timezone("browser")
        .with_variable(_streams())
        .with_variable(_windows())
        .with_variable(_production())
    )
    for row in BOARD:
        made = made.with_row(dashboard.Row(row.title))
        for panel in row.panels:
            made = made.with_panel(_panel(panel))
    return json.dumps(made.build(), cls=JSONEncoder, indent=2, sort_keys=True) + "\n"


def _panel(panel: Panel) -> Any:  # noqa: ANN401 - the kit's panels share no type
    target = _prometheus(panel) if panel.source is Source.PROMETHEUS else ClickHouseTarget(panel)
    return (
        _MAKERS[panel.kind](panel)
        .title(panel.title)
        .description(panel.meaning)
        .datasource(SOURCES[panel.source])
        .unit(panel.unit)
        .no_value("unknown")
        .span(panel.width)
        .height(panel.height)
        .with_target(target)
    )


def _streams() -> dashboard.QueryVariable:
    return (
        dashboard.QueryVariable("stream")
        .label("Value stream")
        .datasource(SOURCES[Source.CLICKHOUSE])
        .query(STREAMS_QUERY)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
    )


def _production() -> dashboard.QueryVariable:
    return (
        dashboard.QueryVariable("production")
        .datasource(SOURCES[Source.CLICKHOUSE])
        .query(PRODUCTION_QUERY)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .hide(VariableHide.HIDE_VARIABLE)
    )


def _windows() -> dashboard.CustomVariable:
    return (
        dashboard.CustomVariable("window")
        .label("Window")
        .values(",".join(WINDOWS))
        .options([VariableOption(text=name, value=name, selected=name == "30d") for name in WINDOWS])
        .current(VariableOption(text="30d", value="30d", selected=True))
    )


def main(arguments: list[str]) -> int:
    """Write the board, or with `--check` return 1 when the file is not what the code makes."""
    text = board()
    if FILE.exists() and FILE.read_text(encoding="utf-8") == text:
        return 0
    if "--check" in arguments:
        print(f"{FILE} is stale: run `python -m deploy.grafana.board`", file=sys.stderr)  # noqa: T201 - a script speaks
        return 1
    FILE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
