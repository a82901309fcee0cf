"""Migrations: in order, once, unchanged."""

from __future__ import annotations

import msgspec
import pytest

from sinks.clickhouse.client import ClickHouse
from sinks.clickhouse.migrate import Migration, MigrationChanged, apply, migrations
from sinks.clickhouse.rows import TABLES, Table


def test_numbers_run_without_a_gap() -> None:
    """Migrations count from 1 without a gap, so that none is lost on the way."""
    assert [migration.number for migration in migrations()] == list(range(1, len(migrations()) + 1))


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_the_sink_fills_every_column(engine: ClickHouse, table: Table) -> None:
    """A table has the columns its values fill, and none besides but those it computes itself."""
    found = engine.rows(
        f"SELECT name FROM system.columns WHERE database = 'vsm' AND table = '{table.name}' AND default_kind = ''"  # noqa: S608 - literal names
    )
    assert {name for (name,) in found} == {column.name for column in table.columns}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_table_is_sorted_by_identity_first(engine: ClickHouse, table: Table) -> None:
    """Replays collapse because every table's key begins with what makes two rows the same thing."""
    ((key,),) = engine.rows(f"SELECT sorting_key FROM system.tables WHERE database = 'vsm' AND name = '{table.name}'")  # noqa: S608 - literal names
    assert tuple(part.strip("` ") for part in key.split(","))[: len(table.identity)] == table.identity


def test_every_column_says_what_it_is(engine: ClickHouse) -> None:
    """No column of a table is without a comment."""
    found = engine.rows(
        "SELECT c.table, c.name FROM system.columns AS c JOIN system.tables AS t "
        "ON c.database = t.database AND c.table = t.name "
        "WHERE c.database = 'vsm' AND c.comment = '' AND t.engine LIKE '%MergeTree'"
    )
    assert found == []


def test_a_changed_applied_migration_is_an_error(blank: ClickHouse) -> None:
    """What was applied may not be rewritten: the database would no longer be what the files say."""
    first, *_ = migrations()
    apply(blank, [first])
    with pytest.raises(MigrationChanged, match=first.name):
        apply(blank, [msgspec.structs.replace(first, text=first.text + "\n-- changed")])


def test_a_database_of_a_newer_release_is_an_error(blank: ClickHouse) -> None:
    """An older release does not write into tables it does not know."""
    first, second, *_ = migrations()
    apply(blank, [first, second])
    with pytest.raises(MigrationChanged, match="newer release"):
        apply(blank, [first])


@pytest.mark.parametrize("cut", migrations(), ids=lambda migration: migration.name)
def test_an_interrupted_migration_is_run_again(blank: ClickHouse, cut: Migration) -> None:
    """A migration that was cut short just before it was noted goes through at the next start."""
    apply(blank, migrations()[: cut.number - 1])
    for statement in cut.statements:
        blank.command(statement)
    applied = apply(blank)
    assert applied == [migration.name for migration in migrations()[cut.number - 1 :]]


def test_what_was_measured_before_generations_stays_on_show(blank: ClickHouse) -> None:
    """Measurements of a database that knew no generations are current until new ones come."""
    apply(blank, migrations()[:9])
    blank.command(
        "INSERT INTO vsm.measurements (measured_at, value_stream, step, metric, statistic, value, n) "
        "VALUES ('2026-01-01 00:00:00', 's', 'Review', 'step_completions', 'count', 3, 3)"
    )
    apply(blank)
    assert blank.rows("SELECT step, value FROM vsm.measurements_current") == [("Review", 3.0)]


def test_swaps_before_they_were_kept_are_not_forgotten(blank: ClickHouse) -> None:
    """The generation an old database shows is known to have been activated when it was, the first one before it."""
    apply(blank, migrations()[:9])
    blank.command("INSERT INTO vsm.active (generation, activated_at) VALUES (2, '2026-01-01 00:00:00')")
    blank.command("OPTIMIZE TABLE vsm.active FINAL")
    apply(blank)
    found = blank.rows("SELECT generation FROM vsm.activations FINAL ORDER BY activated_at")
    assert found == [(1,), (2,)]


def test_a_new_migration_is_applied_to_an_old_database(blank: ClickHouse) -> None:
    """A new release brings old data up to its schema, by what is missing alone."""
    added = Migration(number=99, name="099_more.sql", text="CREATE TABLE vsm.more (a UInt8) ENGINE = Memory;\n")
    apply(blank)
    applied = apply(blank, [*migrations(), added])
    assert applied == ["099_more.sql"]
