"""What may become of a delivery, as values: accepted, ignored, dead-lettered or rejected."""

from __future__ import annotations

from msgspec import Struct

from ingest.adapter import Ignored
from schemas.event import FlowEvent
from schemas.letter_keys import Sealed


class Accepted(Struct, frozen=True, kw_only=True):
    """Events to write, one copy a claiming stream; of a batch also the letters of what could not be translated."""

    events: tuple[FlowEvent, ...]
    letters: tuple[Sealed, ...] = ()


class DeadLettered(Struct, frozen=True, kw_only=True):
    """Proven to come from the source, and not translatable: the whole delivery is kept."""

    letters: tuple[Sealed, ...]
    reason: str


class Rejected(Struct, frozen=True):
    """Nothing is kept; `status` is the HTTP status, `reason` a constant phrase."""

    status: int
    reason: str


Received = Accepted | Ignored | DeadLettered | Rejected
"""The outcome of one delivery."""
