"""When whoever worked on an item was on another one: what the engine says is what its definition says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import count, pairwise

import clickhouse_connect
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from msgspec import Struct

from insights.waste.questions import Asked
from insights.waste.switching import ELSEWHERE_SQL
from schemas.derived import WorkItem, revision
from schemas.event import ActorClass, FlowEvent
from sinks.clickhouse.client import ClickHouse
from sinks.clickhouse.migrate import apply
from sinks.clickhouse.rows import TABLES, block
from tests.builders.derived_rows import fact
from vsm.store import Store

pytestmark = pytest.mark.timeout(180)
TABLE = {table.kind: table for table in TABLES}
NAMES = count()
T0 = 1_780_000_000_000_000
EARLIEST, UNTIL = T0 + 2, T0 + 12
MEMBERS = {"a": "a", "change:a": "a", "b": "b", "change:b": "b", "c": "c"}
"""The item of an entity; `shared` is of two."""
Spans = dict[str, list[tuple[int, int]]]
"""By item, when its worker was on another."""


class Said(Struct, frozen=True, order=True):
    """What an account told of an entity; `at` is microseconds UTC."""

    actor: str
    at: int
    subject: str


class Both(Struct):
    """The tables, open for writing and for reading."""

    engine: ClickHouse
    store: Store


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """The embedded engine on empty tables."""
    client = clickhouse_connect.get_client(interface="chdb", path=str(tmp_path_factory.mktemp("switching")))
    engine = ClickHouse(client)
    apply(engine)
    engine.command("INSERT INTO vsm.active VALUES (1, fromUnixTimestamp64Micro(1))")
    yield Both(engine, Store(client))
    engine.close()


def away(told: Iterable[Said]) -> Spans:
    """Return the spans of accounts between facts of an item, from the last on it to the last on another one."""
    facts = {
        Said(each.actor, each.at, MEMBERS[each.subject])
        for each in told
        if each.subject in MEMBERS and EARLIEST <= each.at < UNTIL
    }
    found: Spans = {}
    for actor in {each.actor for each in facts}:
        own = sorted(each for each in facts if each.actor == actor)
        for before, now in pairwise(own):
            item, until = now.subject, before.at
            begin = max((each.at for each in own if each.subject == item and each < now), default=until)
            among = (each for each in facts if each.actor != actor and each.subject == item)
            if before.subject != item and begin < until and not any(begin < each.at < until for each in among):
                found.setdefault(item, []).append((begin, until))
    return {item: sorted(spans) for item, spans in found.items()}


def asked(both: Both, told: Sequence[Said], *, until: int = UNTIL, last: str = "c", more: str = "") -> Spans:
    """Return what the engine says of facts, written to a stream of their own, for the items up to one."""
    stream = f"stream{next(NAMES)}"
    items = [
        WorkItem(
            value_stream=stream, item_id=name, started_at=T0, finished_at=until - 1, links=(f"change:{name}", "shared"),
            revision=revision(1, number), known_at=T0, definition_version="d",
        )
        for number, name in enumerate("abc", 1)
    ]  # fmt: skip
    facts = [
        fact(
            f"{stream}/{number}", value_stream=stream, occurred_at=each.at, subject_id=each.subject, actor=each.actor,
            actor_class=ActorClass.HUMAN,
        )
        for number, each in enumerate(told)
    ]  # fmt: skip
    both.engine.insert("work_items", block(TABLE[WorkItem], items), stream)
    both.engine.insert("flow_events", block(TABLE[FlowEvent], facts), stream)
    asked_ = Asked(stream=stream, since=T0, until=until).parameters(earliest=EARLIEST, after="", last=last)
    return {
        str(item): sorted(zip(begins, ends, strict=True))  # type: ignore[call-overload]
        for item, begins, ends in both.store.ask(ELSEWHERE_SQL + more, asked_).rows
    }


SAID = st.builds(
    Said,
    actor=st.sampled_from(["one", "two", "three"]),
    at=st.integers(T0, UNTIL + 1),
    subject=st.sampled_from([*MEMBERS, "shared", "nobody's"]),
)


AWAY = (Said("one", EARLIEST, "a"), Said("one", EARLIEST + 2, "b"), Said("one", EARLIEST + 3, "a"))
"""One account at another item."""


@example(AWAY, "b")
@example((*AWAY, AWAY[-1]), "b")
@example((*AWAY, Said("two", EARLIEST, "a"), Said("two", EARLIEST + 2, "a")), "b")
@given(st.lists(SAID, min_size=1, max_size=40), st.sampled_from("bc"))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whoever_was_elsewhere_is_found(both: Both, told: Sequence[Said], last: str) -> None:
    """Facts at one instant, twice, of other accounts, of no item or of several, and outside the time asked for."""
    expected = {item: spans for item, spans in away(told).items() if item <= last}
    assert asked(both, told, last=last) == expected


def test_an_items_facts_are_not_held_once_for_each_of_its_comings(both: Both) -> None:
    """Back and forth between two items eight thousand times within 128 MB, which every coming with all facts passes."""
    told = [Said("one", EARLIEST + number, "ab"[number % 2]) for number in range(8_000)]
    found = asked(both, told, until=EARLIEST + len(told), more=" SETTINGS max_memory_usage = 134217728")
    assert [len(found[item]) for item in "ab"] == [3_999, 3_999]
