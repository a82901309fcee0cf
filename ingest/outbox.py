"""The way of records out of the process: to the log, or behind the spool while the log is away; in order."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from typing import Final

import structlog

from ingest.acknowledgements import Acknowledgements
from ingest.publisher import RETRY_SECONDS, Publisher
from ingest.records import Pending
from ingest.spool import Spool
from schemas.log import LogUnavailable, RecordRefused

_DRAINED_AT_ONCE: Final = 500
_logger = structlog.get_logger(__name__)


class Outbox:
    """Keeps records durably: in the log, else in the spool if there is one."""

    def __init__(self, publisher: Publisher, spool: Spool | None, acknowledgements: Acknowledgements) -> None:
        self._publisher = publisher
        self._spool = spool
        self._acknowledgements = acknowledgements
        self.refused = 0

    @property
    def problem(self) -> str | None:
        """Why nothing can be kept now, or None."""
        if self._spool is not None:
            return "the spool cannot be written" if self._spool.broken else None
        return "the log is away" if self._publisher.away else None

    @property
    def spooled(self) -> tuple[int, int]:
        """The records and bytes in the spool; zeros without one."""
        return (self._spool.records, self._spool.bytes) if self._spool is not None else (0, 0)

    @property
    def log_away(self) -> bool:
        """Whether the log is known to be unavailable."""
        return self._publisher.away

    async def keep(self, records: Sequence[Pending]) -> None:
        """Return when the records are durable. Raises LogUnavailable (nothing was kept for sure) or RecordRefused."""
        spool = self._spool
        if spool is None:
            await self._publisher.publish(records)
            return
        if not spool.records:
            try:
                await self._publisher.publish(records)
            except LogUnavailable:
                pass
            else:
                return
        future, done = self._acknowledgements.expect()
        spool.append(records, done)
        await future

    async def run(self) -> None:
        """Open the log, drain the spool whenever it holds something, give up on what waits too long; for ever."""
        while True:
            opened = await self._publisher.open()
            if opened and self._spool is not None and self._spool.records:
                await self._drain(self._spool)
            await asyncio.sleep(RETRY_SECONDS / 2)

    async def close(self) -> None:
        """Close the log and the spool."""
        await self._publisher.close()
        if self._spool is not None:
            await asyncio.to_thread(self._spool.close)

    async def _drain(self, spool: Spool) -> None:
        try:
            while head := await asyncio.to_thread(spool.head, _DRAINED_AT_ONCE):
                await self._publish_each([record for _, record in head])
                await asyncio.to_thread(spool.forget, head)
        except LogUnavailable:
            return
        except sqlite3.Error as bad:
            _logger.error("the spool could not be read", error=type(bad).__name__)  # noqa: TRY400 - no traceback of records
            return
        _logger.info("the spool was drained")

    async def _publish_each(self, records: Sequence[Pending]) -> None:
        """Publish records; one that the log will never take is counted and left out, the others are kept."""
        try:
            await self._publisher.publish(records)
        except RecordRefused as bad:
            if len(records) == 1:
                self.refused += 1
                _logger.error("a spooled record was refused", error=str(bad), size=len(records[0].value))  # noqa: TRY400
                return
            middle = len(records) // 2
            await self._publish_each(records[:middle])
            await self._publish_each(records[middle:])
