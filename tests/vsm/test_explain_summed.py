"""What the engine sums over the rows of a series is what their points come to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from insights.explain import questions as ask
from insights.explain import totals
from insights.explain.answer import Evidence, Since, listed, since
from insights.explain.parts import identity
from metrics import METRICS
from metrics.reading import Metric, Scope
from metrics.recompute import NOW_SCOPES, Asked
from schemas.definition import ValueStream
from schemas.derived import BRIDGED, Change, Derived, StepVisit, WorkItem, revision
from sinks.clickhouse.client import ClickHouse, open_embedded
from sinks.clickhouse.migrate import apply
from sinks.clickhouse.rows import TABLES, block
from tests.builders.measured import DEFINITION, HOUR, NOW, OFFICE_HOURS
from tests.builders.random_rows import changes, items, visits

pytestmark = pytest.mark.timeout(300)

NAMES = count()
STREAM = replace(
    DEFINITION.value_streams[0],
    calendar=OFFICE_HOURS,
    targets={"Review.wait_p85": "2h", "Review.lead_p50": "3d", "Review.process_p95": "90m", "flow_time_p85": "5d"},
)
TABLE = {table.kind: table for table in TABLES}
MOST = 100


def question(metric: Metric, stream: ValueStream = STREAM, **more: object) -> Asked:
    """Return the question for a metric of a stream: of Review where it is of a step."""
    given_ = {"window": "30d", "now": NOW, **more}
    return Asked(
        stream=stream,
        metric=metric,
        now=int(str(given_["now"])),
        window="" if metric.scope in NOW_SCOPES else str(given_["window"]),
        step="Review" if metric.scope in {Scope.STEP, Scope.STEP_NOW} else "",
        kind=str(given_.get("kind", "")) if metric.by_kind else "",
        environment="production" if metric.scope == Scope.SERVICE else "",
        service=str(given_.get("service", "")) if metric.scope == Scope.SERVICE else "",
    )


def is_summed(metric: Metric) -> bool:
    """Tell whether the engine sums a metric's series."""
    if metric.scope in {Scope.FEED, Scope.FEED_NOW} or not metric.applies(STREAM):
        return False
    return totals.summed(question(metric)) is not None


SUMMED = {metric.name: metric for metric in METRICS if is_summed(metric)}


class Drawn(Struct):
    """A question and the rows that it is asked of."""

    rows: Sequence[Derived]
    metrics: Sequence[str]
    window: str
    kind: str
    service: str
    late: int


@st.composite
def worlds(draw: st.DrawFn) -> Drawn:
    """Rows of one kind, some of them corrected later, and what is asked of them."""
    bridged = visits().flatmap(lambda row: st.sampled_from([row, replace(row, outcome=BRIDGED)]))
    moved = items().flatmap(lambda row: st.sampled_from([row, row, replace(row, moved_to="ticket:77")]))
    kinds: list[tuple[type[Derived], st.SearchStrategy[Any]]] = [
        (StepVisit, bridged),
        (WorkItem, moved),
        (Change, changes()),
    ]
    sort, rows = draw(st.sampled_from(kinds))
    names = sorted(name for name, each in SUMMED.items() if ask.kinds_of(question(each), reads_of(each))[0] is sort)
    return Drawn(
        rows=draw(st.lists(rows, min_size=1, max_size=30)),
        metrics=draw(st.lists(st.sampled_from(names), min_size=1, max_size=5, unique=True)),
        window=draw(st.sampled_from(["1h", "24h", "7d", "30d", "90d"])),
        kind=draw(st.sampled_from(["", "", "feature"])),
        service=draw(st.sampled_from(["", "web"])),
        late=draw(st.sampled_from([0, 1, 59_999_999, 7 * HOUR + 1])),
    )


def reads_of(metric: Metric) -> Any:  # noqa: ANN401 - what a metric reads
    """Return what a metric reads of its series."""
    found = totals.summed(question(metric))
    assert found is not None
    return found.reads


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    """The embedded engine on empty tables."""
    opened = open_embedded(tmp_path_factory.mktemp("summed"))
    apply(opened)
    yield opened
    opened.close()


def written(engine: ClickHouse, drawn: Sequence[Derived]) -> ValueStream:
    """Write rows to a stream of their own, in two parts that are not merged: later ones correct earlier ones."""
    stream = replace(STREAM, name=f"stream{next(NAMES)}")
    table = TABLE[type(drawn[0])]
    own = [
        replace(
            row, value_stream=stream.name, revision=revision(1, n + 1), known_at=NOW + n, definition_version=f"d{n % 3}"
        )
        for n, row in enumerate(drawn)
    ]
    for part in (own[: len(own) // 2], own[len(own) // 2 :]):
        if part:
            engine.insert(table.name, block(table, part), f"{stream.name}/{len(part)}/{part[0].revision}")
    return stream


def read_one_by_one(engine: ClickHouse, asked: Asked, kind: type[Derived]) -> Evidence:
    """Return the rows that the window can hold, as they are known now."""
    told = ask.parameters(asked, asked.start)
    rows = list(ask.rows_of(kind, asked.stream.name, engine.rows(ask.rows_sql(kind), told)))
    seen = 0 if asked.window else int(str(engine.rows(ask.seen_sql(kind), told)[0][0]))
    return Evidence(asked=asked, rows=rows, seen_before=seen)


def names(engine: ClickHouse, series: totals.Summed, *, behind: bool, few: bool) -> list[tuple[str, ...]]:
    """Return the rows of a list, sorted."""
    told = {**totals.parameters(series.asked), "limit": MOST}
    rows = engine.rows(totals.list_sql(series, behind=behind, few=few), told)
    kind, fields = series.of.kind, totals.list_names(series, behind=behind)
    return sorted(identity(row) for row in ask.rows_of(kind, series.asked.stream.name, rows, fields))


def by_the_engine(engine: ClickHouse, series: totals.Summed) -> tuple[object, ...]:
    """Return the readings, the totals, the lists and what tells why a number is not recomputed."""
    told = totals.parameters(series.asked)
    rows = engine.rows(totals.sums_sql(series), told)
    sums = [dict(zip(totals.sums_columns(series), row, strict=True)) for row in rows]
    later, versions = engine.rows(totals.since_sql(series), {**told, "measured": NOW + 3})[0]
    return (
        totals.readings(sums, series),
        *totals.counts(sums),
        *(names(engine, series, behind=which, few=few) for which in (True, False) for few in (True, False)),
        Since(later=int(str(later)), versions=frozenset(versions)),
    )


def one_by_one(evidence: Evidence) -> tuple[object, ...]:
    """Return the same of rows that were read."""
    shown = listed(evidence, MOST)
    behind = sorted(identity(row) for row in shown.behind)
    without = sorted(identity(row) for row, _ in shown.without)
    return (
        evidence.readings(),
        shown.items_total,
        shown.left_out_total,
        *(behind, behind, without, without),
        since(evidence, NOW + 3),
    )


@given(worlds())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_engines_sums_are_those_of_the_points(engine: ClickHouse, drawn: Drawn) -> None:
    """Readings, totals, lists and what has become known since are the same, also of rows that were revised."""
    stream, kind = written(engine, drawn.rows), type(drawn.rows[0])
    wrong = []
    for name in drawn.metrics:
        more = {"window": drawn.window, "kind": drawn.kind, "service": drawn.service, "now": NOW + drawn.late}
        asked = question(SUMMED[name], stream, **more)
        series = totals.summed(asked)
        assert series is not None
        found, expected = by_the_engine(engine, series), one_by_one(read_one_by_one(engine, asked, kind))
        if found != expected:
            wrong.append((name, found, expected))
    assert wrong == []


def test_all_but_deployments_are_summed() -> None:
    """What rows are read for one by one are deployments and incidents alone."""
    of_rows = {m.name for m in METRICS if m.scope not in {Scope.FEED, Scope.FEED_NOW} and m.applies(STREAM)}
    assert of_rows - set(SUMMED) == {
        "deployment_frequency_per_day",
        "deployment_days_ratio",
        "deployment_batch_size",
        "change_fail_ratio",
        "failed_deployment_recovery_seconds",
        "deployment_rework_ratio",
    }
