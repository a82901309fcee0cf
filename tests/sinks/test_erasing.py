"""What was to be forgotten leaves the tables: rows by their tombstones, events and entities by orders in the log."""

from __future__ import annotations

import msgspec
import pytest
from msgspec import Struct

from processors.outputs import identity
from schemas import topics
from schemas.derived import StepVisit, WorkItem, revision
from schemas.event import FlowEvent
from schemas.forgetting import forget_actor, forget_entity, forget_fact
from schemas.log import Log, Outgoing, Record
from sinks.clickhouse.client import ClickHouse
from sinks.clickhouse.pump import GROUP, Batch
from sinks.clickhouse.rows import BY_TOPIC
from tests.builders.derived_rows import T0, fact, letter, visit
from tests.builders.pumping import Pumping, append, wait_until

VISITS = topics.STEP_VISITS.name
EVENTS = topics.FLOW_EVENTS.name
PLANTED = "ticket:jira/PLANTED-1"


def rows(store: ClickHouse, what: str) -> list[object]:
    """Return the first column of a query's rows."""
    return [row[0] for row in store.rows(what)]


def key_of(row: StepVisit) -> bytes:
    """Return the key of a visit's record."""
    return topics.key(row.value_stream, identity(row))


def pumped(log: Log, store: ClickHouse, batch_rows: int) -> None:
    """Pump until everything in the first partitions is written."""
    names = (VISITS, EVENTS, topics.WORK_ITEMS.name, topics.DEAD_LETTERS.name)
    ends = {name: log.end_offsets(name)[0] for name in names}
    with Pumping(log, store, batch_rows=batch_rows) as pumping:
        wait_until(lambda: all((log.group_offsets(GROUP, name)[0] or 0) >= end for name, end in ends.items()))
        assert pumping.failure is None


@pytest.mark.parametrize("batch_rows", [1, 100])
def test_a_tombstone_erases_every_revision_of_its_row(log: Log, embedded: ClickHouse, batch_rows: int) -> None:
    """From the history and from the newest; what comes after it stands, and so do others."""
    stays, gone = visit("ticket:jira/A-1"), visit(PLANTED)
    append(log, [visit(PLANTED, progress=2), stays], partition=0)
    pumped(log, embedded, batch_rows)
    key = key_of(visit(PLANTED))
    append(log, [gone], partition=0)
    log.append_and_wait([Outgoing(VISITS, 0, key, None)])
    pumped(log, embedded, batch_rows)
    found = rows(embedded, "SELECT item_id FROM vsm.step_visits UNION ALL SELECT item_id FROM vsm.step_visits_latest")
    append(log, [visit(PLANTED, progress=9)], partition=0)
    pumped(log, embedded, batch_rows)

    again = rows(embedded, "SELECT item_id FROM vsm.step_visits_current ORDER BY 1")
    assert (found, again) == ([stays.item_id] * 2, [stays.item_id, PLANTED])


def test_rows_and_tombstones_by_turns_leave_the_last_word(log: Log, embedded: ClickHouse) -> None:
    """In one batch: of a key stands what came after its last tombstone, and no other row is touched."""
    key = key_of(visit(PLANTED))
    for progress in (2, 3, 4):
        append(log, [visit(PLANTED, progress=progress), visit(f"ticket:jira/A-{progress}")], partition=0)
        if progress < 4:
            log.append_and_wait([Outgoing(VISITS, 0, key, None)])
    pumped(log, embedded, 100)

    found = rows(embedded, "SELECT item_id || toString(bitAnd(revision, 15)) FROM vsm.step_visits ORDER BY 1")
    assert found == ["ticket:jira/A-21", "ticket:jira/A-31", "ticket:jira/A-41", f"{PLANTED}4"]


class Asked(Struct):
    """A value that counts how often its key is asked for."""

    number: int
    asked: list[int]

    @property
    def name(self) -> str:
        """Return its key."""
        self.asked.append(self.number)
        return str(self.number)


def test_many_tombstones_go_through_a_batch_once() -> None:
    """Each value is asked for its key once, whether it came before the first of them or after."""
    table, asked, batch = msgspec.structs.replace(BY_TOPIC[VISITS], key=("name",)), list[int](), Batch()
    for number in range(50):
        batch.add(table, record(number), Asked(number, asked), 0.0)
        if number > 20:
            batch.erase(table, record(number), 0.0)

    assert asked == list(range(50))


def test_a_tombstone_counts_towards_a_batch() -> None:
    """It has no bytes, and what it erases has to be held."""
    batch = Batch()
    batch.erase(BY_TOPIC[VISITS], record(1), 0.0)

    assert batch.rows == 1


def record(number: int) -> Record:
    """Return a tombstone."""
    return Record(VISITS, 0, number, str(number).encode(), None, T0)


def ordered(log: Log, *events: FlowEvent) -> None:
    """Append flow events to the first partition in their order."""
    append(log, events, partition=0)


@pytest.mark.parametrize("batch_rows", [1, 100])
def test_a_forgotten_fact_leaves_the_table_of_events(log: Log, embedded: ClickHouse, batch_rows: int) -> None:
    """What was before the order is gone, what came after it is there; the order itself makes no row."""
    first = [fact("e1"), fact("e2"), fact("e1", received_at=T0 + 1)]
    ordered(log, *first, forget_fact(fact("e1"), T0), forget_fact(fact("e2"), T0), fact("e2", received_at=T0 + 9))
    pumped(log, embedded, batch_rows)

    found = embedded.rows("SELECT event_id, toUnixTimestamp64Micro(received_at) FROM vsm.flow_events")
    assert found == [("e2", T0 + 9)]


@pytest.mark.parametrize("batch_rows", [1, 100])
def test_a_forgotten_actor_is_nobody(log: Log, embedded: ClickHouse, batch_rows: int) -> None:
    """The events stay; only that actor's are anonymous, and later ones are his again."""
    order = forget_actor("checkout", "hash-1", T0)
    ordered(log, fact("e1", actor="hash-1"), fact("e2", actor="hash-2"), order, fact("e3", actor="hash-1"))
    pumped(log, embedded, batch_rows)

    found = embedded.rows("SELECT event_id, actor FROM vsm.flow_events ORDER BY 1")
    assert found == [("e1", None), ("e2", "hash-2"), ("e3", "hash-1")]


@pytest.mark.parametrize("batch_rows", [1, 100])
def test_older_knowledge_of_an_entity_goes_and_newer_stays(log: Log, embedded: ClickHouse, batch_rows: int) -> None:
    """Rows that name it as themselves or in a list, up to the order's offset; rows that never named it stay."""
    items = [
        WorkItem(value_stream="checkout", item_id="ticket:jira/A-1", links=("change:x/1",), revision=revision(1, 5)),
        WorkItem(value_stream="checkout", item_id="ticket:jira/A-1", revision=revision(1, 7)),
        WorkItem(value_stream="checkout", item_id="change:x/1", withdrawn=True, revision=revision(1, 3)),
        WorkItem(value_stream="checkout", item_id="ticket:jira/B-1", links=("change:x/2",), revision=revision(1, 5)),
        WorkItem(value_stream="other", item_id="ticket:jira/A-1", links=("change:x/1",), revision=revision(1, 5)),
    ]
    append(log, items, partition=0)
    pumped(log, embedded, batch_rows)
    ordered(log, forget_entity("checkout", "change:x/1", 6, T0))
    pumped(log, embedded, batch_rows)

    found = embedded.rows("SELECT value_stream, item_id, bitAnd(revision, 15) FROM vsm.work_items ORDER BY ALL")
    assert found == [
        ("checkout", "ticket:jira/A-1", 7),
        ("checkout", "ticket:jira/B-1", 5),
        ("other", "ticket:jira/A-1", 5),
    ]


def test_a_dead_letters_tombstone_erases_its_parts(log: Log, embedded: ClickHouse) -> None:
    """By its id; a knock of an ingester erases nothing."""
    append(log, [letter("l1"), letter("l1", part=1, parts=2), letter("l2")], partition=0)
    dead = topics.DEAD_LETTERS.name
    log.append_and_wait([Outgoing(dead, 0, b"l1", None), Outgoing(dead, 0, b"knock", None)])
    pumped(log, embedded, 100)

    assert rows(embedded, "SELECT dead_letter_id FROM vsm.dead_letters") == ["l2"]


def test_rows_that_are_read_again_after_an_erasure_are_written_again(log: Log, embedded: ClickHouse) -> None:
    """A crash between writing and committing: the block after the tombstone is no repetition to ClickHouse."""
    log.append_and_wait([Outgoing(VISITS, 0, key_of(visit()), None)])
    append(log, [visit()], partition=0)
    pumped(log, embedded, 100)
    consumer = log.consumer(GROUP, (VISITS,))
    consumer.poll(1, 1.0)
    consumer.commit([(VISITS, 0, 0)])
    consumer.close()
    pumped(log, embedded, 100)

    assert rows(embedded, "SELECT count() FROM vsm.step_visits_current") == [1]


def test_no_mutation_names_what_it_deletes(log: Log, embedded: ClickHouse) -> None:
    """Their texts stay on disk for long."""
    append(log, [visit(PLANTED)], partition=0)
    pumped(log, embedded, 100)
    ordered(log, forget_entity("checkout", PLANTED, 6, T0))
    pumped(log, embedded, 100)

    texts = rows(embedded, "SELECT command FROM system.mutations WHERE database = 'vsm'")
    assert (len(texts) > 0, any("PLANTED" in str(text) for text in texts)) == (True, False)
