"""The one edge through which processes take the time; pinned, two runs can be compared."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

_MICROS: Final = 1_000_000
_NANOS_IN_MICRO: Final = 1_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Clock = Callable[[], int]
"""Returns microseconds since the epoch, UTC."""


def clock_from(pinned: str | None) -> Clock:
    """Return the wall clock, or for an ISO 8601 time the clock that always says that time.

    None and '' mean the wall clock. A time without a zone is UTC. Raises ValueError for text that is no time.
    """
    if not pinned:
        return lambda: time.time_ns() // _NANOS_IN_MICRO
    moment = datetime.fromisoformat(pinned)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    span = moment.astimezone(UTC) - _EPOCH
    micros = (span.days * 86_400 + span.seconds) * _MICROS + span.microseconds
    return lambda: micros
