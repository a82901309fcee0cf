"""Which stream an event of the log belongs to under another definition: routing is a result, no fact; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Final

from msgspec.structs import replace

from ingest.routing import Router, as_told
from schemas.definition import Definition
from schemas.event import FlowEvent
from schemas.forgetting import FACT_FORGOTTEN, FACT_REROUTED, FORGETS, ORDERS, TAKES_OUT

_IMPORTED: Final = "import"

Place = bytes
"""A stream and an event id, hashed: there are as many as the log has events."""
Services = frozenset[str]
"""The services that a stream's copies of an event were claimed as, '' for none."""
NOWHERE: Final[Services] = frozenset()


def place(event: FlowEvent) -> Place:
    """Return the place of an event's copies in its stream."""
    return named(event.value_stream, event.event_id)


def named(stream: str, event_id: str) -> Place:
    """Return the place of an event by its names."""
    return blake2b(f"{stream}\0{event_id}".encode(errors="surrogatepass"), digest_size=16).digest()


def service(event: FlowEvent) -> str:
    """Return the service that a copy was claimed as, '' for none."""
    return event.attributes.get("service", "")


class Places:
    """Where the events of a log stand. `forgotten` are the ids of facts that were forgotten for good."""

    def __init__(self) -> None:
        self.known: dict[Place, Services] = {}
        self.forgotten: set[str] = set()
        self._moved: set[Place] = set()

    def see(self, event: FlowEvent) -> None:
        """Take the next record of its partition: a fact stands, an order takes one away."""
        if event.type not in ORDERS:
            self.add(event)
            self.forgotten.discard(event.event_id)
        elif event.type in TAKES_OUT:
            told = event.attributes.get(FORGETS, "")
            at = named(event.value_stream, told)
            self.known.pop(at, None)
            self._moved.add(at)
            if event.type == FACT_FORGOTTEN:
                self.forgotten.add(told)

    def add(self, copy: FlowEvent) -> None:
        """Take a copy that stands, or should."""
        at = place(copy)
        found, claimed = self.known.get(at, NOWHERE), service(copy)
        if claimed not in found:
            self.known[at] = found | {claimed}
            self._moved.add(at)

    def moved(self) -> dict[Place, Services]:
        """Return the places that changed since this was last asked, as they are now."""
        moved, self._moved = self._moved, set()
        return {at: self.of(at) for at in moved}

    def restore(self, moved: Mapping[Place, Services]) -> None:
        """Take the places that `moved` gave."""
        for at, found in moved.items():
            if found:
                self.known[at] = found
            else:
                self.known.pop(at, None)

    def beyond(self, others: Places) -> int:
        """Return how many copies stand here and not there."""
        return sum(len(found - others.of(at)) for at, found in self.known.items())

    def of(self, at: Place) -> Services:
        """Return what copies stand at a place."""
        return self.known.get(at, NOWHERE)


class Rerouting:
    """Routes the events of a log anew.

    An imported event is its stream's by name and stays there. An order to forget holds in every stream of the
    definition, for a copy may have been made of any; one by which a stream left a fact to others held
    for the routing of its time and makes nothing. Paths of files that the old definition did not keep are unknown.
    """

    def __init__(self, definition: Definition) -> None:
        self._router = Router(definition)
        self._streams = [stream.name for stream in definition.value_streams]

    def copies(self, event: FlowEvent) -> Sequence[FlowEvent]:
        """Return the copies of one event; that of `unrouted` where no stream claims it."""
        if event.attributes.get("routed_by") == _IMPORTED:
            return (event,)
        if event.type == FACT_REROUTED:
            return ()
        if event.type in ORDERS:
            return [replace(event, value_stream=stream) for stream in self._streams]
        return self._router.route(as_told(event))
