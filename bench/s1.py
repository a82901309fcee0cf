"""S1: our sink's insert against clickhouse-connect's row insert, the same values into the same tables, CPU per row.

Both start from decoded values and end when the engine (in this process) has the block and its materialised view. CPU
is the whole process's, the engine's threads included. The rival gets rows as its documentation shows them: a list of
lists.
"""

from __future__ import annotations

import gc
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import clickhouse_connect

from bench.result import Result
from schemas.derived import StepVisit, revision
from sinks.clickhouse.client import ClickHouse
from sinks.clickhouse.migrate import apply
from sinks.clickhouse.rows import TABLES, block

BAR: Final = 0.6
ROUNDS: Final = 11
SIZES: Final = (1_000, 10_000)
BARRED: Final = 10_000
T0: Final = 1_780_000_000_000_000
TABLE: Final = next(table for table in TABLES if table.name == "step_visits")


def visits(count: int, run: int) -> list[StepVisit]:
    """Return so many visits of the run, every third still open."""
    return [
        StepVisit(
            value_stream=f"stream-{number % 20}",
            item_id=f"ticket:jira/RUN{run}-{number}",
            step=("Backlog", "Develop", "Review", "Build", "Deploy")[number % 5],
            visit=1,
            subject_id=f"change:github.com/acme/app/{number}",
            queued_at=T0 + number,
            started_at=T0 + 2 * number if number % 3 else None,
            finished_at=T0 + 3 * number if number % 3 else None,
            outcome="success" if number % 3 else None,
            wait_micros=number if number % 3 else None,
            process_micros=2 * number if number % 3 else None,
            unaccounted_micros=0 if number % 3 else None,
            definition_version="0123abcd",
            revision=revision(1, number),
            known_at=T0 + number,
        )
        for number in range(count)
    ]


def seconds(micros: int | None) -> float | None:
    """Return microseconds as seconds."""
    return None if micros is None else micros / 1e6


def as_rows(values: list[StepVisit]) -> tuple[list[str], list[list[object]]]:
    """Return the values as a list of rows, the way the rival is given them."""
    names = [column.name for column in TABLE.columns]
    spans = [
        "wait_micros", "process_micros", "blocked_micros", "unaccounted_micros", "gap_micros", "wait_working_micros",
        "process_working_micros", "blocked_working_micros", "unaccounted_working_micros", "gap_working_micros",
    ]  # fmt: skip
    rows: list[list[object]] = [
        [
            v.value_stream, v.item_id, v.step, v.subject_id, v.outcome, v.visit, v.queued_at, v.started_at,
            v.finished_at, *[seconds(getattr(v, span)) for span in spans], v.counted, v.returned, v.skewed,
            v.kind, v.started_by, v.evidence, list(v.blocked_spans), v.definition_version, v.revision, v.known_at,
            v.withdrawn,
        ]
        for v in values
    ]  # fmt: skip
    return names, rows


def ours(store: ClickHouse, values: list[StepVisit], token: str) -> None:
    """Insert as the sink does."""
    store.insert(TABLE.name, block(TABLE, values), token)


def rival(client: Any, values: list[StepVisit]) -> None:  # noqa: ANN401 - untyped library
    """Insert rows as clickhouse-connect is commonly used."""
    names, rows = as_rows(values)
    client.insert(TABLE.name, rows, column_names=names, database="vsm")


def cpu(work: Callable[[], None]) -> float:
    """Return the CPU seconds of the whole process that some work took, beginning without garbage of others."""
    gc.collect()
    began = time.process_time()
    work()
    return time.process_time() - began


def run() -> Result:
    """Measure both, interleaved, at two block sizes; the bar is at 10,000 rows."""
    with tempfile.TemporaryDirectory() as directory:
        client = clickhouse_connect.get_client(dsn=f"chdb://{Path(directory).resolve()}")
        store = ClickHouse(client)
        apply(store)
        client.command("SYSTEM STOP MERGES")
        cases = [_case(store, client, size) for size in SIZES]
        client.close()
    barred = next(case for case in cases if case["rows"] == BARRED)
    ratio, spread = barred["ratio"], barred["spread"]
    return Result(
        id="S1",
        ratio=ratio,
        bar=BAR,
        met=ratio <= BAR,
        spread=spread,
        yardstick="clickhouse-connect client.insert of row lists, same table, same engine",
        cases=cases,
    )


def _case(store: ClickHouse, client: Any, size: int) -> dict[str, Any]:  # noqa: ANN401 - untyped library
    mine, theirs = [], []
    for number in range(ROUNDS + 1):
        mine.append(cpu(partial(ours, store, visits(size, number), f"{size}/{number}")))
        theirs.append(cpu(partial(rival, client, visits(size, 1000 + number))))
    ratios = [a / b for a, b in zip(mine[1:], theirs[1:], strict=True)]
    return {
        "rows": size,
        "ratio": round(statistics.median(ratios), 3),
        "spread": (round(min(ratios), 3), round(max(ratios), 3)),
        "ours_us_per_row": round(statistics.median(mine[1:]) / size * 1e6, 2),
        "rival_us_per_row": round(statistics.median(theirs[1:]) / size * 1e6, 2),
    }


if __name__ == "__main__":
    print(run())
