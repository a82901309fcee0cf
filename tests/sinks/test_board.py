"""The Grafana board: the file is the code's, and every panel's query finds rows in the real engines."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import generate_latest

from deploy.grafana.board import FILE, SOURCES, board
from deploy.grafana.panels import BOARD, PRODUCTION_QUERY, STREAMS_QUERY, Panel, Source
from deploy.prometheus import objectives
from schemas.dead_letter import DeadLetter
from schemas.derived import Deployment, WorkItem, revision
from schemas.event import Outcome, WorkKind
from schemas.measurement import Measurement
from sinks.clickhouse.client import ClickHouse
from sinks.clickhouse.rows import TABLES, block
from sinks.clickhouse.statement import refusal
from sinks.http import pages
from sinks.prometheus.families import FAMILIES
from sinks.prometheus.page import Page
from sinks.telemetry import Telemetry
from tests.builders.derived_rows import SECOND, T0, letter, measured, visit
from tests.builders.prometheus_server import BINARY, PageServer, Prometheus
from tests.sinks.conftest import emptied

PANELS = [panel for row in BOARD for panel in row.panels]
ROOT = Path(__file__).parents[2]
NOW = T0 // SECOND
QUANTILES = ("p50", "p85", "p95", "mean")


def of(source: Source) -> list[Panel]:
    """Return the panels that ask one source."""
    return [panel for panel in PANELS if panel.source is source]


def expanded(query: str, stream: str = "checkout") -> str:
    """Return a query as Grafana and the ClickHouse plugin send it: variables and macros filled in."""
    filled = query.replace("${stream:sqlstring}", f"'{stream}'").replace("${window:sqlstring}", "'30d'")
    filled = filled.replace("$stream", stream).replace("$window", "30d").replace("$production", "production")
    filled = re.sub(
        r"\$__timeFilter\((\w+)\)", rf"\1 >= toDateTime({NOW - 86400 * 30}) AND \1 <= toDateTime({NOW + 60})", filled
    )
    return re.sub(r"\$__timeInterval\((\w+)\)", r"toStartOfInterval(toDateTime(\1), INTERVAL 60 second)", filled)


def _environment(metric: str) -> str:
    return "production" if "deployment" in metric or metric.startswith("change_") else ""


def measurements(at: int) -> Iterator[Measurement]:
    """Yield a value of every gauge a board may ask for, measured at a time."""
    stream: dict[str, object] = {"step": "", "window": "30d", "measured_at": at}
    for metric in ("flow_time_seconds", "change_lead_time_seconds", "failed_deployment_recovery_seconds"):
        for name in QUANTILES:
            yield measured(9.0, metric=metric, **{**stream, "statistic": name, "environment": _environment(metric)})
    for metric in (
        "flow_velocity", "flow_efficiency_ratio", "rolled_complete_accurate_ratio", "deployment_frequency_per_day",
        "change_fail_ratio", "deployment_rework_ratio", "completeness_ratio", "littles_law_ratio",
    ):  # fmt: skip
        yield measured(0.5, metric=metric, **{**stream, "statistic": "ratio", "environment": _environment(metric)})
    for metric in ("flow_load", "data_age_seconds"):
        yield measured(3.0, metric=metric, **{**stream, "window": "", "statistic": "now"})
    for step in ("Develop", "Review"):
        for metric in ("step_process_seconds", "step_wait_seconds", "step_lead_seconds"):
            for name in QUANTILES:
                yield measured(5.0, metric=metric, step=step, window="30d", statistic=name, measured_at=at)
        yield measured(
            0.9, metric="step_complete_accurate_ratio", step=step, window="30d", statistic="ratio", measured_at=at
        )
        for metric, statistic in (("constraint_ratio", "ratio"), ("constraint_age_seconds", "now")):
            yield measured(0.96, metric=metric, step=step, window="30d", statistic=statistic, measured_at=at)
        yield measured(2.0, metric="step_work_in_progress", step=step, window="", statistic="now", measured_at=at)


@pytest.fixture(scope="module")
def filled(engine: ClickHouse) -> ClickHouse:
    """The migrated schema with a few rows of one stream."""
    store = emptied(engine)
    tables = {table.kind: table for table in TABLES}
    known = {"value_stream": "checkout", "finished_at": T0 - SECOND, "revision": revision(1, 1), "known_at": T0}
    rows: list[list[WorkItem] | list[Deployment] | list[DeadLetter] | list[Measurement]] = [
        [WorkItem(item_id="i", kind=WorkKind.FEATURE, **known)],  # type: ignore[arg-type]
        [Deployment(deployment_id="d", service="s", environment="production", outcome=Outcome.SUCCESS, **known)],  # type: ignore[arg-type]
        [letter()],
        list(measurements(T0)),
    ]
    visits = [
        visit("i", step="Develop", started_at=T0 - 90 * SECOND, finished_at=T0 - 60 * SECOND),
        visit("i", step="Review", queued_at=T0 - 60 * SECOND),
    ]
    for values in [visits, *rows]:
        store.insert(tables[type(values[0])].name, block(tables[type(values[0])], values), repr(values[0])[:99])
    return store


@pytest.fixture(scope="module")
def scraping(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A real Prometheus that has scraped our page."""
    if BINARY is None:
        pytest.skip("PROMETHEUS IS NOT INSTALLED: apt-get install prometheus; the PromQL of the board was not tried")
    page, telemetry = Page(1000), Telemetry()
    telemetry.lagged("clickhouse", 0)
    for number, measurement in enumerate(measurements(time.time_ns() // 10**9 * SECOND)):
        page.put(0, b"%d" % number, measurement)
    server = PageServer(pages(telemetry.registry, page.render, lambda: time.time_ns() // 1000, lambda: True))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    prometheus = Prometheus(tmp_path_factory.mktemp("prometheus"), port, server.port)
    try:
        prometheus.wait_scraped()
        yield prometheus
    finally:
        prometheus.close()
        server.close()


def test_the_file_is_what_the_code_makes() -> None:
    """The board that Grafana loads is up to date; `python -m deploy.grafana.board` renews it."""
    assert FILE.read_text(encoding="utf-8") == board()


@pytest.mark.parametrize("panel", of(Source.CLICKHOUSE), ids=lambda panel: panel.title)
def test_every_clickhouse_query_finds_rows(filled: ClickHouse, panel: Panel) -> None:
    """A panel's SQL, its macros expanded, runs on the migrated schema and finds something."""
    assert filled.rows(expanded(panel.query))


@pytest.mark.parametrize("panel", of(Source.CLICKHOUSE), ids=lambda panel: panel.title)
def test_the_front_runs_every_clickhouse_query(panel: Panel) -> None:
    """On one machine the board asks the read-only front, which refuses none of it."""
    assert refusal(expanded(panel.query)) is None


def test_the_map_is_in_order_of_work(filled: ClickHouse) -> None:
    """The steps stand as items pass them, not by the alphabet."""
    steps = next(panel for panel in PANELS if panel.title == "Steps")
    assert [row[0] for row in filled.rows(expanded(steps.query))] == ["Develop", "Review"]


def test_the_streams_fill_the_variable(filled: ClickHouse) -> None:
    """The board's choice of streams comes from what was measured."""
    assert filled.rows(STREAMS_QUERY) == [("checkout",)]


def test_production_is_the_environment_that_has_lead_times(filled: ClickHouse) -> None:
    """The board's delivery panels leave out what is measured of environments before production."""
    assert filled.rows(expanded(PRODUCTION_QUERY)) == [("production",)]


@pytest.mark.parametrize("panel", of(Source.PROMETHEUS), ids=lambda panel: panel.title)
def test_every_promql_finds_a_series(scraping: Prometheus, panel: Panel) -> None:
    """A panel's PromQL finds something in a real Prometheus that scraped our page."""
    assert scraping.ask(expanded(panel.query))


def test_the_provisioned_sources_are_the_boards() -> None:
    """The board asks exactly the sources that provisioning makes."""
    text = (ROOT / "deploy/grafana/provisioning/datasources/vsm.yaml").read_text(encoding="utf-8")
    assert {f"uid: {source.uid}" in text for source in SOURCES.values()} == {True}


def test_no_panel_lies_over_another() -> None:
    """Every place of the grid belongs to one panel."""
    taken = [
        (x, y)
        for panel in json.loads(board())["panels"]
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(taken) == len(set(taken))


def promtool(*arguments: str, given: bytes = b"") -> str:
    """Return what promtool finds wrong, '' for nothing."""
    binary = shutil.which("promtool")
    if binary is None:
        pytest.skip("PROMTOOL IS NOT INSTALLED: apt-get install prometheus; nothing was checked")
    done = subprocess.run([binary, *arguments], input=given, capture_output=True, check=False)
    return (done.stdout + done.stderr).decode() if done.returncode else ""


def test_prometheus_takes_its_configuration() -> None:
    """Nothing is wrong with deploy/prometheus/prometheus.yml and its rules, says promtool."""
    assert promtool("check", "config", str(ROOT / "deploy/prometheus/prometheus.yml")) == ""


@pytest.mark.parametrize("rules", ["ingest", "objectives", "flow"])
def test_alerts_are_raised_when_they_should_be_and_not_else(rules: str) -> None:
    """Every test beside the alert rules holds, says promtool."""
    assert promtool("test", "rules", str(ROOT / f"deploy/prometheus/rules/{rules}_test.yml")) == ""


def test_the_rules_of_objectives_are_the_codes() -> None:
    """The file that Prometheus loads is up to date; `make docs-write` renews it."""
    assert objectives.FILE.read_text(encoding="utf-8") == objectives.rules_text()


@pytest.mark.parametrize("rules", ["objectives", "flow"])
def test_rules_ask_for_gauges_that_the_page_has(rules: str) -> None:
    """By a quantile just where the gauge has quantiles: a rule on what nobody shows would never say anything."""
    text = (ROOT / f"deploy/prometheus/rules/{rules}.yml").read_text(encoding="utf-8")
    asked = {(name, "quantile=" in labels) for name, labels in re.findall(r"\b(vsm_\w+){([^}]*)}", text)}
    assert asked <= {(family.name, family.type == "summary") for family in FAMILIES}


def test_the_page_is_clean() -> None:
    """Every family with a stream of a hard name, and what the sinks say of themselves: promtool finds nothing wrong.

    But for a share of days, whose name it takes for a time in days.
    """
    page, telemetry = Page(1000), Telemetry()
    telemetry.lagged("clickhouse", None)
    for number, family in enumerate(FAMILIES):
        for statistic in family.statistics:
            metric, stream = family.name.removeprefix("vsm_"), 'we"ird\\\n'
            series = measured(3.0, metric=metric, statistic=statistic, value_stream=stream, window=str(number))
            page.put(0, f"{number}/{statistic}".encode(), series)
    text = b"".join((*page.render(T0), generate_latest(telemetry.registry)))
    named_by_days = 'vsm_deployment_days_ratio use base unit "seconds" instead of "days"\n'
    assert promtool("check", "metrics", given=text).replace(named_by_days, "") == ""
