"""The ClickHouse sink on a real log and the real engine."""

from __future__ import annotations

from schemas import topics
from schemas.dead_letter import DeadLetterReason
from schemas.letter_keys import open_letter
from schemas.log import Log, Outgoing
from sinks.clickhouse.client import ClickHouse, StoreUnavailable
from sinks.clickhouse.pump import GROUP
from tests.builders.derived_rows import fact, letter, measured, visit
from tests.builders.pumping import CODEC, Pumping, append, committed, wait_until
from vsm.erasure.letters import read_letters

VISITS = topics.STEP_VISITS.name


def count(store: ClickHouse, table: str) -> int:
    """Return a table's rows, each once."""
    return int(store.rows(f"SELECT count() FROM vsm.{table} FINAL")[0][0])  # noqa: S608 - literal names


def test_every_record_becomes_a_row(log: Log, embedded: ClickHouse) -> None:
    """Records of several topics and partitions all arrive, in more batches than one."""
    append(log, [visit(f"i{number}", value_stream=f"s{number % 7}") for number in range(350)])
    append(log, [measured(), fact(), letter()], partition=0)
    with Pumping(log, embedded):
        wait_until(lambda: count(embedded, "step_visits") == 350 and count(embedded, "dead_letters") == 1)
    found = [count(embedded, table) for table in ("step_visits", "measurements", "flow_events")]
    assert found == [350, 1, 1]


def test_large_records_do_not_wait_for_many(log: Log, embedded: ClickHouse) -> None:
    """A batch is written once its records are large enough, however few and young they are: memory stays bounded."""
    append(log, [letter(f"l{number}", detail="x" * 1000) for number in range(5)], partition=0)
    with Pumping(log, embedded, batch_bytes=4000, flush_seconds=3600):
        wait_until(lambda: count(embedded, "dead_letters") == 5)
    assert committed(log, GROUP, topics.DEAD_LETTERS.name, 0) == 5


def test_offsets_follow_the_rows(log: Log, embedded: ClickHouse) -> None:
    """When the sink has ended, what it wrote is committed and nothing is read twice."""
    append(log, [visit(f"i{number}") for number in range(250)], partition=2)
    with Pumping(log, embedded):
        wait_until(lambda: count(embedded, "step_visits") == 250)
    assert committed(log, GROUP, VISITS, 2) == 250


class Deaf(ClickHouse):
    """A store that is away until `back` is set, and remembers the blocks it was offered."""

    def __init__(self, store: ClickHouse) -> None:
        super().__init__(store._client)
        self.back = False
        self.offered: list[tuple[str, int, str]] = []

    def insert(self, table: str, block: object, token: str) -> None:
        """Refuse for now, or insert."""
        self.offered.append((table, getattr(block, "num_rows", -1), token))
        if not self.back:
            raise StoreUnavailable("away", 252)
        super().insert(table, block, token)


def test_an_outage_commits_nothing_and_dead_letters_nothing(log: Log, embedded: ClickHouse) -> None:
    """While the store is away offsets stand still, and no record becomes a dead letter."""
    append(log, [visit(f"i{number}") for number in range(50)], partition=1)
    store = Deaf(embedded)
    with Pumping(log, store):
        wait_until(lambda: len(store.offered) > 2)
    assert (committed(log, GROUP, VISITS, 1), log.end_offsets(topics.DEAD_LETTERS.name)) == (None, [0, 0, 0, 0])


def test_an_outage_keeps_memory_flat_and_shows(log: Log, embedded: ClickHouse) -> None:
    """The sink reads no further than one batch while the store is away; the lag and the outage are on the page."""
    append(log, [visit(f"i{number}") for number in range(1000)], partition=1)
    store = Deaf(embedded)
    with Pumping(log, store, batch_rows=100) as pumping:
        wait_until(lambda: len(store.offered) > 2)
        lag = pumping.telemetry.registry.get_sample_value("vsm_sinks_lag_records", {"sink": "clickhouse"})
        shown = (pumping.gauge("vsm_sinks_rows_waiting"), pumping.gauge("vsm_sinks_outage"), lag, pumping.pump.ready())
    assert shown == (100.0, 1.0, 900.0, False)


def test_the_same_block_is_offered_until_it_is_taken(log: Log, embedded: ClickHouse) -> None:
    """A refused block comes again unchanged, token and all, and everything drains once the store is back."""
    append(log, [visit(f"i{number}") for number in range(300)], partition=1)
    store = Deaf(embedded)
    with Pumping(log, store, batch_rows=100):
        wait_until(lambda: len(store.offered) > 2)
        refused = set(store.offered)
        store.back = True
        wait_until(lambda: count(embedded, "step_visits") == 300)
    assert (len(refused), count(embedded, "step_visits")) == (1, 300)


def test_bytes_that_are_no_visit_become_a_dead_letter(log: Log, embedded: ClickHouse) -> None:
    """A bad record is kept with its place and reason, its neighbours arrive, and the partition goes on."""
    append(log, [visit("before")], partition=3)
    log.append_and_wait([Outgoing(VISITS, 3, b"bad", b"\xc3\x01 no such thing")])
    append(log, [visit("after")], partition=3)
    with Pumping(log, embedded):
        wait_until(lambda: count(embedded, "dead_letters") == 1 and count(embedded, "step_visits") == 2)
    found = embedded.rows("SELECT stage, reason, topic, partition, `offset` FROM vsm.dead_letters")
    assert found == [("sinks", DeadLetterReason.UNKNOWN_SCHEMA, VISITS, 3, 1)]


def test_a_bad_flow_event_is_left_to_the_processors(log: Log, embedded: ClickHouse) -> None:
    """Two rooms read flow events; only the processors make dead letters of the bad ones."""
    log.append_and_wait([Outgoing(topics.FLOW_EVENTS.name, 0, b"bad", b"poison")])
    with Pumping(log, embedded):
        wait_until(lambda: committed_end(log))
    assert list(log.end_offsets(topics.DEAD_LETTERS.name)) == [0, 0, 0, 0]


def committed_end(log: Log) -> bool:
    """Return whether the bad flow event was passed."""
    return log.end_offsets(topics.FLOW_EVENTS.name)[0] == 1


def test_a_dead_letter_of_the_sink_can_be_opened(log: Log, embedded: ClickHouse) -> None:
    """The record's bytes are in the log, sealed, so that a fixed release can try them again."""
    log.append_and_wait([Outgoing(topics.INCIDENTS.name, 0, b"bad", b"poison")])
    with Pumping(log, embedded):
        wait_until(lambda: count(embedded, "dead_letters") == 1)
    found = read_letters(log, CODEC)
    assert [open_letter(letter, found.keys, b"k" * 32) for letter in found.whole] == [b"poison"]


def test_tombstones_make_no_row(log: Log, embedded: ClickHouse) -> None:
    """A removed key is passed over and committed."""
    log.append_and_wait([Outgoing(VISITS, 0, b"gone", None)])
    append(log, [visit("a")], partition=0)
    with Pumping(log, embedded):
        wait_until(lambda: count(embedded, "step_visits") == 1)
    assert committed(log, GROUP, VISITS, 0) == 2


def test_a_refusal_for_good_ends_the_sink(log: Log, embedded: ClickHouse) -> None:
    """A block that no retry will help ends the sink loudly, with nothing committed."""

    class Strict(Deaf):
        def insert(self, table: str, block: object, token: str) -> None:
            super().insert(f"no_{table}", block, token)

    store = Strict(embedded)
    store.back = True
    append(log, [visit("a")], partition=0)
    with Pumping(log, store) as pumping:
        wait_until(lambda: pumping.failure is not None)
    assert (type(pumping.failure).__name__, committed(log, GROUP, VISITS, 0)) == ("BlockRefused", None)
