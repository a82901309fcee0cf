"""What has changed since a past time is the same whether the engine sums and compares or rows are read one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
from insights.explain.parts import item_id
from insights.explain.since import Past, redefined
from metrics import METRICS
from metrics.reading import Scope
from metrics.recompute import NOW_SCOPES, NotFromRows
from schemas.definition import Definition, ValueStream
from schemas.derived import BRIDGED, Derived, StepVisit, WorkItem, revision
from schemas.measurement import Measurement
from sinks.clickhouse.client import ClickHouse
from sinks.clickhouse.migrate import apply
from sinks.clickhouse.rows import TABLES, block
from tests.builders.measured import DAY, DEFINITION, HOUR, NOW, OFFICE_HOURS, visit
from tests.builders.random_rows import changes, items, visits
from vsm.explaining import Asking, by_rows, explain
from vsm.recalling import moved
from vsm.store import Answer, Store

pytestmark = pytest.mark.timeout(400)
NAMES = count()
STREAM = replace(
    DEFINITION.value_streams[0],
    calendar=OFFICE_HOURS,
    targets={"Review.wait_p85": "2h", "Review.lead_p50": "3d", "flow_time_p85": "5d"},
)
TABLE = {table.kind: table for table in TABLES}
OF_ROWS = sorted(
    metric.name
    for metric in METRICS
    if metric.applies(STREAM) and metric.scope not in {Scope.FEED, Scope.FEED_NOW, Scope.SERVICE}
)
OF_CHANGES = sorted(
    metric.name for metric in METRICS if metric.name.startswith("change_") and "fail" not in metric.name
)


class Counted(Store):
    """The tables, and how many questions were asked of them."""

    asked = 0

    def ask(self, sql: str, parameters: Mapping[str, object] | None = None) -> Answer:
        """Count, and ask."""
        self.asked += 1
        return super().ask(sql, parameters)


class Both(Struct):
    """The tables, open for writing and for reading."""

    engine: ClickHouse
    store: Counted


class Drawn(Struct):
    """Rows as they became known, when each did, and what is asked of them."""

    rows: Sequence[Derived]
    known: Sequence[int]
    gone: Sequence[bool]
    again: Sequence[Derived]
    moved: Sequence[WorkItem]
    swapped: bool
    metrics: Sequence[str]
    limit: int
    window: str
    since: int
    measured: tuple[int, int] | None


@st.composite
def worlds(draw: st.DrawFn) -> Drawn:
    """Rows of one kind, corrected or withdrawn before and after a past time; some derived anew by a next generation.

    What some of them are of has moved since.
    """
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
    names_moved = [] if isinstance(drawn[0], WorkItem) else sorted({item_id(row) for row in drawn})
    return Drawn(
        rows=drawn,
        known=sorted(draw(st.lists(times, min_size=len(drawn), max_size=len(drawn)))),
        gone=draw(st.lists(st.sampled_from([False, False, False, True]), min_size=len(drawn), max_size=len(drawn))),
        again=draw(st.lists(rows, max_size=8)),
        moved=[_moved(name) for name in names_moved if draw(st.booleans())],
        swapped=draw(st.booleans()),
        metrics=draw(st.lists(st.sampled_from(names), min_size=1, max_size=4, unique=True)),
        limit=draw(st.sampled_from([0, 1, 3, 30])),
        window=draw(st.sampled_from(["1h", "24h", "7d", "30d", "90d"])),
        since=draw(st.sampled_from([HOUR, DAY, 4 * DAY, 40 * DAY])),
        measured=draw(st.sampled_from([None, (1, 1), (1, 2)])),
    )


def _moved(name: str) -> WorkItem:
    """Return an item that was there alone until it was found to be part of another."""
    return WorkItem(
        value_stream="", item_id=name, started_at=None, finished_at=None, moved_to="ticket:77", withdrawn=True
    )


def _of_items(name: str) -> bool:
    return next(metric for metric in METRICS if metric.name == name).scope in {Scope.FLOW, Scope.FLOW_NOW}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """The embedded engine on empty tables."""
    client = clickhouse_connect.get_client(interface="chdb", path=str(tmp_path_factory.mktemp("recalled")))
    engine = ClickHouse(client)
    apply(engine)
    yield Both(engine, Counted(client))
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
    away = [
        replace(row, revision=revision(generation, n + 1), known_at=NOW, **given_)
        for generation in (1, 2)
        for n, row in enumerate(drawn.moved)
    ]
    if away:
        engine.insert("work_items", block(TABLE[WorkItem], away), f"{stream.name}/moved")
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


def both_ways(both: Both, definition: Definition, wanted: Wanted, as_of: int, limit: int) -> tuple[Any, Any]:
    """Return what has changed as the engine says it, and as the rows read one by one do."""
    stream = definition.stream(wanted.stream)
    assert stream is not None
    try:
        found = explain(both.store, definition, wanted, as_of=as_of, limit=limit)
    except NotFromRows:
        return None, None
    expected = by_rows(both.store, stream, Asking(wanted=wanted, as_of=as_of, limit=limit))
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
        definition = Definition(version="d1", value_streams=(stream,))
        found, expected = both_ways(both, definition, wanted, NOW - drawn.since, drawn.limit)
        if found != expected:
            wrong.append((name, found, expected))
    assert wrong == []


Fate = tuple[bool, Sequence[tuple[StepVisit, StepVisit | None]]]
"""Whether an item has moved, and its visits: each as it was told first and as it was told then, None the same."""


def corrected(fates: Sequence[Fate], limit: int, *, swapped: bool = False) -> Drawn:
    """Return the visits of items as they were told ten days ago and as they were told anew yesterday."""
    named = [(f"ticket:{number:05d}", fate) for number, fate in enumerate(fates)]
    first = [replace(old, item_id=name) for name, (_, visits_) in named for old, _ in visits_]
    anew = [replace(new, item_id=name) for name, (_, visits_) in named for _, new in visits_ if new is not None]
    return Drawn(
        rows=[*first, *anew],
        known=[-10 * DAY] * len(first) + [-DAY] * len(anew),
        gone=[row.withdrawn for row in (*first, *anew)],
        again=[], moved=[_moved(name) for name, (is_moved, _) in named if is_moved],
        swapped=swapped, metrics=[], limit=limit, window="90d", since=4 * DAY, measured=(1, 2 if swapped else 1),
    )  # fmt: skip


def gone(row: StepVisit) -> StepVisit:
    """Return a visit that nothing derives any more."""
    return replace(row, withdrawn=True)


def asked_of(both: Both, drawn: Drawn, metric: str) -> Wanted:
    """Write rows and what was measured, and return the question for a metric of Review."""
    stream = written(both.engine, drawn)
    shown(both.engine, drawn)
    wanted = Wanted(stream=stream.name, metric=metric, step="Review", window=drawn.window)
    measured(both.engine, drawn, wanted)
    return wanted


def defined(wanted: Wanted) -> Definition:
    """Return a definition with the stream that is asked of."""
    return Definition(version="d1", value_streams=(replace(STREAM, name=wanted.stream),))


OPEN = visit("", "Review", queued=NOW - 30 * DAY, started=NOW - 20 * DAY)
ENDED = replace(OPEN, finished_at=NOW - 10 * DAY, wait_micros=10 * DAY)
BLIND = replace(ENDED, wait_micros=None)
OF_THEN = replace(ENDED, queued_at=NOW - 99 * DAY, started_at=NOW - 95 * DAY, finished_at=NOW - 92 * DAY)
"""It ended in the window of then and before the one of now."""
IN_WINDOW: Sequence[Fate] = [
    (False, [(ENDED, None)]),
    (False, [(BLIND, BLIND)]),
    (False, [(BLIND, ENDED)]),
    (False, [(OF_THEN, None)]),
    *[(False, [(ENDED, gone(ENDED))])] * 2,
    *[(True, [(ENDED, gone(ENDED))])] * 3,
    *[(False, [(ENDED, BLIND)])] * 2,
    (True, [(ENDED, BLIND)]),
    (False, [(ENDED, OF_THEN)]),
    (True, [(ENDED, gone(ENDED)), (replace(BLIND, visit=2), None)]),
]
OPEN_NOW: Sequence[Fate] = [
    (False, [(OPEN, None)]),
    (False, [(replace(OPEN, counted=False), None)]),
    (False, [(OPEN, gone(OPEN))]),
    *[(True, [(OPEN, gone(OPEN))])] * 3,
    *[(False, [(OPEN, replace(ENDED, finished_at=NOW - 2 * DAY))])] * 2,
    (False, [(OPEN, ENDED)]),
    *[(False, [(OPEN, replace(OPEN, counted=False))])] * 2,
]


@pytest.mark.parametrize("limit", [0, 1, 3, 30])
@pytest.mark.parametrize(
    ("metric", "fates", "why"),
    [
        ("step_wait_seconds", IN_WINDOW,
         {"corrected": 4, "moved": 3, "withdrawn": 3, "arrived late": 1, "aged out of the window": 1}),
        ("step_wait_seconds", IN_WINDOW, {"moved": 5, "redefined": 6, "aged out of the window": 1}),
        ("step_work_in_progress", OPEN_NOW, {"ended since": 4, "moved": 3, "corrected": 2}),
    ],
    ids=["window", "redefined", "now"],
)  # fmt: skip
def test_why_rows_went_is_said_of_all_whatever_is_listed(
    both: Both, metric: str, fates: Sequence[Fate], why: Mapping[str, int], limit: int
) -> None:
    """The same counts from rows that are read and from those that are only counted."""
    wanted = asked_of(both, corrected(fates, limit, swapped="redefined" in why), metric)
    found, expected = both_ways(both, defined(wanted), wanted, NOW - 4 * DAY, limit)
    assert (found["why"], found) == (why, expected)


def test_what_is_asked_does_not_grow_with_what_went(both: Both) -> None:
    """As many questions for thousands that went as for some."""
    asked = []
    for many in (20, 2_500):
        wanted = asked_of(both, corrected([(False, [(ENDED, gone(ENDED))])] * many, 5), "step_wait_seconds")
        before = both.store.asked
        found = explain(both.store, defined(wanted), wanted, as_of=NOW - 4 * DAY, limit=5).as_of
        assert found is not None
        asked.append((both.store.asked - before, found["went"] / many))
    assert asked[0] == asked[1]


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
