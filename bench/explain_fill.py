"""Fills an embedded store with ten million visits, what they are of (items, changes, deployments) and come to."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from insights.explain import questions as ask
from insights.explain.reading_of import reads
from metrics.recompute import Asked, recompute
from schemas.derived import Derived
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
BATCH: Final = 8
"""Changes that a deployment carries."""

_SPAN: Final = f"toInt64(intDiv(item * {DAYS * 86_400}, {VISITS // len(STEPS)})) * 1000000"
_FILL: Final = f"""
INSERT INTO vsm.step_visits_latest
    (value_stream, item_id, step, visit, subject_id, counted, queued_at, started_at, finished_at, outcome,
     wait_seconds, process_seconds, blocked_seconds, unaccounted_seconds, returned, kind, evidence,
     definition_version, revision, known_at, withdrawn)
SELECT
    '{STREAM}', concat('ticket:jira/CHK-', leftPad(toString(cityHash64(item) % 100000000), 8, '0'), toString(item)),
    {list(STEPS)!r}[number % {len(STEPS)} + 1], 1, concat('change:github.com/acme/app/', toString(item)), true,
    fromUnixTimestamp64Micro(begin), fromUnixTimestamp64Micro(begin + wait),
    if(open, NULL, fromUnixTimestamp64Micro(begin + wait + process)), if(open, NULL, 'done'),
    wait / 1e6, if(open, NULL, process / 1e6), if(open, NULL, 0), if(open, NULL, 0),
    cityHash64(number, 3) % 10 = 0, ['feature', 'defect', 'risk', 'debt'][item % 4 + 1], '',
    'v1', bitShiftLeft(toUInt64(1), 40) + 1, fromUnixTimestamp64Micro(begin + wait + process), false
FROM
(
    SELECT number, intDiv(number, {len(STEPS)}) AS item,
        toInt64({NOW_MICROS}) - {DAYS} * 86400000000 + {_SPAN} AS begin,
        toInt64(cityHash64(number, 1) % 86400000000) AS wait, toInt64(cityHash64(number, 2) % 36000000000) AS process,
        begin + wait + process > {NOW_MICROS} AS open
    FROM numbers({VISITS})
)
"""  # noqa: S608 - constants
_ITEM: Final = "concat('ticket:jira/CHK-', leftPad(toString(cityHash64(item) % 100000000), 8, '0'), toString(item))"
_LIVES: Final = f"""
    SELECT number AS item, toInt64({NOW_MICROS}) - {DAYS} * 86400000000
            + toInt64(intDiv(item * {DAYS * 86_400}, {VISITS // len(STEPS)})) * 1000000 AS begin,
        toInt64(cityHash64(number, 1) % 864000000000) AS wait, toInt64(cityHash64(number, 2) % 360000000000) AS process,
        begin + wait + process > {NOW_MICROS} AS open, begin + wait + process AS done
    FROM numbers({VISITS // len(STEPS)})
"""  # noqa: S608 - constants
_KNOWN: Final = "'v1', bitShiftLeft(toUInt64(1), 40) + 1, fromUnixTimestamp64Micro(done), false"
_ITEMS: Final = f"""
INSERT INTO vsm.work_items_latest
    (value_stream, item_id, kind, created_at, started_at, finished_at, process_seconds, wait_seconds, blocked_seconds,
     unaccounted_seconds, path_process_seconds, effort_seconds, handoffs, definition_version, revision, known_at,
     withdrawn)
SELECT
    '{STREAM}', {_ITEM}, ['feature', 'defect', 'risk', 'debt'][item % 4 + 1], fromUnixTimestamp64Micro(begin),
    fromUnixTimestamp64Micro(begin), if(open, NULL, fromUnixTimestamp64Micro(done)), if(open, NULL, process / 1e6),
    if(open, NULL, wait / 1e6), if(open, NULL, 0), if(open, NULL, 0), if(open, NULL, process / 1e6),
    if(open, NULL, process / 1e6), if(open, NULL, toUInt32(cityHash64(item, 3) % 5)), {_KNOWN}
FROM ({_LIVES})
"""  # noqa: S608 - constants
_CHANGES: Final = f"""
INSERT INTO vsm.changes_latest
    (value_stream, change_id, service, environment, repository, item_ids, first_commit_at, opened_at,
     first_reviewed_at, merged_at, deployed_at, deployment_id, left_censored, definition_version, revision, known_at,
     withdrawn)
SELECT
    '{STREAM}', concat('change:github.com/acme/app/', toString(item)), ['web', 'api', 'mail'][item % 3 + 1],
    'production', 'github.com/acme/app', [{_ITEM}], fromUnixTimestamp64Micro(begin),
    fromUnixTimestamp64Micro(begin + intDiv(wait, 4)), fromUnixTimestamp64Micro(begin + intDiv(wait, 2)),
    fromUnixTimestamp64Micro(begin + wait), if(open, NULL, fromUnixTimestamp64Micro(done)),
    if(open, NULL, concat('deployment:argocd/', toString(intDiv(item, {BATCH})))), false, {_KNOWN}
FROM ({_LIVES})
"""  # noqa: S608 - constants
_DEPLOYMENTS: Final = f"""
INSERT INTO vsm.deployments_latest
    (value_stream, deployment_id, service, environment, started_at, finished_at, outcome, is_rework, caused_incident,
     left_censored, change_ids, attribution, confidence, definition_version, revision, known_at, withdrawn)
SELECT
    '{STREAM}', concat('deployment:argocd/', toString(intDiv(item, {BATCH}))), ['web', 'api', 'mail'][item % 3 + 1],
    'production', fromUnixTimestamp64Micro(begin), fromUnixTimestamp64Micro(begin), if(item % 17 = 0, 'failure',
    'success'), false, item % 11 = 0, false,
    arrayMap(n -> concat('change:github.com/acme/app/', toString(item + n)), range({BATCH})),
    if(item % 11 = 0, 'explicit', ''), if(item % 11 = 0, 1, 0), {_KNOWN}
FROM ({_LIVES}) WHERE item % {BATCH} = 0
"""  # noqa: S608 - constants
_FILLS: Final = {
    "step_visits_latest": _FILL,
    "work_items_latest": _ITEMS,
    "changes_latest": _CHANGES,
    "deployments_latest": _DEPLOYMENTS,
}


def fill(directory: Path, questions: Iterable[Asked]) -> None:
    """Write the rows as a store at rest holds them, merged, and the measurements that the questions are about."""
    store = open_embedded(directory)
    try:
        apply(store)
        for table, sql in _FILLS.items():
            store.command(sql)
            store.command(f"OPTIMIZE TABLE vsm.{table} FINAL")
        for asked in questions:
            _measure(store, asked)
    finally:
        store.close()


def _measure(store: ClickHouse, asked: Asked) -> None:
    """Write what a series comes to, by the functions that define it, of its rows one by one."""
    told = ask.parameters(asked, asked.start)
    (kind,) = ask.kinds_of(asked, reads(asked))
    rows: Iterable[Derived] = ask.rows_of(kind, STREAM, store.rows(ask.rows_sql(kind), told))
    seen = 0 if asked.window else int(str(store.rows(ask.seen_sql(kind), told)[0][0]))
    measurements = [
        Measurement(
            measured_at=NOW_MICROS, value_stream=STREAM, step=said.step or asked.step, metric=asked.metric.name,
            window=asked.window, statistic=said.statistic, kind=said.kind, environment=asked.environment,
            value=said.value, n=said.n, lower=said.lower, upper=said.upper, definition_version="v1", generation=1,
        )
        for said in recompute(rows, asked, seen)
    ]  # fmt: skip
    table = next(each for each in TABLES if each.kind is Measurement)
    store.insert(table.name, block(table, measurements), f"{asked.metric.name}/{asked.window}")
