"""What has changed since a past time is the same whether the engine sums and compares or rows are read one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

import clickhouse_connect
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from insights.explain.answer import Figure
from insights.explain.naming import Wanted
from insights.explain.since import Past, redefined
from metrics import METRICS
from metrics.reading import Scope
from metrics.recompute import NOW_SCOPES, NotFromRows
from schemas.definition import Definition, ValueStream
from schemas.derived import BRIDGED, Derived, WorkItem, revision
from schemas.measurement import Measurement
from sinks.clickhouse.client import ClickHouse
from sinks.clickhouse.migrate import apply
from sinks.clickhouse.rows import TABLES, block
from tests.builders.measured import DAY, DEFINITION, HOUR, NOW, OFFICE_HOURS
from tests.builders.random_rows import changes, items, visits
from vsm.explaining import Asking, by_rows, explain
from vsm.recalling import moved
from vsm.store import Store

pytestmark = pytest.mark.timeout(400)
NAMES = count()
STREAM = replace(
    DEFINITION.value_streams[0],
    calendar=OFFICE_HOURS,
    targets={"Review.wait_p85": "2h", "Review.lead_p50": "3d", "flow_time_p85": "5d"},
)
TABLE = {table.kind: table for table in TABLES}
LISTED = 3
OF_ROWS = sorted(
    metric.name
    for metric in METRICS
    if metric.applies(STREAM) and metric.scope not in {Scope.FEED, Scope.FEED_NOW, Scope.SERVICE}
)
OF_CHANGES = sorted(
    metric.name for metric in METRICS if metric.name.startswith("change_") and "fail" not in metric.name
)


class Both(Struct):
    """The tables, open for writing and for reading."""

    engine: ClickHouse
    store: Store


class Drawn(Struct):
    """Rows as they became known, when each did, and what is asked of them."""

    rows: Sequence[Derived]
    known: Sequence[int]
    gone: Sequence[bool]
    again: Sequence[Derived]
    swapped: bool
    metrics: Sequence[str]
    window: str
    since: int
    measured: tuple[int, int] | None


@st.composite
def worlds(draw: st.DrawFn) -> Drawn:
    """Rows of one kind, corrected or withdrawn before and after a past time; some derived anew by a next generation."""
    bridged = visits().flatmap(lambda row: st.sampled_from([row, replace(row, outcome=BRIDGED)]))
    moved = items().flatmap(lambda row: st.sampled_from([row, row, replace(row, moved_to="ticket:77")]))
    kinds: list[tuple[list[str], st.SearchStrategy[Any]]] = [
        ([name for name in OF_ROWS if not _of_items(name)], bridged),
        ([name for name in OF_ROWS if _of_items(name)], moved),
        (OF_CHANGES, changes()),
    ]
    names, rows = draw(st.sampled_from(kinds))
    drawn = draw(st.lists(rows, min_size=1, max_size=25))
    times = st.integers(min_value=-10 * DAY, max_value=0)
    return Drawn(
        rows=drawn,
        known=sorted(draw(st.lists(times, min_size=len(drawn), max_size=len(drawn)))),
        gone=draw(st.lists(st.sampled_from([False, False, False, True]), min_size=len(drawn), max_size=len(drawn))),
        again=draw(st.lists(rows, max_size=8)),
        swapped=draw(st.booleans()),
        metrics=draw(st.lists(st.sampled_from(names), min_size=1, max_size=4, unique=True)),
        window=draw(st.sampled_from(["1h", "24h", "7d", "30d", "90d"])),
        since=draw(st.sampled_from([HOUR, DAY, 4 * DAY, 40 * DAY])),
        measured=draw(st.sampled_from([None, (1, 1), (1, 2)])),
    )


def _of_items(name: str) -> bool:
    return next(metric for metric in METRICS if metric.name == name).scope in {Scope.FLOW, Scope.FLOW_NOW}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """The embedded engine on empty tables."""
    client = clickhouse_connect.get_client(interface="chdb", path=str(tmp_path_factory.mktemp("recalled")))
    engine = ClickHouse(client)
    apply(engine)
    yield Both(engine, Store(client))
    engine.close()


def written(engine: ClickHouse, drawn: Drawn) -> ValueStream:
    """Write rows to a stream of their own, each revision in a part of its own kind, and return the stream."""
    stream = replace(STREAM, name=f"stream{next(NAMES)}")
    table = TABLE[type(drawn.rows[0])]
    given_ = {"value_stream": stream.name, "definition_version": "d1"}
    first = [
        replace(row, revision=revision(1, n + 1), known_at=NOW + at, withdrawn=gone, **given_)
        for n, (row, at, gone) in enumerate(zip(drawn.rows, drawn.known, drawn.gone, strict=True))
    ]
    anew = [
        replace(row, revision=revision(2, n + 1), known_at=NOW - 10 * DAY, **{**given_, "definition_version": "d2"})
        for n, row in enumerate(drawn.again)
    ]
    for part in (first[: len(first) // 2], first[len(first) // 2 :], anew):
        if part:
            engine.insert(table.name, block(table, part), f"{stream.name}/{part[0].revision}")
    return stream


def shown(engine: ClickHouse, drawn: Drawn) -> None:
    """Show the next generation from two hours ago on, or the first one all the time."""
    for table in ("active", "activations"):
        engine.command(f"TRUNCATE TABLE vsm.{table}")
    swaps = [(1, 1), *([(2, NOW - 2 * HOUR)] if drawn.swapped else [])]
    for generation, at in swaps:
        engine.command(f"INSERT INTO vsm.active VALUES ({generation}, fromUnixTimestamp64Micro({at}))")  # noqa: S608


def measured(engine: ClickHouse, drawn: Drawn, wanted: Wanted) -> None:
    """Write what was measured of a series then and now, whatever its rows come to."""
    if drawn.measured is None:
        return
    now = next(metric for metric in METRICS if metric.name == wanted.metric)
    series: dict[str, Any] = {
        "value_stream": wanted.stream, "metric": wanted.metric, "step": wanted.step,
        "window": "" if now.scope in NOW_SCOPES else wanted.window, "statistic": "p50",
        "environment": "production" if now.scope == Scope.SERVICE else "",
    }  # fmt: skip
    swapped = 2 if drawn.swapped else 1
    told = [
        Measurement(measured_at=at, value=1.0, n=1, generation=generation, definition_version=f"d{number}", **series)
        for at, generation, number in (
            (NOW - drawn.since - HOUR, swapped if drawn.since < 2 * HOUR else 1, drawn.measured[0]),
            (NOW, swapped, drawn.measured[1]),
        )
    ]
    for each in told:
        engine.insert(
            "measurements", block(TABLE[Measurement], [each]), f"{wanted.stream}/{wanted.metric}/{each.measured_at}"
        )


def both_ways(both: Both, definition: Definition, wanted: Wanted, as_of: int) -> tuple[Any, Any]:
    """Return what has changed as the engine says it, and as the rows read one by one do."""
    stream = definition.stream(wanted.stream)
    assert stream is not None
    try:
        found = explain(both.store, definition, wanted, as_of=as_of, limit=LISTED)
    except NotFromRows:
        return None, None
    expected = by_rows(both.store, stream, Asking(wanted=wanted, as_of=as_of, limit=LISTED))
    return found.as_of, expected.as_of


@given(worlds())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_the_engine_compares_is_what_the_rows_tell(both: Both, drawn: Drawn) -> None:
    """The number of then, what came, went and changed, why, and what is listed of it are the same."""
    stream = written(both.engine, drawn)
    shown(both.engine, drawn)
    wrong = []
    for name in drawn.metrics:
        of_step = next(metric for metric in METRICS if metric.name == name).scope in {Scope.STEP, Scope.STEP_NOW}
        wanted = Wanted(stream=stream.name, metric=name, step="Review" if of_step else "", window=drawn.window)
        measured(both.engine, drawn, wanted)
        found, expected = both_ways(both, Definition(version="d1", value_streams=(stream,)), wanted, NOW - drawn.since)
        if found != expected:
            wrong.append((name, found, expected))
    assert wrong == []


def test_of_every_item_that_is_gone_it_is_told_where_it_went(both: Both) -> None:
    """More of them than are asked for in one question: none is taken for one that nothing derives any more."""
    gone = [
        WorkItem(
            value_stream="moved", item_id=f"change:{n:04d}", kind=None, created_at=NOW, started_at=None,
            finished_at=None, state=None, moved_to=f"ticket:{n:04d}", withdrawn=True, revision=revision(1, n + 1),
            known_at=NOW, definition_version="d1",
        )
        for n in range(1_500)
    ]  # fmt: skip
    for table in ("active", "activations"):
        both.engine.command(f"TRUNCATE TABLE vsm.{table}")
    both.engine.command("INSERT INTO vsm.active VALUES (1, now64(6))")
    both.engine.insert("work_items", block(TABLE[WorkItem], gone), "moved")

    assert len(moved(both.store, "moved", gone, ())) == len(gone)


def test_nothing_left_now_is_no_other_definition() -> None:
    """Where nothing was measured and no row is left, no version is known now: that says nothing of a new one."""
    then = Past(stored=None, figure=Figure(value=1.0, n=1), again=True, version="d1", generation=0)
    now = Past(stored=None, figure=Figure(value=None, n=0), again=True, version="", generation=0)

    assert redefined(then, now) == ""
