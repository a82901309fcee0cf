"""A generation that nobody shall go back to leaves the tables; the one that is shown never does."""

from __future__ import annotations

import pytest

from schemas.log import Log
from sinks.clickhouse.client import ClickHouse
from sinks.clickhouse.dropping import drop
from tests.builders.derived_rows import visit
from tests.builders.pumping import append
from tests.sinks.test_erasing import pumped


@pytest.mark.parametrize(("asked", "left"), [((2,), {1, 3}), ((2, 3), {1}), ((1, 2), {1, 3}), ((), {1, 2, 3})])
def test_what_is_dropped_is_gone(log: Log, embedded: ClickHouse, asked: tuple[int, ...], left: set[int]) -> None:
    """From the history and from the newest; generation 1 is shown and stays; again there is nothing."""
    append(log, [visit(f"ticket:jira/A-{number}", generation=number) for number in (1, 2, 3)], partition=0)
    pumped(log, embedded, 100)
    rows = drop(embedded, asked)
    again = drop(embedded, asked)
    found = [
        {int(row[0]) for row in embedded.rows(f"SELECT DISTINCT generation FROM vsm.{table}")}  # noqa: S608
        for table in ("step_visits", "step_visits_latest")
    ]
    assert (rows, again, found) == (2 * (3 - len(left)), 0, [left, left])
