"""Reads and writes a log in tests, waiting on conditions, never on time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final, TypeVar

from schemas.log import Consumer, Outgoing, Record
from schemas.topics import FLOW_EVENTS

EVENTS: Final = FLOW_EVENTS.name
DEADLINE_SECONDS: Final = 20.0

T = TypeVar("T")


class Heard:
    """A `done` that remembers what it was told."""

    def __init__(self) -> None:
        self._told = threading.Event()
        self._outcomes: list[Exception | None] = []

    def __call__(self, outcome: Exception | None) -> None:
        """Remember the outcome."""
        self._outcomes.append(outcome)
        self._told.set()

    def outcomes(self) -> list[Exception | None]:
        """Return what was heard, once something was."""
        assert self._told.wait(DEADLINE_SECONDS), "nobody called done"
        return self._outcomes


def records(token: bytes, count: int, *, partition: int = 0) -> list[Outgoing]:
    """Return so many events with this token as key, numbered by value."""
    return [Outgoing(EVENTS, partition, token, str(number).encode()) for number in range(count)]


def read(consumer: Consumer, token: bytes, count: int) -> list[Record]:
    """Poll until so many records with the token have come."""
    found: list[Record] = []
    deadline = time.monotonic() + DEADLINE_SECONDS
    while len(found) < count:
        assert time.monotonic() < deadline, f"{len(found)} of {count} records came"
        found += [record for record in consumer.poll(500, 0.2) if record.key.startswith(token)]
    return found


def drain(consumer: Consumer) -> None:
    """Poll until the member has read what the log holds: an empty answer may only be a slow one."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while consumer.lag() != 0:
        assert time.monotonic() < deadline, f"a lag of {consumer.lag()} stayed"
        consumer.poll(500, 0.1)


def own(consumer: Consumer) -> None:
    """Poll until the member is sure of its partitions; what it reads meanwhile is of no test's concern."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while consumer.session_left_seconds() <= 0:
        assert time.monotonic() < deadline, "nothing was assigned"
        consumer.poll(1, 0.05)


def until(ask: Callable[[], T], holds: Callable[[T], bool], *, seconds: float = DEADLINE_SECONDS) -> T:
    """Ask until the answer holds, and return it."""
    deadline = time.monotonic() + seconds
    while not holds(answer := ask()):
        assert time.monotonic() < deadline, f"it stayed {answer}"
        time.sleep(0.01)
    return answer
