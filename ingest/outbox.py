"""The way of records out of the process: to the log, or behind the spool while the log is away; in order."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Sequence
from typing import Final

import structlog

from ingest.acknowledgements import Acknowledgements
from ingest.publisher import Publisher
from ingest.records import Pending
from ingest.spool import Spool
from schemas.log import LogUnavailable, RecordRefused

LOG_AWAY: Final = "the log is away"
SPOOL_BROKEN: Final = "the spool cannot be written"
SPOOL_FULL: Final = "the spool is full"

_RETRY_SECONDS: Final = 0.5
"""How long to rest between two tries of what is away, and between two looks at the spool."""

_DRAINED_AT_ONCE: Final = 500
_logger = structlog.get_logger(__name__)


class Outbox:
    """Keeps records durably: in the log, else in the spool if there is one."""

    def __init__(self, publisher: Publisher, spool: Spool | None, acknowledgements: Acknowledgements) -> None:
        self._publisher = publisher
        self._spool = spool
        self._acknowledgements = acknowledgements

    @property
    def problem(self) -> str | None:
        """Why nothing can be kept now, or None. As long as the log takes everything, the spool need not."""
        spool, away = self._spool, self._publisher.away
        if spool is None:
            return LOG_AWAY if away else None
        if not (away or spool.records):
            return None
        if spool.broken:
            return SPOOL_BROKEN
        return SPOOL_FULL if spool.full else None

    @property
    def spooled(self) -> tuple[int, int]:
        """The records and bytes in the spool; zeros without one."""
        return (self._spool.records, self._spool.bytes) if self._spool is not None else (0, 0)

    @property
    def refused(self) -> int:
        """The records that the spool has set aside because the log refuses them; 0 without a spool."""
        return self._spool.refused if self._spool is not None else 0

    @property
    def log_away(self) -> bool:
        """Whether the log is known to be unavailable."""
        return self._publisher.away

    def keep(self, records: Sequence[Pending]) -> Awaitable[None]:
        """Return when the records are durable. Raises LogUnavailable (nothing was kept for sure) or RecordRefused."""
        return self._publisher.publish(records) if self._spool is None else self._keep(self._spool, records)

    async def _keep(self, spool: Spool, records: Sequence[Pending]) -> None:
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
        """Reach for the log until it is there, drain the spool whenever it holds something, try it while it is broken.

        For ever.
        """
        spool = self._spool
        while True:
            reached = await self._publisher.reach()
            if spool is not None and spool.broken:
                spool.try_again()
            if reached and spool is not None and spool.records:
                await self._drain(spool)
            await asyncio.sleep(_RETRY_SECONDS)

    async def close(self) -> None:
        """Close the log and the spool."""
        await self._publisher.close()
        if self._spool is not None:
            await asyncio.to_thread(self._spool.close)

    async def _drain(self, spool: Spool) -> None:
        drained = 0
        try:
            while head := await asyncio.to_thread(spool.head, _DRAINED_AT_ONCE):
                refused = await self._publish_each(head)
                await asyncio.to_thread(spool.forget, head, refused)
                drained += len(head) - len(refused)
        except LogUnavailable:
            return
        except sqlite3.Error as bad:
            _logger.error("the spool could not be drained", error=type(bad).__name__)  # noqa: TRY400 - no traceback of records
            return
        if drained:
            _logger.info("the spool was drained", records=drained)

    async def _publish_each(self, head: Sequence[tuple[int, Pending]]) -> list[int]:
        """Publish records; return the positions of those that the log will never take. Raises LogUnavailable."""
        try:
            await self._publisher.publish([record for _, record in head])
        except RecordRefused as bad:
            if len(head) == 1:
                at, record = head[0]
                _logger.error("a spooled record was refused and set aside", error=str(bad), size=len(record.value))  # noqa: TRY400
                return [at]
            middle = len(head) // 2
            return [*await self._publish_each(head[:middle]), *await self._publish_each(head[middle:])]
        return []
