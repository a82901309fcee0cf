"""What every log must do: one class of tests, subclassed for the local log, the mock cluster and a real Kafka.

A broker outlives a test, so each test marks its records with a token of its own and looks only at those.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence

import pytest

from schemas.log import RECORD_BYTES, Consumer, Log, LogUnavailable, Outgoing, OwnershipLost, Record, RecordRefused
from schemas.topics import STATE
from tests.builders.log_traffic import DEADLINE_SECONDS, EVENTS, Heard, drain, own, read, records, until

KEPT = STATE.name


@pytest.fixture
def token() -> bytes:
    """A mark that tells this test's records from all others."""
    return uuid.uuid4().hex.encode()


@pytest.fixture
def group() -> str:
    """A group nobody else is in."""
    return f"group-{uuid.uuid4().hex}"


Joining = Callable[..., Consumer]


class AppendContract:
    """What needs no group. Subclass with a `log` fixture; the log has at least two partitions."""

    def test_end_offsets_count_what_was_acknowledged(self, log: Log, token: bytes) -> None:
        """The end of a partition moves by exactly what was appended to it."""
        before = log.end_offsets(EVENTS)

        log.append_and_wait(records(token, 7))

        after = log.end_offsets(EVENTS)
        assert [new - old for new, old in zip(after, before, strict=True)] == [7, *([0] * (len(before) - 1))]

    def test_done_hears_of_success(self, log: Log, token: bytes) -> None:
        """`done` is called once, with None."""
        heard = Heard()

        log.append(records(token, 3), heard)

        assert heard.outcomes() == [None]

    def test_nothing_to_append_is_done_at_once(self, log: Log) -> None:
        """The empty sequence is durable before anything is asked."""
        heard = Heard()

        log.append([], heard)
        log.append_and_wait([])

        assert heard.outcomes() == [None]

    @pytest.mark.parametrize(
        "record",
        [
            Outgoing("vsm.nowhere.v1", 0, b"key", b"value"),
            Outgoing(EVENTS, 4_000, b"key", b"value"),
            Outgoing(EVENTS, -1, b"key", b"value"),
            Outgoing(EVENTS, 0, b"key", b"v" * RECORD_BYTES),
        ],
        ids=["topic", "partition", "negative", "size"],
    )
    def test_what_will_never_be_taken_is_refused(self, log: Log, record: Outgoing) -> None:
        """An unknown topic or partition and a record over the limit are the caller's fault, told through `done`."""
        heard = Heard()

        log.append([record], heard)

        assert [type(outcome) for outcome in heard.outcomes()] == [RecordRefused]

    def test_waiting_for_a_refused_record_raises(self, log: Log) -> None:
        """`append_and_wait` raises what `done` would have heard."""
        with pytest.raises(RecordRefused):
            log.append_and_wait([Outgoing("vsm.nowhere.v1", 0, b"key", b"value")])

    def test_an_unknown_topic_has_no_partitions(self, log: Log) -> None:
        """Asking for them is refused."""
        with pytest.raises(RecordRefused):
            log.partitions("vsm.nowhere.v1")

    def test_end_offsets_name_every_partition(self, log: Log) -> None:
        """There is one offset for each partition."""
        assert len(log.end_offsets(EVENTS)) == log.partitions(EVENTS)

    def test_a_compacted_topic_gives_the_newest_of_each_key(self, log: Log, token: bytes) -> None:
        """The last yielded of a key is its newest value; what was deleted is left out, or comes last without value."""
        log.append_and_wait(
            [
                Outgoing(KEPT, 1, token + b"a", b"1"),
                Outgoing(KEPT, 1, token + b"b", b"1"),
                Outgoing(KEPT, 1, token + b"a", b"2"),
                Outgoing(KEPT, 1, token + b"b", None),
                Outgoing(KEPT, 0, token + b"c", b"1"),
            ]
        )

        newest = {r.key: r.value for r in log.read_compacted(KEPT, 1) if r.key.startswith(token)}

        assert {key: value for key, value in newest.items() if value is not None} == {token + b"a": b"2"}

    def test_a_compacted_topic_is_read_to_what_was_just_appended(self, log: Log, token: bytes) -> None:
        """Every append that was acknowledged before the reading is in it."""
        seen = []
        for number in range(5):
            log.append_and_wait([Outgoing(KEPT, 0, token, str(number).encode())])
            seen.append({r.key: r.value for r in log.read_compacted(KEPT, 0)}.get(token))

        assert seen == [b"0", b"1", b"2", b"3", b"4"]

    def test_a_closed_log_takes_nothing(self, log: Log, token: bytes) -> None:
        """After close, closing again is harmless and an append is told that it failed."""
        heard = Heard()
        log.close()
        log.close()

        log.append(records(token, 1), heard)

        assert [type(outcome) for outcome in heard.outcomes()] == [LogUnavailable]

    def test_closing_waits_for_what_is_in_flight(self, log: Log, token: bytes) -> None:
        """Every append before close has been told its outcome when close returns."""
        outcomes: list[Exception | None] = []
        for _ in range(50):
            log.append(records(token, 1), outcomes.append)

        log.close()

        assert outcomes == [None] * 50


class GroupContract:
    """What members of groups rely on. Subclass with a `log` fixture; the log has at least two partitions.

    `members_share`: a second member of a group gets partitions beside the first (else it waits for the first to go).
    """

    members_share = True

    @pytest.fixture
    def join(self, log: Log) -> Iterator[Joining]:
        """Join groups and leave them all at the end."""
        joined: list[Consumer] = []

        def join(group: str, topics: Sequence[str] = (EVENTS,), *, from_start: bool = False) -> Consumer:
            joined.append(log.consumer(group, topics, from_start=from_start))
            return joined[-1]

        yield join
        for consumer in joined:
            consumer.close()

    def test_records_come_back_as_they_were_appended(self, log: Log, token: bytes, group: str, join: Joining) -> None:
        """Key, value and order of a partition are kept."""
        values = [b"%s-%d" % (token, number) for number in range(20)]

        log.append_and_wait([Outgoing(EVENTS, 1, token, value) for value in values])

        found = read(join(group), token, len(values))
        assert [(r.topic, r.partition, r.key, r.value) for r in found] == [(EVENTS, 1, token, v) for v in values]

    def test_offsets_of_a_group_are_told_to_whoever_asks(
        self, log: Log, token: bytes, group: str, join: Joining
    ) -> None:
        """Of each partition what was committed, None where nothing was; no member needs to be there."""
        log.append_and_wait(records(token, 3))
        member = join(group)
        last = read(member, token, 3)[-1].offset
        before = log.group_offsets(group, EVENTS)
        member.commit([(EVENTS, 0, last + 1)])
        member.close()

        after = log.group_offsets(group, EVENTS)

        nothing = [None] * log.partitions(EVENTS)
        assert (before, after) == (nothing, [last + 1, *nothing[1:]])

    def test_offsets_of_a_partition_have_no_holes(self, log: Log, token: bytes, group: str, join: Joining) -> None:
        """What is appended one after another lies side by side, from the end offset on."""
        start = log.end_offsets(EVENTS)[0]

        log.append_and_wait(records(token, 10))

        assert [r.offset for r in read(join(group), token, 10)] == list(range(start, start + 10))

    def test_every_append_of_many_threads_is_kept_in_its_order(
        self, log: Log, token: bytes, group: str, join: Joining
    ) -> None:
        """Four threads append at once; each one's records are all there, in its order."""

        def append(mark: bytes) -> None:
            for number in range(25):
                log.append_and_wait([Outgoing(EVENTS, 0, token + mark, str(number).encode())])

        threads = [threading.Thread(target=append, args=(mark,)) for mark in (b"a", b"b", b"c", b"d")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        found = read(join(group), token, 100)

        by_thread = {
            mark: [int(r.value or b"") for r in found if r.key == token + mark] for mark in (b"a", b"b", b"c", b"d")
        }
        assert by_thread == {mark: list(range(25)) for mark in (b"a", b"b", b"c", b"d")}

    def test_a_record_of_the_largest_size_is_taken(self, log: Log, token: bytes, group: str, join: Joining) -> None:
        """The limit itself is within the limit, key and value together."""
        value = b"v" * (RECORD_BYTES - len(token))

        log.append_and_wait([Outgoing(EVENTS, 0, token, value)])

        assert read(join(group), token, 1)[0].value == value

    def test_a_null_value_is_a_record_too(self, log: Log, token: bytes, group: str, join: Joining) -> None:
        """A tombstone is read as a record without a value."""
        log.append_and_wait([Outgoing(EVENTS, 0, token, None)])

        assert [r.value for r in read(join(group), token, 1)] == [None]

    def test_a_group_goes_on_where_it_committed(self, log: Log, token: bytes, group: str, join: Joining) -> None:
        """The next member gets what follows the committed offset, and nothing before it."""
        log.append_and_wait(records(token, 10))
        first = join(group)
        found = read(first, token, 10)
        first.commit([(EVENTS, 0, found[3].offset + 1)])
        first.close()

        again = read(join(group), token, 6)

        assert [r.offset for r in again] == [r.offset for r in found[4:]]

    def test_what_was_not_committed_comes_again(self, log: Log, token: bytes, group: str, join: Joining) -> None:
        """A member that read and left without a commit has handled nothing."""
        log.append_and_wait(records(token, 3))
        first = join(group)
        read(first, token, 3)
        first.close()

        assert len(read(join(group), token, 3)) == 3

    def test_a_reader_from_the_start_ignores_the_commits(
        self, log: Log, token: bytes, group: str, join: Joining
    ) -> None:
        """`from_start` reads everything at every assignment."""
        log.append_and_wait(records(token, 3))
        first = join(group)
        found = read(first, token, 3)
        first.commit([(EVENTS, 0, found[-1].offset + 1)])
        first.close()

        assert len(read(join(group, from_start=True), token, 3)) == 3

    def test_a_committed_offset_can_be_asked_for(self, log: Log, token: bytes, group: str, join: Joining) -> None:
        """None before the first commit, then what was committed."""
        log.append_and_wait(records(token, 2))
        consumer = join(group)
        read(consumer, token, 2)
        before = consumer.committed(EVENTS, 0)

        consumer.commit([(EVENTS, 0, 2)])

        assert (before, consumer.committed(EVENTS, 0)) == (None, 2)

    def test_nothing_can_be_committed_for_another(self, group: str, join: Joining) -> None:
        """A partition that is not assigned here is somebody else's."""
        consumer = join(group)
        consumer.poll(1, 0.0)

        with pytest.raises(OwnershipLost):
            consumer.commit([(KEPT, 0, 1)])

    def test_a_paused_partition_is_silent(self, log: Log, token: bytes, group: str, join: Joining) -> None:
        """Paused, its records stay away while others come; resumed, they come too."""
        consumer = join(group)
        own(consumer)
        consumer.pause([(EVENTS, 0)])
        log.append_and_wait([*records(token, 2), *records(token, 2, partition=1)])

        others = read(consumer, token, 2)
        consumer.resume([(EVENTS, 0)])
        paused = read(consumer, token, 2)

        assert [r.partition for r in (*others, *paused)] == [1, 1, 0, 0]

    def test_a_seek_reads_again(self, log: Log, token: bytes, group: str, join: Joining) -> None:
        """After a seek the next record is the one asked for, and all that follow."""
        log.append_and_wait(records(token, 5))
        consumer = join(group)
        found = read(consumer, token, 5)

        consumer.seek(EVENTS, 0, found[2].offset)

        assert [r.offset for r in read(consumer, token, 3)] == [r.offset for r in found[2:]]

    def test_without_a_partition_the_lag_is_not_known(self, group: str, join: Joining) -> None:
        """A member that has just joined does not say that it has read everything."""
        assert join(group).lag() is None

    def test_lag_goes_to_nothing(self, log: Log, token: bytes, group: str, join: Joining) -> None:
        """A member that has read everything has no lag; what is appended then is lag until it is read."""
        consumer = join(group)
        own(consumer)
        drain(consumer)
        log.append_and_wait(records(token, 4))
        behind = until(consumer.lag, lambda lag: lag == 4)

        read(consumer, token, 4)

        assert (behind, consumer.lag()) == (4, 0)

    def test_two_members_share_without_overlap(self, log: Log, token: bytes, group: str) -> None:
        """Every record reaches exactly one of two members."""
        owned: list[set[tuple[str, int]]] = [set(), set()]
        members = [
            log.consumer(group, [EVENTS], assigned=mine.update, revoked=mine.difference_update) for mine in owned
        ]
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not (owned[0] and (owned[1] or not self.members_share)):
            assert time.monotonic() < deadline, "nobody was assigned anything"
            for member in members:
                member.poll(1, 0.05)
        log.append_and_wait([*records(token, 10), *records(token, 10, partition=1)])

        found: list[Record] = []
        while len(found) < 20:
            assert time.monotonic() < deadline, f"{len(found)} of 20 records came"
            for member in members:
                found += [r for r in member.poll(100, 0.05) if r.key == token]
        for member in members:
            member.close()

        assert sorted((r.partition, r.value) for r in found) == sorted(
            (partition, str(n).encode()) for partition in (0, 1) for n in range(10)
        )

    def test_a_member_hears_what_it_owns_and_when_it_does_no_more(self, log: Log, group: str) -> None:
        """`assigned` comes inside a poll, `revoked` at the latest inside close, both with all partitions."""
        told: list[tuple[str, set[tuple[str, int]]]] = []
        consumer = log.consumer(
            group,
            [EVENTS],
            assigned=lambda partitions: told.append(("assigned", set(partitions))),
            revoked=lambda partitions: told.append(("revoked", set(partitions))),
        )
        own(consumer)

        consumer.close()

        everything = {(EVENTS, partition) for partition in range(log.partitions(EVENTS))}
        assert told == [("assigned", everything), ("revoked", everything)]

    def test_a_polling_member_is_sure_of_its_partitions(self, group: str, join: Joining) -> None:
        """After a poll there is time left in the session."""
        consumer = join(group)
        own(consumer)

        assert consumer.session_left_seconds() > 0

    def test_the_append_time_is_the_logs_own(self, log: Log, token: bytes, group: str, join: Joining) -> None:
        """Records carry when they were appended, in microseconds."""
        before = time.time_ns() // 1_000_000 * 1_000  # Kafka keeps milliseconds

        log.append_and_wait(records(token, 1))

        found = read(join(group), token, 1)[0]
        assert before <= found.appended_at <= time.time_ns() // 1_000


class LogContract(AppendContract, GroupContract):
    """All of it."""
