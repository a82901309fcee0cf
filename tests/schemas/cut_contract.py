"""What a log must do when records are deleted from its start: for the local log and a real Kafka.

A broker outlives a test, so each test looks only at records with its own token.
"""

from __future__ import annotations

import pytest

from schemas.log import Log, LogTruncated, Outgoing
from schemas.topics import FLOW_EVENTS
from tests.builders.log_traffic import EVENTS, read, records


def cut(log: Log, partition: int, offset: int) -> None:
    """Delete what one partition holds before an offset."""
    offsets = list(log.start_offsets(EVENTS))
    offsets[partition] = offset
    log.delete_before(EVENTS, offsets)


class CutContract:
    """Subclass with a `log` fixture; the log has at least two partitions."""

    def test_what_is_before_the_cut_is_gone_and_what_is_after_stays(self, log: Log, token: bytes) -> None:
        """A reader from the start begins at the cut; offsets are as they were."""
        first = log.end_offsets(EVENTS)[0]
        log.append_and_wait(records(token, 5))
        cut(log, 0, first + 3)
        consumer = log.consumer(f"cut-{token.decode()}", [EVENTS], from_start=True)

        found = read(consumer, token, 2)

        consumer.close()
        assert [record.offset for record in found] == [first + 3, first + 4]

    def test_the_start_is_told(self, log: Log, token: bytes) -> None:
        """It is the first record's offset, and that of the end where all are deleted."""
        log.append_and_wait(records(token, 5))
        end = log.end_offsets(EVENTS)[0]
        cut(log, 0, end - 2)
        some = log.start_offsets(EVENTS)[0]
        cut(log, 0, end)

        assert (some, log.start_offsets(EVENTS)[0], log.end_offsets(EVENTS)[0]) == (end - 2, end, end)

    def test_no_offset_is_given_again(self, log: Log, token: bytes, group: str) -> None:
        """What is appended after everything was deleted goes on behind it, and is read by who had committed there."""
        log.append_and_wait(records(token, 3))
        end = log.end_offsets(EVENTS)[0]
        first = log.consumer(group, [EVENTS])
        read(first, token, 3)
        first.commit([(EVENTS, 0, end)])
        first.close()
        cut(log, 0, end)
        log.append_and_wait([Outgoing(EVENTS, 0, token, b"new")])
        second = log.consumer(group, [EVENTS])

        found = read(second, token, 1)

        second.close()
        assert [(record.offset, record.value) for record in found] == [(end, b"new")]

    def test_who_has_not_read_what_was_deleted_is_told(self, log: Log, token: bytes, group: str) -> None:
        """A committed offset before the cut is lost data, never skipped."""
        log.append_and_wait(records(token, 3))
        end = log.end_offsets(EVENTS)[0]
        first = log.consumer(group, [EVENTS])
        read(first, token, 3)
        first.commit([(EVENTS, 0, end - 3)])
        first.close()
        cut(log, 0, end)
        second = log.consumer(group, [EVENTS])

        with pytest.raises(LogTruncated):
            read(second, token, 1)
        second.close()

    def test_other_partitions_are_left_alone(self, log: Log, token: bytes) -> None:
        """Cutting one partition leaves the others as they are."""
        log.append_and_wait([Outgoing(FLOW_EVENTS.name, 1, token, b"stays")])
        log.append_and_wait(records(token, 1))
        before = log.start_offsets(EVENTS)[1]
        cut(log, 0, log.end_offsets(EVENTS)[0])

        assert log.start_offsets(EVENTS)[1] == before
