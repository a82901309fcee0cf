"""Takes facts out of the log and out of everything derived from it: orders, their obedience, then the bytes (ADR 20).

Every step may be done again: whoever was interrupted asks once more.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from schemas import topics
from schemas.codec import BadRecord, Codec
from schemas.event import FlowEvent
from schemas.forgetting import (
    ACTOR_FORGOTTEN,
    FACT_FORGOTTEN,
    FACT_REROUTED,
    FORGETS,
    ORDERS,
    forget_actor,
    forget_entity,
    forget_fact,
)
from schemas.log import Log, Outgoing, Record
from vsm.one_machine.reached import ENTITIES
from vsm.scanning import newest, scanned

EVENTS: Final = topics.FLOW_EVENTS.name
_AT_ONCE: Final = 500
_LOOK_SECONDS: Final = 0.2
_T = TypeVar("_T")


class NotObeyed(TimeoutError):  # noqa: N818 - shown to the user as it is
    """Processors or sinks did not read the orders in time; says who, and how far."""


class Found(Struct, frozen=True, kw_only=True):
    """What the log holds: the orders that are to be given, how many facts by stream, and how many copies of them.

    `unfinished` are the partitions that hold orders which were given and not carried out to the end.
    """

    orders: Sequence[FlowEvent]
    facts: Mapping[str, int]
    copies: int
    unfinished: frozenset[int]


class Given(Struct, frozen=True):
    """The orders that stand in the log, each with the offset of its last."""

    facts: Mapping[tuple[str, str, str, str], int]
    """(stream, event id, tool, source)"""
    entities: Mapping[tuple[str, str], int]
    """(stream, subject) of forgotten facts"""
    actors: Mapping[tuple[str, str], int]
    """(stream, hash)"""
    partitions: frozenset[int]


def look_for_source(log: Log, codec: Codec, tool: str, source: str, now: int) -> Found:
    """Return what the log holds of a source, orders given before left out. Raises LogUnavailable."""
    found: dict[tuple[str, str, str], FlowEvent] = {}
    copies, unfinished = 0, set()
    for record, event in _events(log, codec):
        if event is None or event.type == FACT_REROUTED:
            continue
        of_source = (event.tool, event.source) == (tool, source)
        if event.type in ORDERS:
            unfinished.add(record.partition)
            if event.type == FACT_FORGOTTEN and of_source:
                found.pop((event.value_stream, event.subject_id, event.attributes[FORGETS]), None)
        elif of_source:
            copies += 1
            told = (event.value_stream, event.subject_id, event.event_id)
            found.setdefault(told, forget_fact(event, now))
    facts = Counter(stream for stream, _, _ in found)
    return Found(orders=list(found.values()), facts=facts, copies=copies, unfinished=frozenset(unfinished))


def look_for_actor(log: Log, codec: Codec, tool: str, actor: str, now: int) -> Found:
    """Return which streams hold events of an actor (its hash) of a tool. Raises LogUnavailable."""
    facts: Counter[str] = Counter()
    unfinished = set()
    for record, event in _events(log, codec):
        if event is None or event.type == FACT_REROUTED:
            continue
        if event.type in ORDERS:
            unfinished.add(record.partition)
        elif event.tool == tool and event.actor == actor:
            facts[event.value_stream] += 1
    orders = [forget_actor(stream, actor, now) for stream in sorted(facts)]
    return Found(orders=orders, facts=facts, copies=facts.total(), unfinished=frozenset(unfinished))


class Forgetting:
    """Gives orders, waits until they are obeyed, and takes the bytes away; `say` hears of each step."""

    def __init__(self, log: Log, codec: Codec, *, now: int, seconds: float, say: Callable[[str], None]) -> None:
        self._log = log
        self._codec = codec
        self._now = now
        self._seconds = seconds
        self._say = say

    def facts(self, found: Found) -> None:
        """Carry out what was found, and what an earlier run left. Raises NotObeyed, LogUnavailable."""
        if not found.orders and not found.unfinished:
            return
        self._append(self._outgoing(order) for order in found.orders)
        self._say(f"{len(found.orders):>8}  orders given")
        given = self._given()
        self._obeyed(EVENTS, given.partitions, processors=True)
        if given.entities:
            self._erase_entities(given)
        begin = self._obeyed(EVENTS, given.partitions, processors=True)
        kept, left_out = self.rewrite(EVENTS, given.partitions, begin, self._keep(given))
        self._say(f"{left_out:>8}  records of {EVENTS} deleted, {kept} written anew")

    def scrub(self) -> None:
        """Take away what is left of replaced records, where the log can do that itself. Raises LogUnavailable."""
        for topic in topics.TOPICS:
            if topic.compacted:
                self._log.delete_before(topic.name, self._read_by_sink(topic.name))

    def rewrite(
        self, topic: str, partitions: Iterable[int], begin: Sequence[int], keep: Callable[[Record], bytes | None]
    ) -> tuple[int, int]:
        """Append again what is to be kept of some partitions, then delete all that is before `begin` in them.

        `keep` returns a record's value, None to leave it out. Returns how many were kept, and how many left out.
        """
        chosen, kept, out = frozenset(partitions), 0, 0

        def copies() -> Iterator[Outgoing]:
            nonlocal kept, out
            for record in scanned(self._log, topic):
                if record.partition in chosen and record.offset < begin[record.partition]:
                    value = keep(record)
                    kept, out = kept + (value is not None), out + (value is None)
                    if value is not None:
                        yield Outgoing(topic, record.partition, record.key, value)

        self._append(copies())
        starts = self._log.start_offsets(topic)
        self._log.delete_before(topic, [begin[p] if p in chosen else start for p, start in enumerate(starts)])
        return kept, out

    def records(self, topic: str) -> Iterator[Record]:
        """Yield a topic's records up to where it ends now. Raises LogUnavailable."""
        return scanned(self._log, topic)

    def wait_for_sink(self, topic: str, partitions: Iterable[int]) -> Sequence[int]:
        """Wait until the sink has read all that these partitions hold now; return where they ended."""
        return self._obeyed(topic, partitions, processors=False)

    def _erase_entities(self, given: Given) -> None:
        """Let the sinks erase what was known of the entities, once every row of the processors is in the tables."""
        derived = [topic.name for topic in ENTITIES]
        for topic in derived:
            self._obeyed(topic, range(self._log.partitions(topic)), processors=False)
        stale = [row for topic in derived for row in self._withdrawn(topic, given.entities.keys())]
        self._append(stale)
        orders = [forget_entity(*name, before, self._now) for name, before in given.entities.items()]
        self._append(self._outgoing(order) for order in orders)
        for topic in derived:
            self._obeyed(topic, range(self._log.partitions(topic)), processors=False)
        self._say(f"{len(orders):>8}  entities forgotten")

    def _withdrawn(self, topic: str, entities: Iterable[tuple[str, str]]) -> Iterator[Outgoing]:
        """Yield tombstones for rows that were withdrawn before, and still tell of one of these entities."""
        from sinks.clickhouse.rows import BY_TOPIC

        table, gone = BY_TOPIC[topic], frozenset(entities)
        for record in newest(self._log, topic):
            try:
                row = self._codec.decode(record.value, table.kind)
            except BadRecord:
                continue
            told = [getattr(row, name) for name in table.names]
            names = [x for each in told for x in (each if isinstance(each, tuple) else (each,))]
            if getattr(row, "withdrawn", False) and any((getattr(row, "value_stream", ""), x) in gone for x in names):
                yield Outgoing(topic, record.partition, record.key, None)

    def _given(self) -> Given:
        facts: dict[tuple[str, str, str, str], int] = {}
        entities: dict[tuple[str, str], int] = {}
        actors: dict[tuple[str, str], int] = {}
        partitions = set()
        for record, order in _events(self._log, self._codec):
            if order is None or order.type not in ORDERS or order.type == FACT_REROUTED:
                continue
            partitions.add(record.partition)
            if order.type == FACT_FORGOTTEN:
                facts[order.value_stream, order.attributes[FORGETS], order.tool, order.source] = record.offset
                entities[order.value_stream, order.subject_id] = record.offset
            elif order.type == ACTOR_FORGOTTEN:
                actors[order.value_stream, order.attributes[FORGETS]] = record.offset
        return Given(facts, entities, actors, frozenset(partitions))

    def _keep(self, given: Given) -> Callable[[Record], bytes | None]:
        def keep(record: Record) -> bytes | None:
            event = _event(record, self._codec)
            if event is None:
                return record.value
            is_rerouted = event.type == FACT_REROUTED  # such an order holds for what stays: it stays with it
            told = event.attributes.get(FORGETS, "") if is_rerouted else event.event_id
            fact = (event.value_stream, told, event.tool, event.source)
            if (event.type in ORDERS and not is_rerouted) or record.offset < given.facts.get(fact, -1):
                return None
            if record.offset < given.actors.get((event.value_stream, event.actor or ""), -1):
                return self._codec.encode(replace(event, actor=None))
            return record.value

        return keep

    def _outgoing(self, order: FlowEvent) -> Outgoing:
        place = topics.partition_of(order.value_stream, self._log.partitions(EVENTS))
        return Outgoing(EVENTS, place, order.value_stream.encode(), self._codec.encode(order))

    def _append(self, records: Iterable[Outgoing]) -> None:
        for some in batches(records, _AT_ONCE):
            self._log.append_and_wait(some)

    def _obeyed(self, topic: str, partitions: Iterable[int], *, processors: bool) -> Sequence[int]:
        """Wait until whoever reads a topic has committed what these partitions hold now; return where they ended."""
        from processors.feed import GROUP as PROCESSORS
        from sinks.clickhouse.pump import GROUP as SINK

        end, chosen = self._log.end_offsets(topic), sorted(partitions)
        for group, who in ((PROCESSORS, "processors"), (SINK, "ClickHouse sink")):
            if group == PROCESSORS and not processors:
                continue
            if group == SINK and not self.has_sink():
                continue
            deadline = time.monotonic() + self._seconds
            while late := _late(self._log.group_offsets(group, topic), end, chosen):
                if time.monotonic() > deadline:
                    raise NotObeyed(f"the {who} have not read {topic} to its end ({late}): do they run?")
                time.sleep(_LOOK_SECONDS)
        return end

    def has_sink(self) -> bool:
        """Tell whether a ClickHouse sink has ever read this log; without one no table is waited for."""
        from sinks.clickhouse.pump import GROUP

        return any(at is not None for at in self._log.group_offsets(GROUP, EVENTS))

    def _read_by_sink(self, topic: str) -> Sequence[int]:
        """Return up to where a topic's tombstones are of no use to anybody any more."""
        from sinks.clickhouse.pump import GROUP
        from sinks.clickhouse.rows import BY_TOPIC

        if topic not in BY_TOPIC or not self.has_sink():
            return self._log.end_offsets(topic)
        return [at or 0 for at in self._log.group_offsets(GROUP, topic)]


def batches(things: Iterable[_T], size: int) -> Iterator[list[_T]]:
    """Yield things in lists of that size, the last one shorter."""
    rest = iter(things)
    while some := list(islice(rest, size)):
        yield some


def _late(committed: Sequence[int | None], end: Sequence[int], partitions: Iterable[int]) -> str:
    return ", ".join(
        f"partition {p}: {committed[p] or 0} of {end[p]}" for p in partitions if (committed[p] or 0) < end[p]
    )


def _events(log: Log, codec: Codec) -> Iterator[tuple[Record, FlowEvent | None]]:
    """Yield every record of the log with its event, None where it holds none."""
    for record in scanned(log, EVENTS):
        yield record, _event(record, codec)


def _event(record: Record, codec: Codec) -> FlowEvent | None:
    try:
        return codec.decode(record.value, FlowEvent)
    except BadRecord:
        return None
