"""What the read-only front refuses."""

from __future__ import annotations

import pytest

from sinks.clickhouse.client import ClickHouse
from sinks.clickhouse.statement import OUTSIDE, refusal

ALLOWED = (
    "SELECT count() FROM vsm.step_visits_current",
    "  -- a comment\n WITH a AS (SELECT 1) SELECT * FROM a;",
    "(SELECT 1) UNION ALL (SELECT 2)",
    "SHOW TABLES FROM vsm",
    "DESCRIBE vsm.step_visits",
    "EXPLAIN SELECT 1",
    "EXISTS TABLE vsm.active",
    "SELECT subject_url, 'https://x/(y)' FROM vsm.flow_events_current",
    "SELECT * FROM vsm.step_visits_as_of(at = '2026-01-01 00:00:00')",
    "SELECT number FROM numbers(3)",
    "SELECT toDate(occurred_at) AS `day` FROM vsm.flow_events",
)

REFUSED = (
    "INSERT INTO vsm.active VALUES (1)",
    "DROP TABLE vsm.active",
    "SET readonly = 0",
    "KILL QUERY WHERE 1",
    "SYSTEM FLUSH LOGS",
    "BACKUP DATABASE vsm TO File('/tmp/x')",
    "SELECT file('/etc/passwd')",
    "SELECT * FROM file ('/etc/passwd', 'LineAsString')",
    "SELECT FILE(\n'/etc/passwd')",
    "SELECT file/**/('/etc/passwd')",
    "SELECT file -- x\n('/etc/passwd')",
    "SELECT file\u00a0('/etc/passwd')",
    "SELECT `file`('/etc/passwd')",
    "SELECT `\\x66ile`('/etc/passwd')",
    "SELECT \"file\" /* x */ ('/etc/passwd')",
    "DESCRIBE TABLE url('http://127.0.0.1:1/', 'CSV')",
    "SELECT * FROM s3('http://127.0.0.1:1/b/x', 'CSV')",
    "SELECT * FROM remote('127.0.0.1:1', 'system.one')",
    "SELECT * FROM Python(x)",
    "SELECT * FROM deltaLakeLocal('/x')",
    "SELECT aiGenerate('x')",
    "SELECT reverseDNSQuery('127.0.0.1')",
    "SELECT 1 INTO OUTFILE '/tmp/x'",
    "SELECT 1; SELECT 2",
    "",
    "/* nothing */",
)

TABLE_FUNCTIONS_INSIDE = {
    "format", "fuzzjson", "fuzzquery", "generaterandom", "generateseries", "generate_series", "merge", "null",
    "numbers", "numbers_mt", "primes", "sqlstandardvalues", "values", "view", "viewexplain", "zeros", "zeros_mt",
}  # fmt: skip


@pytest.mark.parametrize("sql", ALLOWED)
def test_reading_the_tables_is_allowed(sql: str) -> None:
    """A query of the tables runs."""
    assert refusal(sql) is None


@pytest.mark.parametrize("sql", REFUSED)
def test_what_writes_or_reaches_outside_is_refused(sql: str) -> None:
    """Writing, reading files and calling other hosts are refused, however they are spelled."""
    assert refusal(sql) is not None


def test_every_table_function_of_the_engine_is_judged(engine: ClickHouse) -> None:
    """A table function the engine knows is refused, or is on the list of those that stay inside."""
    names = [name for (name,) in engine.rows("SELECT name FROM system.table_functions")]
    open_ones = {name.lower() for name in names if refusal(f"SELECT * FROM {name}(1)") is None}  # noqa: S608 - literal names
    assert open_ones - TABLE_FUNCTIONS_INSIDE == set()


def test_the_list_of_names_is_in_order() -> None:
    """The list stays readable: in alphabetical order, no name twice."""
    assert list(OUTSIDE) == sorted(set(OUTSIDE), key=str.lower)
