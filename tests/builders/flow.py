"""Flow events for the driver's tests, each known by its id, and what was made of them."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from processors.progress import MARKER_KEY
from schemas import topics
from schemas.codec import Codec
from schemas.derived import StepVisit, WorkItem
from schemas.event import ActorClass, FlowEvent, Link, LinkKind, LinkMethod
from schemas.log import Log, Outgoing
from schemas.state import EntityRecord

STREAMS = 8
ITEMS = 40
"""Items in a stream."""


def event(number: int, **attributes: str) -> FlowEvent:
    """Return the event of a number; its id, stream and item follow from the number."""
    return FlowEvent(
        event_id=f"e{number:07d}",
        type="ticket.updated",
        occurred_at=1_700_000_000_000_000 + number * 1_000_000,
        received_at=1_700_000_000_000_000 + number * 1_000_000,
        tool="jira",
        source="default",
        delivery_id=f"d{number}",
        subject_id=f"ticket:jira/CHK-{number // STREAMS % ITEMS}",
        value_stream=f"stream-{number % STREAMS}",
        attributes=attributes,
    )


def life_of_a_change(stream: str) -> list[FlowEvent]:
    """Return a ticket that is opened, and a change for it that is opened, reviewed and merged, an hour apart."""
    facts: tuple[tuple[str, str, dict[str, str], str | None], ...] = (
        ("ticket.created", "ticket:jira/CHK-1", {}, None),
        ("commit.created", "commit:" + "a" * 40, {}, None),
        ("change.created", "change:github.com/acme/shop/7", {}, "ready"),
        ("change.reviewed", "change:github.com/acme/shop/7", {"decision": "approved"}, None),
        ("change.merged", "change:github.com/acme/shop/7", {}, None),
    )
    links = {
        "commit.created": (Link(uri="ticket:*/CHK-1", kind=LinkKind.PART_OF, method=LinkMethod.KEY_IN_MESSAGE),),
        "change.created": (Link(uri="ticket:*/CHK-1", kind=LinkKind.PART_OF, method=LinkMethod.KEY_IN_TITLE),),
    }
    return [
        msgspec.structs.replace(
            event(number),
            type=kind,
            occurred_at=1_700_000_000_000_000 + number * 3_600_000_000,
            subject_id=subject,
            value_stream=stream,
            actor_class=ActorClass.HUMAN,
            attributes={"repository": "github.com/acme/shop", **attributes},
            links=links.get(kind, ()),
            state=state,
        )
        for number, (kind, subject, attributes, state) in enumerate(facts)
    ]


def visits(log: Log) -> list[StepVisit]:
    """Return the newest row of every visit that was not withdrawn."""
    codec, topic = Codec(), topics.STEP_VISITS.name
    newest = {
        record.key: codec.decode(record.value, StepVisit)
        for partition in range(log.partitions(topic))
        for record in log.read_compacted(topic, partition)
    }
    return [visit for visit in newest.values() if not visit.withdrawn]


def records(log: Log, events: Iterable[FlowEvent]) -> list[Outgoing]:
    """Return the events as the ingester writes them."""
    codec, topic = Codec(), topics.FLOW_EVENTS.name
    count = log.partitions(topic)
    return [
        Outgoing(topic, topics.partition_of(e.value_stream, count), e.value_stream.encode(), codec.encode(e))
        for e in events
    ]


def rows(log: Log) -> dict[tuple[str, str], WorkItem]:
    """Return the newest row of every item, by revision: the greatest stands, as in the tables."""
    codec, topic = Codec(), topics.WORK_ITEMS.name
    newest: dict[tuple[str, str], WorkItem] = {}
    for partition in range(log.partitions(topic)):
        for record in log.read_compacted(topic, partition):
            row = codec.decode(record.value, WorkItem)
            key = row.value_stream, row.item_id
            if key not in newest or newest[key].revision <= row.revision:
                newest[key] = row
    return newest


def items(log: Log) -> list[str]:
    """Return the items that stand, sorted."""
    return sorted(row.item_id for row in rows(log).values() if not row.withdrawn)


def ids(log: Log) -> list[str]:
    """Return the ids that the rows hold, sorted; one that stands twice is there twice."""
    return sorted(name for row in rows(log).values() for name in row.links)


def state_ids(log: Log) -> list[str]:
    """Return the ids that the durable state holds, sorted; one that stands twice is there twice."""
    codec, topic = Codec(), topics.STATE.name
    newest: dict[bytes, list[str]] = {}
    for partition in range(log.partitions(topic)):
        for record in log.read_compacted(topic, partition):
            if record.value is None:
                newest.pop(record.key, None)
            elif record.key != MARKER_KEY:
                facts = codec.decode(record.value, EntityRecord).facts
                newest[record.key] = msgspec.msgpack.decode(facts, type=list[str])
    return sorted(name for held in newest.values() for name in held)
