"""What the log on Kafka does when brokers die, hang or lose data, and when a member sleeps through its session."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from schemas import topics_kafka
from schemas.kafka_recovery import MARKER_KEY
from schemas.log import Log, LogTruncated, LogUnavailable, Outgoing, OwnershipLost, Record, RecoveryStalled
from schemas.log_kafka import KafkaLog
from schemas.topics import STATE
from tests.builders.kafka_broker import Cluster, NoKafka, cluster
from tests.builders.log_traffic import DEADLINE_SECONDS, EVENTS, own, read, records, until

pytestmark = [pytest.mark.real, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def fragile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A broker that tests may kill and pause; each leaves it answering."""
    try:
        with cluster(tmp_path_factory.mktemp("fragile")) as running:
            topics_kafka.apply(running.bootstrap, 2, 1)
            yield running
    except NoKafka as missing:
        pytest.skip(f"NO REAL KAFKA HERE: {missing}")


@pytest.fixture
def log(fragile: Cluster) -> Iterator[KafkaLog]:
    """A log that gives up soon."""
    log = KafkaLog(fragile.bootstrap, delivery_seconds=4.0, session_seconds=6.0, stall_seconds=4.0)
    yield log
    log.close()


@pytest.fixture
def token() -> bytes:
    """A mark that tells this test's records from all others."""
    return uuid.uuid4().hex.encode()


@pytest.fixture
def group() -> str:
    """A group nobody else is in."""
    return f"group-{uuid.uuid4().hex}"


def test_a_killed_leader_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    """Of three brokers the leader dies under load: every acknowledged value is there, once."""
    try:
        with cluster(tmp_path, brokers=3) as three:
            topics_kafka.apply(three.bootstrap, 2, 3)
            log = KafkaLog(three.bootstrap, delivery_seconds=20.0, session_seconds=30.0)
            appending = Appending(log)
            until(lambda: len(appending.acknowledged), lambda count: count >= 200)
            three.leader(EVENTS, 0).kill()
            so_far = len(appending.acknowledged)
            until(lambda: len(appending.acknowledged), lambda count: count >= so_far + 200, seconds=60.0)
            appending.stop()

            found = everything(log)

            log.close()
    except NoKafka as missing:
        pytest.skip(f"NO REAL KAFKA HERE: {missing}")
    values = [int(record.value or b"-1") for record in found]
    assert (appending.acknowledged - set(values), len(values) - len(set(values))) == (set(), 0)


def test_a_broker_that_was_killed_comes_back_to_the_same_log(fragile: Cluster, log: KafkaLog) -> None:
    """While it is away appends fail as an outage; when it is back they succeed, and nothing acknowledged is missing."""
    token = uuid.uuid4().hex.encode()
    log.append_and_wait(records(token, 10))
    consumer = log.consumer(f"group-{token.decode()}", [EVENTS])
    before = read(consumer, token, 10)
    fragile.brokers[0].kill()
    with pytest.raises(LogUnavailable):
        log.append_and_wait(records(token, 1))
    fragile.brokers[0].start()
    fragile.wait()
    until_appended(log, records(token + b"later", 10))

    after = read(consumer, token + b"later", 10)

    consumer.close()
    assert (len(before), [r.value for r in after]) == (10, [str(n).encode() for n in range(10)])


def test_a_broker_that_hangs_is_an_outage(fragile: Cluster, log: KafkaLog, token: bytes) -> None:
    """Its connection stays open and nothing answers: the append fails in time, and works when it goes on."""
    log.append_and_wait(records(token, 1))
    fragile.brokers[0].pause()
    started = time.monotonic()
    try:
        with pytest.raises(LogUnavailable):
            log.append_and_wait(records(token, 1))
        took = time.monotonic() - started
    finally:
        fragile.brokers[0].go_on()

    until_appended(log, records(token, 1))

    assert took < 10.0


def test_a_recovery_that_gets_no_answer_is_stalled(fragile: Cluster, log: KafkaLog, token: bytes) -> None:
    """A state that was read in part is worse than none: it is an error."""
    log.append_and_wait([Outgoing(STATE.name, 0, token, b"1")])
    fragile.brokers[0].pause()
    try:
        with pytest.raises(RecoveryStalled):
            list(log.read_compacted(STATE.name, 0))
    finally:
        fragile.brokers[0].go_on()


def test_markers_are_never_seen(log: KafkaLog, token: bytes) -> None:
    """Reading leaves a marker behind; the next reading passes over it."""
    log.append_and_wait([Outgoing(STATE.name, 0, token, b"1")])
    list(log.read_compacted(STATE.name, 0))

    assert not [r for r in log.read_compacted(STATE.name, 0) if r.key.startswith(MARKER_KEY)]


def test_lost_data_is_told(fragile: Cluster, log: KafkaLog, token: bytes, group: str) -> None:
    """Records after the committed offset that the broker no longer has are an error, not a silent jump."""
    log.append_and_wait(records(token, 5))
    consumer = log.consumer(group, [EVENTS])
    first = read(consumer, token, 5)[0].offset
    consumer.commit([(EVENTS, 0, first)])
    consumer.close()
    admin = AdminClient({"bootstrap.servers": fragile.bootstrap})
    for deleted in admin.delete_records([TopicPartition(EVENTS, 0, first + 3)]).values():
        deleted.result()
    again = log.consumer(group, [EVENTS])

    with pytest.raises(LogTruncated):
        read(again, token, 5)
    with pytest.raises(LogTruncated):  # and it stays so: nobody reads on behind the hole
        again.poll(1, 0.1)
    again.close()


def test_a_member_that_slept_through_its_session_may_not_commit(fragile: Cluster, log: KafkaLog, group: str) -> None:
    """Frozen while another takes its partitions over, it wakes unsure and its commit is refused."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.builders.owning_child", fragile.bootstrap, group, "6"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdout.readline()
    child.send_signal(signal.SIGSTOP)
    successor = log.consumer(group, [EVENTS])
    own(successor)
    child.send_signal(signal.SIGCONT)
    child.stdin.write("\n")
    child.stdin.flush()

    said = [child.stdout.readline().strip(), child.stdout.readline().strip()]

    successor.close()
    child.communicate(timeout=30)
    assert said == ["unsure", "lost"]


def test_members_that_come_and_go_leave_nothing_out(log: KafkaLog, token: bytes, group: str) -> None:
    """Three members join and leave while records flow: each record is committed by somebody, none is passed over."""
    count = 400
    handled: set[tuple[int, int]] = set()
    stopping = threading.Event()
    first, second, third = (
        threading.Thread(target=work, args=(log, group, token, handled, stopping, rounds)) for rounds in (0, 60, 30)
    )
    first.start()
    log.append_and_wait([*records(token, count // 2), *records(token, count // 2, partition=1)])
    second.start()
    third.start()
    until(lambda: len(handled), lambda done: done == count, seconds=60.0)
    second.join()
    third.join()
    stopping.set()
    first.join()

    asking = log.consumer(group, [EVENTS])
    own(asking)
    ends = [asking.committed(EVENTS, partition) for partition in (0, 1)]
    asking.close()

    assert ends == list(log.end_offsets(EVENTS))


def test_a_topic_that_was_not_applied_is_an_outage(tmp_path: Path) -> None:
    """Its error says what to do."""
    try:
        with cluster(tmp_path) as bare:
            log = KafkaLog(bare.bootstrap, delivery_seconds=4.0, session_seconds=6.0)
            with pytest.raises(LogUnavailable, match="apply the topics"):
                log.partitions(EVENTS)
            log.close()
    except NoKafka as missing:
        pytest.skip(f"NO REAL KAFKA HERE: {missing}")


def work(
    log: Log, group: str, token: bytes, handled: set[tuple[int, int]], stopping: threading.Event, rounds: int
) -> None:
    """Be a member for so many polls (0: until told to stop) that commits what it has handled."""
    consumer = log.consumer(group, [EVENTS])
    polls = 0
    while not stopping.is_set() and (rounds == 0 or polls < rounds):
        polls += 1
        chunk = consumer.poll(7, 0.1)
        ends = {(r.topic, r.partition): r.offset + 1 for r in chunk}
        try:
            consumer.commit([(*partition, end) for partition, end in ends.items()])
        except OwnershipLost:
            continue
        handled |= {(r.partition, r.offset) for r in chunk if r.key == token}
    consumer.close()


class Appending:
    """A thread that appends unique numbers, one after another, and knows which were acknowledged."""

    def __init__(self, log: Log) -> None:
        self.acknowledged: set[int] = set()
        self._log = log
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self) -> None:
        """End it, what is in flight settled."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        number = 0
        while not self._stopping.is_set():
            numbers = range(number, number + 10)
            number += 10
            try:
                self._log.append_and_wait([Outgoing(EVENTS, n % 2, b"key", str(n).encode()) for n in numbers])
            except LogUnavailable:
                continue
            self.acknowledged.update(numbers)


def until_appended(log: Log, outgoing: list[Outgoing]) -> None:
    """Append, again and again while the log is away."""
    deadline = time.monotonic() + 3 * DEADLINE_SECONDS
    while True:
        try:
            log.append_and_wait(outgoing)
        except LogUnavailable:
            assert time.monotonic() < deadline, "the log did not come back"
        else:
            return


def everything(log: Log) -> list[Record]:
    """Return all flow events of a log."""
    ends = log.end_offsets(EVENTS)
    consumer = log.consumer("everything", [EVENTS], from_start=True)
    found: list[Record] = []
    deadline = time.monotonic() + 3 * DEADLINE_SECONDS
    while len(found) < sum(ends):
        assert time.monotonic() < deadline, f"{len(found)} of {sum(ends)} records came"
        found += consumer.poll(1_000, 0.5)
    consumer.close()
    return found
