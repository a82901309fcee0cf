"""What the engine sums over a step's visits is what their points come to."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from insights.explain import totals
from insights.explain.answer import Evidence, listed
from insights.explain.parts import identity
from insights.explain.reading_of import Reads, reads
from metrics import METRICS
from metrics.recompute import Asked, recompute
from schemas.derived import StepVisit, revision
from sinks.clickhouse.client import ClickHouse, open_embedded
from sinks.clickhouse.migrate import apply
from sinks.clickhouse.rows import TABLES, block
from tests.builders.measured import DEFINITION, NOW
from tests.builders.random_rows import visits

pytestmark = pytest.mark.timeout(180)

STREAMS = count()
TABLE = next(table for table in TABLES if table.kind is StepVisit)
SUMMED = sorted(
    metric.name
    for metric in METRICS
    if totals.is_summed(
        asked := Asked(stream=DEFINITION.value_streams[0], metric=metric, now=NOW, window="30d", step="Review"),
        reads(asked),
    )
)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    """The embedded engine on empty tables."""
    opened = open_embedded(tmp_path_factory.mktemp("summed"))
    apply(opened)
    yield opened
    opened.close()


def ask(engine: ClickHouse, sql: str, names: list[str], told: dict[str, object]) -> list[dict[str, object]]:
    """Return the named columns of an answer."""
    return [dict(zip(names, row, strict=True)) for row in engine.rows(sql, told)]


def listed_ids(engine: ClickHouse, read: Reads, asked: Asked, *, behind: bool) -> list[object]:
    """Return the items of a list, in its order."""
    told = {**totals.parameters(asked), "limit": 100}
    return [row[0] for row in engine.rows(totals.list_sql(read, behind=behind), told)]


def written(engine: ClickHouse, drawn: list[StepVisit]) -> list[StepVisit]:
    """Write visits to a stream of their own, each revision in a part that is not merged; return the newest ones."""
    stream, newest = f"stream{next(STREAMS)}", {}
    for number, row in enumerate(drawn):
        own = replace(row, value_stream=stream, revision=revision(1, number + 1))
        newest[identity(own)] = own
        engine.insert(TABLE.name, block(TABLE, [own]), f"{stream}/{number}")
    return list(newest.values())


@given(
    st.lists(visits(), min_size=1, max_size=14),
    st.sampled_from(SUMMED),
    st.sampled_from(["7d", "30d", "90d"]),
    st.sampled_from(["", "feature"]),
)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_engines_sums_are_those_of_the_points(
    engine: ClickHouse, drawn: list[StepVisit], name: str, window: str, kind: str
) -> None:
    """The readings, how many stand behind them and who is left out are the same, also of rows that were revised."""
    rows = written(engine, drawn)
    metric = next(each for each in METRICS if each.name == name)
    stream = replace(DEFINITION.value_streams[0], name=rows[0].value_stream)
    asked = Asked(stream=stream, metric=metric, now=NOW, window=window, step="Review", kind=kind)
    own = [row for row in rows if row.step == "Review" and (row.finished_at is None or row.finished_at >= asked.start)]
    read, expected = reads(asked), listed(Evidence(asked=asked, rows=own), 100)
    sums = ask(engine, totals.sums_sql(read), totals.sums_columns(read), totals.parameters(asked))
    found = (
        totals.readings(totals.tally_of(sums, read), asked),
        sum(int(str(row["behind"])) for row in sums),
        sum(int(str(row["left_out"])) for row in sums),
        *(listed_ids(engine, read, asked, behind=which) for which in (True, False)),
    )
    assert found == (
        recompute(own, asked),
        expected.items_total,
        expected.left_out_total,
        [identity(row)[0] for row in expected.behind],
        [identity(row)[0] for row, _ in expected.without],
    )


def test_waits_and_counts_of_a_step_are_summed() -> None:
    """What the property is held of is not empty."""
    assert {"step_wait_seconds", "step_process_seconds", "step_lead_seconds", "step_completions"} <= set(SUMMED)
