"""The small protocol of a log: what the rooms may ask of Kafka or of the one-machine log, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol

from msgspec import Struct

RECORD_BYTES: Final = 1_000_000
"""The largest record (key and value together) that a log takes."""


class Outgoing(Struct, frozen=True, gc=False):
    """A record to append; the partition is always chosen explicitly. `value` None is a tombstone."""

    topic: str
    partition: int
    key: bytes
    value: bytes | None


class Record(Struct, frozen=True, gc=False):
    """A record as read. `appended_at` is the append time, microseconds since the epoch."""

    topic: str
    partition: int
    offset: int
    key: bytes
    value: bytes | None
    appended_at: int


class LogUnavailable(Exception):  # noqa: N818 - it names a state of the world; the caller retries or spools
    """The log did not take or give records: nothing was acknowledged, try again later."""


class RecordRefused(ValueError):  # noqa: N818 - the caller's fault: the same record will never be taken
    """The log will never take this record (too large, unknown topic or partition)."""


class OwnershipLost(Exception):  # noqa: N818 - a state of the world, no fault: drop what is in hand and carry on
    """Another member owns the partition now; redelivery to it changes nothing."""


class RecoveryStalled(Exception):  # noqa: N818 - a partial state is worse than none: leave the process
    """A compacted topic could not be read to its proven end."""


class LogTruncated(Exception):  # noqa: N818 - a state of the world nobody may paper over: leave the process and tell
    """The log no longer holds the records after a committed offset: data was lost."""


Done = Callable[[Exception | None], None]
"""Called once, from any thread, when an append is durable (None) or has failed (LogUnavailable or RecordRefused)."""


class Log(Protocol):
    """Append and read; every implementation passes the same contract tests."""

    def append(self, records: Sequence[Outgoing], done: Done) -> None:
        """Append records in order and call `done` once all are acknowledged by every in-sync replica.

        All or nothing is not promised; order within a (topic, partition) is. Never blocks for I/O. `done` is called
        even when it fails at once.
        """

    def append_and_wait(self, records: Sequence[Outgoing], timeout_seconds: float = 30.0) -> None:
        """Append and block until durable; the empty sequence returns at once.

        Raises LogUnavailable or RecordRefused.
        """

    def partitions(self, topic: str) -> int:
        """Return the partition count of a topic. Raises RecordRefused for an unknown topic, LogUnavailable."""

    def end_offsets(self, topic: str) -> Sequence[int]:
        """Return, for each partition, the offset the next record will get."""

    def start_offsets(self, topic: str) -> Sequence[int]:
        """Return, for each partition, the offset of its first record, or of its end where there is none.

        Raises RecordRefused for an unknown topic, LogUnavailable.
        """

    def delete_before(self, topic: str, offsets: Sequence[int]) -> None:
        """Delete each partition's records before an offset, of a compacted topic only the tombstones among them.

        Offsets are never given again. What deleted records held is overwritten as far as this log can do that itself:
        a broker drops it with whole segments, and compacts when it does. Who has not committed beyond meets
        LogTruncated. Raises RecordRefused for an unknown topic, LogUnavailable, after which it may be done in part.
        """

    def group_offsets(self, group: str, topic: str) -> Sequence[int | None]:
        """Return, for each partition, the next offset that a group has committed, None where it never did.

        Whoever asks takes no part in the group. Raises RecordRefused for an unknown topic, LogUnavailable.
        """

    def read_compacted(self, topic: str, partition: int) -> Iterator[Record]:
        """Yield the newest record of every key of a compacted topic's partition, tombstones left out, to a proven end.

        (Kafka may yield older records of a key before the newest, and then its tombstone too, a record without value:
        the last yielded of a key is the newest.)
        Raises RecoveryStalled when the end could not be proven.
        """

    def consumer(
        self,
        group: str,
        topics: Sequence[str],
        *,
        assigned: Callable[[Sequence[tuple[str, int]]], None] | None = None,
        revoked: Callable[[Sequence[tuple[str, int]]], None] | None = None,
        from_start: bool = False,
    ) -> Consumer:
        """Join a group. Callbacks run inside `poll` (and `close`) with (topic, partition) pairs.

        `from_start`: ignore committed offsets and read from the beginning at every assignment.
        """

    def close(self) -> None:
        """Flush what is in flight and release everything. Safe to repeat."""


class Consumer(Protocol):
    """One member of a group."""

    def poll(self, max_records: int, timeout_seconds: float) -> list[Record]:
        """Return up to `max_records` records, each partition's in offset order; [] after the timeout.

        Raises LogUnavailable on an outage that the client does not ride out by itself.
        """

    def pause(self, partitions: Sequence[tuple[str, int]]) -> None:
        """Stop returning records of these partitions; the membership goes on as long as `poll` is called."""

    def resume(self, partitions: Sequence[tuple[str, int]]) -> None:
        """Undo pause."""

    def seek(self, topic: str, partition: int, offset: int) -> None:
        """Read this partition from `offset` next."""

    def commit(self, offsets: Sequence[tuple[str, int, int]]) -> None:
        """Durably commit (topic, partition, next offset to read). Raises OwnershipLost or LogUnavailable."""

    def committed(self, topic: str, partition: int) -> int | None:
        """Return the committed next offset, or None."""

    def lag(self) -> int | None:
        """Return how many records of the assigned partitions are not yet returned by `poll`; None with none assigned.

        A member that has just joined owns nothing, and knows nothing of how far behind it is.
        """

    def session_left_seconds(self) -> float:
        """Return how long this member still surely owns its partitions, from the last poll on; <= 0 is not sure."""

    def close(self) -> None:
        """Leave the group. Safe to repeat."""
