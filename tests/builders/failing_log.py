"""A log that ends its own process, or fails, at a chosen point: wrapped around a real one in a worker's own main."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from schemas import topics
from schemas.log import Consumer, Done, Log, LogUnavailable, Outgoing, OwnershipLost, Record

QUICK_SESSION_SECONDS: Final = 6.0
"""The session of the workers that tests start on Kafka."""

Act = Callable[[], None]

POINTS: Final = (
    "before-outputs", "after-dead-letters", "after-outputs", "after-changelog", "after-memory", "after-commit",
)  # fmt: skip
"""Where a worker may die while it carries a chunk."""

_OUTPUTS: Final = frozenset({topics.WORK_ITEMS.name, topics.STEP_VISITS.name})


def kill_myself() -> None:
    """End this process as `kill -9` does."""
    os.kill(os.getpid(), signal.SIGKILL)


def hang() -> None:
    """Never return."""
    threading.Event().wait()


def refuse() -> None:
    """Say that the partition has moved."""
    raise OwnershipLost("the group has another generation")


def be_away() -> None:
    """Say that the log does not answer."""
    raise LogUnavailable("the broker is away")


def oversleep() -> None:
    """Sleep past the session, then say that the log does not answer: what was in flight has timed out meanwhile."""
    threading.Event().wait(QUICK_SESSION_SECONDS + 1.0)
    be_away()


ACTS: Final[Mapping[str, Act]] = {
    "kill": kill_myself, "hang": hang, "refuse": refuse, "away": be_away, "oversleep": oversleep,
}  # fmt: skip


class FailingLog:
    """Passes everything on to `inner`, and acts at the `at`-th time (from 1) that a point is reached."""

    def __init__(self, inner: Log, point: str, at: int, act: Act = kill_myself) -> None:
        self._inner = inner
        self._point = point
        self._left = at
        self._act = act

    def reached(self, point: str) -> None:
        """Act if this is the point and the time."""
        if point == self._point:
            self._left -= 1
            if self._left == 0:
                self._act()

    def append(self, records: Sequence[Outgoing], done: Done) -> None:
        """Append; act before, or once it is durable."""
        topic = records[0].topic if records else ""
        try:
            if topic in _OUTPUTS:
                self.reached("before-outputs")
        except LogUnavailable as away:
            done(away)
            return
        after = _after(topic)

        def told(error: Exception | None) -> None:
            if error is None and after is not None:
                self.reached(after)
            done(error)

        self._inner.append(records, told)

    def append_and_wait(self, records: Sequence[Outgoing], timeout_seconds: float = 30.0) -> None:
        """Pass on."""
        self._inner.append_and_wait(records, timeout_seconds)

    def partitions(self, topic: str) -> int:
        """Pass on."""
        return self._inner.partitions(topic)

    def end_offsets(self, topic: str) -> Sequence[int]:
        """Pass on."""
        return self._inner.end_offsets(topic)

    def start_offsets(self, topic: str) -> Sequence[int]:
        """Pass on."""
        return self._inner.start_offsets(topic)

    def delete_before(self, topic: str, offsets: Sequence[int]) -> None:
        """Pass on."""
        self._inner.delete_before(topic, offsets)

    def group_offsets(self, group: str, topic: str) -> Sequence[int | None]:
        """Pass on."""
        return self._inner.group_offsets(group, topic)

    def read_compacted(self, topic: str, partition: int) -> Iterator[Record]:
        """Pass on."""
        return self._inner.read_compacted(topic, partition)

    def consumer(
        self,
        group: str,
        topics: Sequence[str],
        *,
        assigned: Callable[[Sequence[tuple[str, int]]], None] | None = None,
        revoked: Callable[[Sequence[tuple[str, int]]], None] | None = None,
        from_start: bool = False,
    ) -> Consumer:
        """Return a consumer that reaches the points around a commit."""
        inner = self._inner.consumer(group, topics, assigned=assigned, revoked=revoked, from_start=from_start)
        return _FailingConsumer(inner, self)

    def close(self) -> None:
        """Pass on."""
        self._inner.close()


class _FailingConsumer:
    def __init__(self, inner: Consumer, log: FailingLog) -> None:
        self._inner = inner
        self._log = log
        self.pause = inner.pause
        self.resume = inner.resume
        self.seek = inner.seek
        self.committed = inner.committed
        self.lag = inner.lag
        self.close = inner.close

    def poll(self, max_records: int, timeout_seconds: float) -> list[Record]:
        self._log.reached("poll")
        return self._inner.poll(max_records, timeout_seconds)

    def session_left_seconds(self) -> float:
        try:
            self._log.reached("fence")
        except OwnershipLost:
            return 0.0
        return self._inner.session_left_seconds()

    def commit(self, offsets: Sequence[tuple[str, int, int]]) -> None:
        self._log.reached("after-memory")
        self._inner.commit(offsets)
        self._log.reached("after-commit")


def _after(topic: str) -> str | None:
    if topic in _OUTPUTS:
        return "after-outputs"
    return {topics.LETTER_KEYS.name: "after-dead-letters", topics.STATE.name: "after-changelog"}.get(topic)
