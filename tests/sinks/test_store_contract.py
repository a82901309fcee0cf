"""What the tables promise, on the embedded engine and on a server over HTTP."""

from __future__ import annotations

import msgspec
import pytest

from schemas.derived import StepVisit, revision
from schemas.measurement import Measurement
from sinks.clickhouse.active import activate, active
from sinks.clickhouse.checksum import checksums
from sinks.clickhouse.client import BlockRefused, ClickHouse
from sinks.clickhouse.migrate import apply
from sinks.clickhouse.rows import TABLES, Table, block
from tests.builders.derived_rows import SECOND, T0, fact, letter, measured, one_of_each, visit
from tests.builders.pumping import wait_until

BY_NAME = {table.name: table for table in TABLES}


def put(store: ClickHouse, *visits: StepVisit, token: str = "") -> None:
    """Insert visits as one block."""
    store.insert("step_visits", block(BY_NAME["step_visits"], visits), token or msgspec.json.encode(visits).hex())


class StoreContract:
    """Every test gets `store`, migrated and empty."""

    def test_unknown_is_null_and_times_are_utc_micros(self, store: ClickHouse) -> None:
        """A visit's unknown spans come back as NULL, its known ones as seconds, its times to the microsecond."""
        put(store, visit(queued_at=T0 + 1, wait_micros=1_500_000))
        ((wait, process, queued),) = store.rows(
            "SELECT wait_seconds, process_seconds, toUnixTimestamp64Micro(queued_at) FROM vsm.step_visits_current"
        )
        assert (wait, process, queued) == (1.5, None, T0 + 1)

    @pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
    def test_every_table_takes_its_value(self, store: ClickHouse, table: Table) -> None:
        """A value with every field filled arrives in its table with no column empty."""
        store.insert(table.name, block(table, [one_of_each()[table.name]]), "t")
        named = ", ".join(f"`{column.name}`" for column in table.columns if column.name != "withdrawn")
        (row,) = store.rows(f"SELECT {named} FROM vsm.{table.name}")  # noqa: S608 - literal names
        assert [cell for cell in row if cell in (None, "", [], {})] == []

    def test_the_same_block_twice_is_there_once(self, store: ClickHouse) -> None:
        """A block that is tried again after it went in doubles nothing, not even unmerged rows."""
        put(store, visit(), token="same")
        put(store, visit(), token="same")
        found = store.rows("SELECT (SELECT count() FROM vsm.step_visits), (SELECT count() FROM vsm.step_visits_latest)")
        assert found == [(1, 1)]

    def test_a_replay_in_other_blocks_changes_nothing(self, store: ClickHouse) -> None:
        """The same rows under other tokens collapse by their keys."""
        put(store, visit("a"), visit("b"), token="one")
        put(store, visit("b"), token="two")
        put(store, visit("a"), visit("b"), token="three")
        assert store.rows("SELECT count(), uniqExact(item_id) FROM vsm.step_visits_current") == [(2, 2)]

    def test_revisions_out_of_order(self, store: ClickHouse) -> None:
        """The highest revision stands, whenever it arrived."""
        for progress in (2, 3, 1):
            put(store, visit(progress=progress, outcome=f"at {progress}"))
        assert store.rows("SELECT outcome FROM vsm.step_visits_current") == [("at 3",)]

    def test_withdrawn_rows_are_hidden(self, store: ClickHouse) -> None:
        """What is no longer derived leaves the current view and stays in the history."""
        put(store, visit(progress=1))
        put(store, visit(progress=2, withdrawn=True))
        found = store.rows(
            "SELECT (SELECT count() FROM vsm.step_visits_current), (SELECT count() FROM vsm.step_visits FINAL)"
        )
        assert found == [(0, 2)]

    def test_the_active_generation_is_what_views_show(self, store: ClickHouse) -> None:
        """A new generation is written beside the old one and shown after one insert."""
        put(store, visit("old", generation=1, progress=9))
        put(store, visit("new", generation=2, progress=1))
        before = store.rows("SELECT item_id FROM vsm.step_visits_current")
        activate(store, 2, T0)
        after = store.rows("SELECT item_id FROM vsm.step_visits_current")
        assert (before, after) == ([("old",)], [("new",)])

    def test_the_newest_activation_wins(self, store: ClickHouse) -> None:
        """Going back to an earlier generation is one insert too."""
        for generation in (2, 5, 3):
            activate(store, generation, T0)
        assert active(store) == 3

    def test_the_table_of_the_active_generation_has_one_row(self, store: ClickHouse) -> None:
        """Whoever reads the table after a swap sees the new generation alone."""
        activate(store, 2, T0)
        assert store.rows("SELECT generation FROM vsm.active") == [(2,)]

    def test_a_swap_is_one_insert(self, store: ClickHouse) -> None:
        """An insert by hand is shown at once, and its row is the only one soon after."""
        store.command("INSERT INTO vsm.active (generation) VALUES (4)")
        shown = active(store)
        wait_until(lambda: store.rows("SELECT generation FROM vsm.active") == [(4,)], 30)
        assert shown == 4

    def test_reading_a_past_day(self, store: ClickHouse) -> None:
        """The as-of view shows what was known at a time, and nothing learnt later."""
        put(store, visit(progress=1, outcome="first"), visit(progress=5, outcome="second"))
        at = (T0 + 3 * SECOND) / SECOND
        found = store.rows(
            f"SELECT outcome FROM vsm.step_visits_as_of(at = fromUnixTimestamp64Micro({int(at * SECOND)}))"  # noqa: S608 - literal names
        )
        assert found == [("first",)]

    @pytest.mark.parametrize(
        ("seconds", "item"), [(3, "as it was"), (6, "as it was"), (7, "as it was"), (8, "anew"), (20, "anew")]
    )
    def test_a_past_day_is_read_as_it_was_shown(self, store: ClickHouse, seconds: int, item: str) -> None:
        """A new generation, whatever times of knowledge its rows have, changes nothing of the days before its swap."""
        put(store, visit("as it was", progress=2), visit("as it was", progress=5, withdrawn=True, generation=2))
        put(store, visit("anew", progress=2, generation=2), visit("anew", progress=5, generation=2))
        activate(store, 2, T0 + 8 * SECOND)
        at = T0 + seconds * SECOND
        found = store.rows(f"SELECT item_id FROM vsm.step_visits_as_of(at = fromUnixTimestamp64Micro({at}))")  # noqa: S608 - literal names
        assert found == [(item,)]

    @pytest.mark.parametrize("table", ["work_items", "changes", "deployments", "incidents"])
    def test_every_table_is_read_as_it_was_shown(self, store: ClickHouse, table: str) -> None:
        """Each entity table gives a past day by the generation that was active then."""
        old = one_of_each()[table]
        new = msgspec.structs.replace(old, revision=revision(2, 1), definition_version="v2")
        store.insert(table, block(BY_NAME[table], [old, new]), "t")
        activate(store, 2, T0 + 8 * SECOND)
        asked = (
            f"SELECT definition_version FROM vsm.{table}_as_of(at = fromUnixTimestamp64Micro({at}))"  # noqa: S608 - literal names
            for at in (T0 + SECOND, T0 + 9 * SECOND)
        )
        assert [store.rows(sql) for sql in asked] == [[("v1",)], [("v2",)]]

    def test_going_back_to_a_generation_is_remembered(self, store: ClickHouse) -> None:
        """Each stretch between two swaps is read by what was active in it, also when an earlier one came back."""
        put(store, visit("one"), visit("two", generation=2))
        for second, generation in ((4, 2), (6, 1)):
            activate(store, generation, T0 + second * SECOND)
        asked = (
            f"SELECT item_id FROM vsm.step_visits_as_of(at = fromUnixTimestamp64Micro({T0 + second * SECOND}))"  # noqa: S608 - literal names
            for second in (3, 5, 7)
        )
        assert [store.rows(sql) for sql in asked] == [[("one",)], [("two",)], [("one",)]]

    def test_the_newest_measurement_of_each_series(self, store: ClickHouse) -> None:
        """A series shows its newest value, unknown included; another series is untouched by it."""
        table = BY_NAME["measurements"]
        values = [measured(1.0, measured_at=T0 + SECOND), measured(None), measured(3.0, statistic="p85")]
        store.insert("measurements", block(table, values), "m")
        store.insert("measurements", block(table, [measured(None, measured_at=T0 + 2 * SECOND)]), "n")
        found = store.rows("SELECT statistic, value FROM vsm.measurements_current ORDER BY statistic")
        assert found == [("p50", None), ("p85", 3.0)]

    def test_measurements_follow_the_active_generation(self, store: ClickHouse) -> None:
        """A generation is measured unseen until the swap; a step that it dropped is gone with it."""
        table = BY_NAME["measurements"]
        old = [measured(1.0, generation=1), measured(2.0, step="Dropped", generation=1)]
        store.insert("measurements", block(table, [*old, measured(3.0, generation=2)]), "m")
        sql = "SELECT step, value FROM vsm.measurements_current ORDER BY step"
        before = store.rows(sql)
        activate(store, 2, T0)
        assert (before, store.rows(sql)) == ([("Dropped", 2.0), ("Review", 1.0)], [("Review", 3.0)])

    def test_measurements_that_say_no_generation_stand_until_the_active_one_is_measured(
        self, store: ClickHouse
    ) -> None:
        """What an earlier release measured is shown, stream by stream, as long as there is nothing newer to show."""
        table = BY_NAME["measurements"]
        store.insert("measurements", block(table, [measured(1.0), measured(2.0, value_stream="billing")]), "m")
        store.insert("measurements", block(table, [measured(3.0, step="Build", generation=1)]), "n")
        found = store.rows("SELECT value_stream, value FROM vsm.measurements_current ORDER BY value_stream")
        assert found == [("billing", 2.0), ("checkout", 3.0)]

    def test_what_was_measured_is_read_as_it_was_shown(self, store: ClickHouse) -> None:
        """Series by series what the current view showed at each time, across a swap, back again, and twice a second."""
        history: list[tuple[int, list[Measurement]]] = [
            (0, [measured(1.0), measured(2.0, step="Dropped"), measured(7.0, value_stream="billing")]),
            (0, [measured(3.0, generation=1)]),
            (0, [measured(4.0, generation=1), measured(40.0, generation=2)]),
            (2, []),
            (0, [measured(5.0, generation=2), measured(6.0, generation=2, value_stream="billing")]),
            (0, [measured(8.0, generation=2), measured(None, generation=2, statistic="p85")]),
            (1, []),
            (0, [measured(9.0, generation=3), measured(9.5, generation=3)]),
            (3, [measured(10.0, generation=3)]),
        ]
        columns = (
            "value_stream, step, statistic, value, n, definition_version, generation, toUnixTimestamp(measured_at)"
        )
        shown, told = [], []
        for second, (swap, values) in enumerate(history, 1):
            at = T0 + second * SECOND
            for number, value in enumerate(values):
                now = msgspec.structs.replace(value, measured_at=at)
                store.insert("measurements", block(BY_NAME["measurements"], [now]), f"{second}/{number}")
            activate(store, swap, at)
            shown.append(store.rows(f"SELECT {columns} FROM vsm.measurements_current ORDER BY ALL"))  # noqa: S608 - literal names
        for second in range(1, len(history) + 1):
            at = T0 + second * SECOND
            told.append(
                store.rows(
                    f"SELECT {columns} FROM vsm.measurements_as_of(at = fromUnixTimestamp64Micro({at})) ORDER BY ALL"  # noqa: S608 - literal names
                )
            )
        assert told == shown

    def test_of_two_copies_of_a_fact_the_earlier_stands(self, store: ClickHouse) -> None:
        """The smaller (received_at, delivery_id) wins whatever the order of arrival."""
        table = BY_NAME["flow_events"]
        for number, (received, delivery) in enumerate(((T0 + 1, "a"), (T0, "c"), (T0, "b"), (T0 + 2, "0"))):
            copy = fact(received_at=received, delivery=delivery)
            store.insert("flow_events", block(table, [copy]), str(number))
        assert store.rows("SELECT delivery_id FROM vsm.flow_events_current") == [("b",)]

    def test_a_dead_letter_has_no_body(self, store: ClickHouse) -> None:
        """The table names a dead letter and where it came from; the sealed body stays in the log."""
        store.insert("dead_letters", block(BY_NAME["dead_letters"], [letter(part=0), letter(part=1)]), "d")
        columns = store.rows("SELECT name FROM system.columns WHERE database = 'vsm' AND table = 'dead_letters'")
        assert ("body",) not in columns

    def test_checksums_forget_order_revision_and_known_at(self, store: ClickHouse) -> None:
        """Two runs with equal rows have equal checksums, whatever order, revisions and times of knowledge."""
        put(store, visit("a", progress=1), visit("b", progress=2))
        first = checksums(store.rows)
        store.command("TRUNCATE TABLE vsm.step_visits_latest")
        put(store, visit("b", progress=7), visit("a", progress=9))
        assert checksums(store.rows) == first

    def test_checksums_see_a_changed_row(self, store: ClickHouse) -> None:
        """A row that differs in a single unknown changes the checksum."""
        put(store, visit(progress=1))
        first = checksums(store.rows)
        put(store, visit(progress=2, gap_micros=0))
        assert checksums(store.rows)["step_visits"] != first["step_visits"]

    def test_migrating_again_does_nothing(self, store: ClickHouse) -> None:
        """A migrated database has nothing to apply."""
        assert apply(store) == []

    def test_a_missing_table_is_refused_for_good(self, store: ClickHouse) -> None:
        """A block for a table that is not there is a bug, not an outage."""
        with pytest.raises(BlockRefused):
            store.insert("nowhere", block(BY_NAME["incidents"], []), "x")


class TestEmbedded(StoreContract):
    @pytest.fixture
    def store(self, embedded: ClickHouse) -> ClickHouse:
        """The engine in this process."""
        return embedded


class TestOverHttp(StoreContract):
    @pytest.fixture
    def store(self, remote: ClickHouse) -> ClickHouse:
        """The engine in another process, by URL."""
        return remote
