"""What happens to a chunk of records, step by step, in the one order that loses nothing and doubles nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import Future, InvalidStateError

from msgspec import Struct

from processors.dead_letters import BudgetSpent, Seal, dead_letter, reason_of
from processors.departure import BROKEN, DAMAGED, UNAVAILABLE
from processors.engine import Drained, StepFailed, together
from processors.ownership import Holding, Ownership
from processors.parts import Parts
from processors.telemetry import Telemetry
from schemas.codec import BadRecord
from schemas.derived import revision
from schemas.event import FlowEvent
from schemas.letter_keys import Sealed
from schemas.log import Log, LogUnavailable, Outgoing, OwnershipLost, Record


class Chunk(Struct, frozen=True, eq=False):
    """Records of one partition in offset order, never empty.

    `done` resolves to None once their effects are durable, to the error otherwise.
    """

    holding: Holding
    records: Sequence[Record]
    done: Future[None]

    @property
    def next_offset(self) -> int:
        """The source offset after the last record."""
        return self.records[-1].offset + 1


async def produce(log: Log, records: Sequence[Outgoing]) -> None:
    """Append and wait until durable, without blocking the loop. Raises LogUnavailable or RecordRefused."""
    if not records:
        return
    loop = asyncio.get_running_loop()
    durable: asyncio.Future[None] = loop.create_future()

    def settle(error: Exception | None) -> None:
        if durable.done():
            return
        if error is None:
            durable.set_result(None)
        else:
            durable.set_exception(error)

    def done(error: Exception | None) -> None:
        loop.call_soon_threadsafe(settle, error)

    log.append(records, done)
    await durable


class Carrier:
    """Carries chunks from the source to the outputs and the state."""

    def __init__(self, parts: Parts, ownership: Ownership, seal: Seal) -> None:
        self._log = parts.log
        self._codec = parts.codec
        self._outputs = parts.outputs
        self._ownership = ownership
        self._seal = seal
        self._generation = parts.settings.generation
        self._append_timeout_seconds = parts.settings.append_timeout_seconds
        self._telemetry = parts.telemetry
        self._departure = parts.departure

    async def take(self, chunk: Chunk) -> None:
        """Carry one chunk and resolve its `done`.

        Every error but a lost partition makes the worker leave; none is acknowledged. What the log did not take while
        we slept through the session counts as lost with it.
        """
        try:
            async with chunk.holding.lock:
                await self._carry(chunk)
        except OwnershipLost as lost:
            _fail(chunk, lost)
        except LogUnavailable as away:
            if self._ownership.is_over():  # it is we who were away
                _fail(chunk, OwnershipLost(f"the session has ended: {away}"))
            else:
                _fail(chunk, away)
                self._departure.leave(*_why(away), away)
        except BaseException as error:
            _fail(chunk, error)
            if isinstance(error, asyncio.CancelledError):
                raise
            self._departure.leave(*_why(error), error)

    async def _carry(self, chunk: Chunk) -> None:
        holding, core = chunk.holding, chunk.holding.core
        progress = holding.progress.moved_to(chunk.next_offset)
        at = revision(self._generation, chunk.next_offset)
        self._ownership.check(holding)
        clock = _Phases(self._telemetry)
        dead, drained = self._fold(chunk)
        clock.lap("fold")
        rows = self._outputs.rows(drained.updates, at)
        state = self._outputs.changelog(drained.records, holding.partition, progress)
        clock.lap("encode")
        await self._produce(self._outputs.dead_letters(dead))  # 0 what we could not handle is kept
        await self._produce(rows)  # 1 what others see is durable
        clock.lap("outputs")
        self._ownership.check(holding)  # we may have been paused for longer than the session
        await self._produce(state)  # 2 our state is durable
        clock.lap("state")
        for update in drained.updates:
            core.watch.observe(update)
        holding.progress = progress  # 3 memory
        clock.lap("memory")
        self._telemetry.chunks.inc()
        self._telemetry.events.inc(len(chunk.records))
        self._telemetry.rows.inc(len(rows))
        chunk.done.set_result(None)  # 4 only now the offset

    def _fold(self, chunk: Chunk) -> tuple[list[Sealed], Drained]:
        """Fold every record in; return the dead letters of those that could not be, and what was touched.

        Where it is in doubt up to where rows were written, record by record.
        """
        engine, budget, decode = chunk.holding.core.engine, chunk.holding.budget, self._codec.decode
        progress = chunk.holding.progress
        dead: list[Sealed] = []
        drained: list[Drained] = []
        passed = 0
        for record in chunk.records:
            event: FlowEvent | None = None
            doubtful = bool(progress.doubts) and progress.is_doubtful(record.offset)
            if doubtful:
                drained.append(engine.drain(record.offset))
            try:
                event = decode(record.value, FlowEvent)
                engine.fold(event)
            except (BadRecord, StepFailed) as failed:
                dead.append(dead_letter(record, failed, event, self._seal))
                self._telemetry.dead_letters.labels(reason_of(failed).value).inc()
                budget.passed(passed)
                budget.failed()
                passed = 0
            else:
                passed += 1
            if doubtful:
                drained.append(engine.drain(record.offset + 1))
        budget.passed(passed)
        return dead, together([*drained, engine.drain(chunk.next_offset)])

    async def _produce(self, records: Sequence[Outgoing]) -> None:
        try:
            async with asyncio.timeout(self._append_timeout_seconds):
                await produce(self._log, records)
        except TimeoutError as late:
            raise LogUnavailable("an append was not acknowledged in time") from late


class _Phases:
    """Laps of one chunk."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self._since = time.perf_counter()

    def lap(self, phase: str) -> None:
        now = time.perf_counter()
        self._telemetry.chunk_seconds.labels(phase).observe(now - self._since)
        self._since = now


def _fail(chunk: Chunk, error: BaseException) -> None:
    """Throw the memory away, which may be half changed, and say so to whoever waits."""
    chunk.holding.spoilt = True
    if not chunk.done.done():
        try:
            chunk.done.set_exception(error)
        except InvalidStateError:
            return


def _why(error: BaseException) -> tuple[str, int]:
    match error:
        case LogUnavailable():
            return "the log did not take a chunk's effects", UNAVAILABLE
        case BudgetSpent():
            return "the dead-letter budget is spent", DAMAGED
        case _:
            return "a chunk could not be carried", BROKEN
