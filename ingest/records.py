"""An outcome as records to append; pure."""

from __future__ import annotations

from msgspec import Struct

from ingest.outcomes import Accepted, DeadLettered
from schemas.codec import Codec
from schemas.letter_keys import messages
from schemas.topics import FLOW_EVENTS


class Pending(Struct, frozen=True, gc=False):
    """A record before its partition is known; the partition follows from the key."""

    topic: str
    key: bytes
    value: bytes


def records(outcome: Accepted | DeadLettered, codec: Codec) -> list[Pending]:
    """Return the encoded records of an outcome: events by value stream, dead letters behind their keys.

    Raises BadRecord for a value that Avro cannot hold.
    """
    encode = codec.encode
    made: list[Pending] = []
    if isinstance(outcome, Accepted):
        made = [Pending(FLOW_EVENTS.name, event.value_stream.encode(), encode(event)) for event in outcome.events]
    for letter in outcome.letters:
        made += [Pending(m.topic, m.key.encode(), encode(m.value)) for m in messages(letter)]
    return made
