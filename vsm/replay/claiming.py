"""Routes the events of the log anew under other selectors: copies that are claimed now are appended, others are left.

A stream leaves a fact by an order in the log, which takes it out of what is derived and of nothing else: the event
stays where it is, and whoever goes back to the old selectors claims it again. What the new selectors leave in nobody's
stream is in `unrouted`. May be done again: what the log says already is not said twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from msgspec import Struct

from schemas import topics
from schemas.codec import BadRecord, Codec
from schemas.definition import Definition, ServicePaths
from schemas.event import UNROUTED, FlowEvent
from schemas.forgetting import ORDERS, leave_fact
from schemas.log import Log, Outgoing
from vsm.erasure.forgetting import batches
from vsm.replay.rerouting import Place, Places, Rerouting, place, service
from vsm.scanning import scanned

EVENTS: Final = topics.FLOW_EVENTS.name
_AT_ONCE: Final = 500


class Routed(Struct, frozen=True):
    """How many copies were appended, and how many facts were left by a stream, one of several sources for each."""

    gained: int
    left: int


def routes_alike(one: Definition, other: Definition) -> bool:
    """Tell whether two definitions route every event alike."""
    return _routing(one) == _routing(other)


def _routing(definition: Definition) -> Sequence[tuple[str, object, Sequence[ServicePaths]]]:
    return [(stream.name, stream.select, stream.services) for stream in definition.value_streams]


class Claiming:
    """Routes one log anew under a definition; `now` (microseconds UTC) is when its orders are given."""

    def __init__(self, log: Log, codec: Codec, definition: Definition, now: int) -> None:
        self._log = log
        self._codec = codec
        self._now = now
        self._routing = Rerouting(definition)
        self._streams = frozenset(stream.name for stream in definition.value_streams)
        self._there, self._wanted = Places(), Places()

    def route(self) -> Routed:
        """Append what is missing, orders first; return how much it was. Raises LogUnavailable."""
        for event in self._events():
            self._there.see(event)
        for event in self._facts():
            for copy in self._routing.copies(event):
                self._wanted.add(copy)
        left = self._append(self._orders())
        return Routed(gained=self._append(self._copies()), left=left)

    def _orders(self) -> Iterator[FlowEvent]:
        """Yield an order for each fact that stands in a stream otherwise than it is routed now.

        One for each source that told it: an order goes with what it is about when that source is forgotten.
        """
        given: set[tuple[Place, str, str]] = set()
        for event in self._facts():
            at = place(event)
            is_otherwise = bool(self._there.of(at) - self._wanted.of(at))
            if is_otherwise and event.value_stream in self._streams and (at, *_teller(event)) not in given:
                given.add((at, *_teller(event)))
                yield leave_fact(event, self._now)
        for at, _, _ in given:  # its copies that are still wanted are appended anew, behind the order
            self._there.known.pop(at, None)

    def _copies(self) -> Iterator[FlowEvent]:
        """Yield the copies that are routed somewhere and are not there, each delivery's once."""
        given: defaultdict[Place, set[tuple[int, str, str]]] = defaultdict(set)
        for event in self._facts():
            for copy in self._routing.copies(event):
                at = place(copy)
                is_ours = copy.value_stream in self._streams or copy.value_stream == UNROUTED
                told = copy.received_at, copy.delivery_id, service(copy)
                if is_ours and not self._wanted.of(at) <= self._there.of(at) and told not in given[at]:
                    given[at].add(told)
                    yield copy

    def _append(self, events: Iterable[FlowEvent]) -> int:
        count = 0
        partitions = self._log.partitions(EVENTS)
        for some in batches(events, _AT_ONCE):
            self._log.append_and_wait(
                [
                    Outgoing(
                        EVENTS,
                        topics.partition_of(event.value_stream, partitions),
                        event.value_stream.encode(),
                        self._codec.encode(event),
                    )
                    for event in some
                ]
            )
            count += len(some)
        return count

    def _facts(self) -> Iterator[FlowEvent]:
        return (e for e in self._events() if e.type not in ORDERS and e.event_id not in self._there.forgotten)

    def _events(self) -> Iterator[FlowEvent]:
        for record in scanned(self._log, EVENTS):
            try:
                yield self._codec.decode(record.value, FlowEvent)
            except BadRecord:
                continue


def _teller(event: FlowEvent) -> tuple[str, str]:
    return event.tool, event.source
