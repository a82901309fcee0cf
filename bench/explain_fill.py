"""Fills an embedded store with ten million visits, and with what was measured of them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from metrics import codes
from metrics.answers import durations
from metrics.codes import Held
from metrics.windows import Cell, put, window_starts
from schemas.measurement import WINDOWS as LENGTHS
from schemas.measurement import Measurement
from sinks.clickhouse.client import ClickHouse, open_embedded
from sinks.clickhouse.migrate import apply
from sinks.clickhouse.rows import TABLES, block

VISITS: Final = 10_000_000
STEPS: Final = ("Backlog", "Develop", "Review", "Build", "Verify", "Deploy")
DAYS: Final = 365
NOW: Final = "2026-01-01 00:00:00"
NOW_MICROS: Final = 1_767_225_600_000_000
STREAM: Final = "checkout"

_SPAN: Final = f"toInt64(intDiv(item * {DAYS * 86_400}, {VISITS // len(STEPS)})) * 1000000"
_FILL: Final = f"""
INSERT INTO vsm.step_visits_latest
    (value_stream, item_id, step, visit, subject_id, counted, queued_at, started_at, finished_at, outcome,
     wait_seconds, process_seconds, blocked_seconds, unaccounted_seconds, returned, kind, evidence,
     definition_version, revision, known_at, withdrawn)
SELECT
    stream, concat('ticket:jira/CHK-', leftPad(toString(cityHash64(item) % 100000000), 8, '0'), toString(item)),
    {list(STEPS)!r}[number % {len(STEPS)} + 1], 1, concat('change:github.com/acme/app/', toString(item)), true,
    fromUnixTimestamp64Micro(begin), fromUnixTimestamp64Micro(begin + wait),
    if(open, NULL, fromUnixTimestamp64Micro(begin + wait + process)), if(open, NULL, 'done'),
    wait / 1e6, if(open, NULL, process / 1e6), if(open, NULL, 0), if(open, NULL, 0),
    cityHash64(number, 3) % 10 = 0, ['feature', 'defect', 'risk', 'debt'][item % 4 + 1], '',
    'v1', bitShiftLeft(toUInt64(1), 40) + 1, fromUnixTimestamp64Micro(begin + wait + process), false
FROM
(
    SELECT number, intDiv(number, {len(STEPS)}) AS item,
        concat('{STREAM}', if(item % {{streams}} = 0, '', toString(item % {{streams}}))) AS stream,
        toInt64({NOW_MICROS}) - {DAYS} * 86400000000 + {_SPAN} AS begin,
        toInt64(cityHash64(number, 1) % 86400000000) AS wait, toInt64(cityHash64(number, 2) % 36000000000) AS process,
        begin + wait + process > {NOW_MICROS} AS open
    FROM numbers({VISITS})
)
"""  # noqa: S608 - constants
METRIC: Final = "step_wait_seconds"
_SPANS: Final = """
SELECT toInt64(round(wait_seconds * 1000000)), toUnixTimestamp64Micro(finished_at) FROM vsm.step_visits_latest
WHERE value_stream = {stream:String} AND step = {step:String} AND finished_at IS NOT NULL
"""


def fill(directory: Path, streams: int) -> None:
    """Write the visits, spread over so many streams, as a store at rest holds them: merged."""
    store = open_embedded(directory)
    try:
        apply(store)
        store.command(_FILL.format(streams=streams))
        store.command("OPTIMIZE TABLE vsm.step_visits_latest FINAL")
        measure(store)
    finally:
        store.close()


def measure(store: ClickHouse, step: str = "Review") -> None:
    """Write what a step's waits come to, by the functions that the rolling measures use, of every wait one by one."""
    waits = store.rows(_SPANS, {"stream": STREAM, "step": step})
    measurements = []
    for window, start in zip(LENGTHS, window_starts(NOW_MICROS), strict=True):
        cell: Cell = {}
        for wait, ended in waits:
            if start <= ended <= NOW_MICROS:
                put(cell, codes.duration(codes.WAIT, wait), 1)
        held = Held(cell)
        measurements += [
            Measurement(
                measured_at=NOW_MICROS, value_stream=STREAM, step=step, metric=METRIC, window=window,
                statistic=said.statistic, value=said.value, n=said.n, lower=said.lower, upper=said.upper,
                definition_version="v1", generation=1,
            )
            for said in durations(held, codes.WAIT, held.count(codes.WAIT))
        ]  # fmt: skip
    table = next(each for each in TABLES if each.kind is Measurement)
    store.insert(table.name, block(table, measurements), table.name)
