"""The log as the event loop sees it: publish and await every acknowledgement; an outage is told at once.

While the log is away no delivery is spent on trying it: a record without value knocks, which readers pass over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import structlog

from ingest.acknowledgements import Acknowledgements
from ingest.records import Pending
from ingest.server.daemon_thread import in_daemon_thread
from schemas.log import Log, LogUnavailable, Outgoing, RecordRefused
from schemas.topics import DEAD_LETTERS, FLOW_EVENTS, LETTER_KEYS, partition_of

_KNOCK: Final = Outgoing(DEAD_LETTERS.name, 0, b"knock", None)
_TOPICS: Final = (FLOW_EVENTS.name, DEAD_LETTERS.name, LETTER_KEYS.name)
_logger = structlog.get_logger(__name__)


class Publisher:
    """Publishes to a log that may be away, also at the start."""

    def __init__(self, opening: Callable[[], Log], acknowledgements: Acknowledgements) -> None:
        self._opening = opening
        self._acknowledgements = acknowledgements
        self._log: Log | None = None
        self._partitions: dict[str, int] = {}
        self._partition: dict[tuple[str, bytes], int] = {}
        self._away = True

    @property
    def away(self) -> bool:
        """Whether the last attempt found the log unavailable."""
        return self._away

    async def reach(self) -> bool:
        """Open the log if that is still to be done, knock if it is away; tell whether it takes records."""
        if self._log is None:
            try:
                self._log, self._partitions = await in_daemon_thread(self._open)
            except LogUnavailable as bad:
                _logger.warning("the log was not available", error=str(bad))
                return False
            self._away = False
        elif self._away:
            await self._knock(self._log)
        return not self._away

    async def publish(self, records: Sequence[Pending]) -> None:
        """Append records and return when all are acknowledged.

        Raises LogUnavailable (at once while the log is known to be away) or RecordRefused. Of records whose wait was
        given up some may still arrive: what is published must bear repetition.
        """
        if self._log is None or self._away:
            raise LogUnavailable("the log is away")
        await self._append(self._log, [self._outgoing(record) for record in records])

    async def close(self) -> None:
        """Close the log; whatever is in flight is flushed. Safe to repeat."""
        log, self._log = self._log, None
        if log is not None:
            await in_daemon_thread(log.close)

    async def _knock(self, log: Log) -> None:
        try:
            await self._append(log, [_KNOCK])
        except RecordRefused:
            self._came_back()  # whoever refuses is there
        except LogUnavailable:
            return

    async def _append(self, log: Log, records: Sequence[Outgoing]) -> None:
        future, done = self._acknowledgements.expect()
        log.append(records, done)
        try:
            await future
        except LogUnavailable:
            if not self._away:
                _logger.warning("the log went away")
            self._away = True
            raise
        if self._away:
            self._came_back()

    def _came_back(self) -> None:
        self._away = False
        _logger.info("the log came back")

    def _open(self) -> tuple[Log, dict[str, int]]:
        log = self._opening()
        try:
            return log, {topic: log.partitions(topic) for topic in _TOPICS}
        except (LogUnavailable, RecordRefused) as bad:
            log.close()
            raise LogUnavailable(str(bad)) from bad

    def _outgoing(self, record: Pending) -> Outgoing:
        at = (record.topic, record.key)
        partition = self._partition.get(at)
        if partition is None:
            partition = partition_of(record.key.decode(), self._partitions[record.topic])
            if record.topic == FLOW_EVENTS.name:
                self._partition[at] = partition
        return Outgoing(record.topic, partition, record.key, record.value)
