"""Fills an embedded store with ten million visits, and with what was measured of them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sinks.clickhouse.client import open_embedded
from sinks.clickhouse.migrate import apply

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
_MEASURE: Final = f"""
INSERT INTO vsm.measurements
    (measured_at, value_stream, step, metric, window, statistic, kind, environment, service, value, n,
     definition_version, generation)
SELECT toDateTime('{NOW}', 'UTC'), '{STREAM}', step, 'step_wait_seconds', arrayJoin(['30d', '90d']), 'p85', '', '',
    '', 1, 1, 'v1', 1
FROM (SELECT arrayJoin({list(STEPS)!r}) AS step)
"""  # noqa: S608 - constants


def fill(directory: Path, streams: int) -> None:
    """Write the visits, spread over so many streams, as a store at rest holds them: merged."""
    store = open_embedded(directory)
    try:
        apply(store)
        store.command(_FILL.format(streams=streams))
        store.command("OPTIMIZE TABLE vsm.step_visits_latest FINAL")
        store.command(_MEASURE)
    finally:
        store.close()
