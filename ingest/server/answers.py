"""What is said back over HTTP; pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import msgspec
from msgspec import Struct

from ingest.adapter import TAKEN, Ignored
from ingest.outcomes import Accepted, DeadLettered, Rejected

Headers = tuple[tuple[str, str], ...]

JSON: Final[Headers] = (("content-type", "application/json"),)
CLOSE: Final = ("connection", "close")
_ENCODER: Final = msgspec.json.Encoder()


Outcome = Literal["accepted", "ignored", "dead-lettered", "rejected", "unavailable"]
"""What became of a delivery; of the last two nothing was kept."""


class Answer(Struct, frozen=True, kw_only=True):
    """The JSON body of every answer to a delivery."""

    outcome: Outcome
    event_ids: Sequence[str] = ()
    reason: str | None = None


class Reply(Struct, frozen=True):
    """One HTTP response."""

    status: int
    body: bytes
    headers: Headers = JSON


def accepted(outcome: Accepted, status: int = TAKEN) -> Reply:
    """Return the ids written, each once."""
    ids = list(dict.fromkeys([event.event_id for event in outcome.events]))
    return Reply(status, _ENCODER.encode(Answer(outcome="accepted", event_ids=ids)))


def ignored(outcome: Ignored, status: int = TAKEN) -> Reply:
    """Return the reason."""
    return Reply(status, _ENCODER.encode(Answer(outcome="ignored", reason=outcome.reason)))


def dead_lettered(outcome: DeadLettered, status: int = TAKEN) -> Reply:
    """Return the reason."""
    return Reply(status, _ENCODER.encode(Answer(outcome="dead-lettered", reason=outcome.reason)))


def rejected(outcome: Rejected, *headers: tuple[str, str]) -> Reply:
    """Return the rejection's own status and reason."""
    return Reply(outcome.status, _ENCODER.encode(Answer(outcome="rejected", reason=outcome.reason)), (*JSON, *headers))


def unavailable(reason: str, retry_after_seconds: int = 1, status: int = 503) -> Reply:
    """Return 503 (or 429) that asks for another try after whole seconds."""
    body = _ENCODER.encode(Answer(outcome="unavailable", reason=reason))
    return Reply(status, body, (*JSON, ("retry-after", str(max(1, retry_after_seconds)))))
