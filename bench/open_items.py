"""Open items of the engine's benchmarks, with real-shaped ids: tickets that wait, and tickets in review."""

from __future__ import annotations

import gc
import hashlib
import os
import uuid
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Final

from processors.facts import ENCODING, attributes_of_rules, from_event, with_fact
from processors.partition import Partition
from schemas.definition import ROUTE_TO_LIVE, Definition, ValueStream, standard_map
from schemas.event import ActorClass, FlowEvent, Link, LinkKind, LinkMethod, WorkKind
from schemas.identity import bare_ticket_uri, change_uri, commit_uri, event_id, ticket_uri
from schemas.state import EntityRecord

HOUR = 3_600_000_000
START = 1_760_000_000_000_000
REPOSITORY = "github.com/acme/checkout-web"
LARGE: Final = int(os.environ.get("VSM_BENCH_ITEMS", "1000000"))
"""How many items the large partition has open; it takes minutes to make."""
WARM: Final = 3_000
"""Items after which the memory of each is counted."""


def definition(streams: int) -> Definition:
    """Return that many streams with the standard map."""
    steps = standard_map(ROUTE_TO_LIVE)
    return Definition(
        version="bench",
        value_streams=tuple(
            ValueStream(name=f"stream-{n}", select=({"repository": "*"},), steps=steps) for n in range(streams)
        ),
    )


def backlog(n: int, stream: str) -> Iterator[FlowEvent]:
    """Yield the facts of a ticket that waits: created, then updated twice."""
    key = f"CHK-{n}"
    begun = START + n * 60_000_000
    for hours, state in ((0, "To Do"), (4, "Selected"), (30, "In Progress")):
        what = "ticket.updated" if hours else "ticket.created"
        yield _fact(what, ticket_uri("jira", key), begun + hours * HOUR, stream, state=state, kind=WorkKind.FEATURE)


def in_review(n: int, stream: str) -> Iterator[FlowEvent]:
    """Yield the facts of an item in review: a ticket's two, a commit's and a change's."""
    key, sha = f"CHK-{n}", hashlib.sha1(str(n).encode(), usedforsecurity=False).hexdigest()
    named = _link(LinkKind.PART_OF, bare_ticket_uri(key))
    begun = START + n * 60_000_000
    yield _fact("ticket.created", ticket_uri("jira", key), begun, stream, state="To Do", kind=WorkKind.FEATURE)
    yield _fact("ticket.updated", ticket_uri("jira", key), begun + 4 * HOUR, stream, state="In Progress")
    written = begun + 9 * HOUR
    yield _fact("commit.created", commit_uri(sha), written, stream, named, repository=REPOSITORY)
    contains = _link(LinkKind.CONTAINS, commit_uri(sha))
    opened = written + 60_000_000
    yield _fact(
        "change.created",
        change_uri(REPOSITORY, n),
        opened,
        stream,
        named,
        contains,
        state="ready",
        branch=f"feature/{key}",
    )


def next_fact(n: int, turn: int, stream: str) -> FlowEvent:
    """Return something that happens to an item in review: a review, a bot's comment, a status, another commit."""
    begun = START + n * 60_000_000 + (20 + turn) * HOUR
    match turn % 4:
        case 0:
            return _fact("change.reviewed", change_uri(REPOSITORY, n), begun, stream, decision="commented")
        case 1:
            return _fact("ticket.updated", ticket_uri("jira", f"CHK-{n}"), begun, stream, state="In Review")
        case 2:
            sha = hashlib.sha1(f"{n}-{turn}".encode(), usedforsecurity=False).hexdigest()
            head = _link(LinkKind.PART_OF, change_uri(REPOSITORY, n))
            return _fact("commit.created", commit_uri(sha), begun, stream, head, repository=REPOSITORY)
        case _:
            return _fact("change.updated", change_uri(REPOSITORY, n), begun, stream, state="ready")


def _link(kind: LinkKind, uri: str) -> Link:
    return Link(uri=uri, kind=kind, method=LinkMethod.EXPLICIT)


def _fact(
    what: str,
    subject: str,
    at: int,
    stream: str,
    *links: Link,
    state: str | None = None,
    kind: WorkKind | None = None,
    **attributes: str,
) -> FlowEvent:
    identity = event_id("tool", what, subject, at, (state or "",))
    return FlowEvent(
        event_id=identity,
        type=what,
        occurred_at=at,
        received_at=at + 1_500_000,
        tool="tool",
        source="acme",
        delivery_id=str(uuid.UUID(hex=identity)),
        value_stream=stream,
        subject_id=subject,
        links=links,
        state=state,
        work_kind=kind,
        actor_class=ActorClass.HUMAN,
        attributes=attributes,
    )


def records(events: Iterator[FlowEvent], ruled: frozenset[str]) -> Iterator[EntityRecord]:
    """Yield the changelog records that some facts of one stream make."""
    packed: dict[str, bytes] = {}
    stream = ""
    for event in events:
        stream = event.value_stream
        packed[event.subject_id] = with_fact(packed.get(event.subject_id), from_event(event, ruled))
    for uri, facts in packed.items():
        yield EntityRecord(value_stream=stream, entity=uri, encoding=ENCODING, facts=facts)


def restored(
    items: int, streams: int, facts: Callable[[int, str], Iterator[FlowEvent]], warm: int = 0
) -> tuple[Partition, float]:
    """Return a partition of that many open items, spread over streams, restored from records; and the memory of one.

    That is how much resident memory the process grew by with each item after the first `warm`, in kilobytes (1,024).
    """
    streams_defined = definition(streams)
    ruled = attributes_of_rules(streams_defined)
    partition = Partition(streams_defined, 1)
    before = 0
    for n in range(items):
        if n == warm:
            partition.signs()
            gc.collect()
            before = resident_bytes()
        for record in records(facts(n, f"stream-{n % streams}"), ruled):
            partition.restore(record)
    partition.signs()  # for these its indexes have to stand
    gc.collect()
    return partition, (resident_bytes() - before) / (items - warm) / 1024


def resident_bytes() -> int:
    """Return the resident memory of this process."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


@cache
def large() -> tuple[Partition, float]:
    """Return the large partition of items in review in one stream, and the memory of each; made once a process."""
    return restored(LARGE, 1, in_review, WARM)


def warmed(partition: Partition, items: int, streams: int) -> Partition:
    """Return the partition after one event in each stream: its indexes stand."""
    for n in range(streams):
        partition.fold(next_fact(n % items, 999, f"stream-{n % items % streams}"))
    partition.drain(0)
    return partition
