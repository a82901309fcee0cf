"""What could not be processed, kept; and the budget that tells an outage from a few bad records. Pure."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable
from typing import Final

from processors.engine import StepFailed
from schemas.codec import BadRecord
from schemas.dead_letter import DeadLetter, DeadLetterReason
from schemas.event import FlowEvent
from schemas.letter_keys import Sealed
from schemas.log import Record

Seal = Callable[[DeadLetter, bytes], Sealed]
"""Puts a body into a letter, compressed and sealed."""

_ID_DIGITS: Final = 32


class BudgetSpent(Exception):  # noqa: N818 - a state of the world: this is an outage, no handful of bad records
    """More dead letters than a few bad records explain: stop, so that nothing more is put aside."""


def dead_letter(record: Record, failed: BadRecord | StepFailed, event: FlowEvent | None, seal: Seal) -> Sealed:
    """Return the dead letter of one record, also of one without a value.

    The id is of the record's place in the log, so that a record put aside twice is the same dead letter.
    """
    clear = record.value or b""
    place = f"{record.topic}/{record.partition}/{record.offset}"
    letter = DeadLetter(
        dead_letter_id=hashlib.sha256(place.encode()).hexdigest()[:_ID_DIGITS],
        stage="processors",
        tool=event.tool if event else "",
        source=event.source if event else "",
        event_type=event.type if event else "",
        delivery_id=event.delivery_id if event else "",
        reason=reason_of(failed),
        detail=str(failed),
        received_at=record.appended_at,
        size_bytes=len(clear),
        body_hash=hashlib.sha256(clear).hexdigest(),
        body=b"",
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
    )
    return seal(letter, clear)


def reason_of(failed: BadRecord | StepFailed) -> DeadLetterReason:
    """Return the closed reason of a failure."""
    if isinstance(failed, StepFailed):
        return DeadLetterReason.STEP_FAILED
    return DeadLetterReason.UNKNOWN_SCHEMA if failed.unknown_schema else DeadLetterReason.BAD_RECORD


class Budget:
    """One partition's budget: a longest run, and a share of the last `window` records once there were that many."""

    def __init__(self, *, run: int, share: float, window: int) -> None:
        self._run_limit = run
        self._limit = share * window
        self._window = window
        self._seen = 0
        self._dead: deque[int] = deque()
        self._run = 0

    def passed(self, records: int) -> None:
        """Count records that could be handled, one after another; 0 changes nothing."""
        if records:
            self._seen += records
            self._run = 0

    def failed(self) -> None:
        """Count one that could not. Raises BudgetSpent when the run or the share is reached."""
        self._seen += 1
        self._run += 1
        self._dead.append(self._seen)
        while self._dead[0] <= self._seen - self._window:
            self._dead.popleft()
        if self._run >= self._run_limit:
            raise BudgetSpent(f"{self._run} records in a row became dead letters")
        if self._seen >= self._window and len(self._dead) >= self._limit:
            raise BudgetSpent(f"{len(self._dead)} of the last {self._window} records became dead letters")
