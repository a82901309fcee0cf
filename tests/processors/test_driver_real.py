"""Workers on a real Apache Kafka: kills at six points, churn, a stopped broker, a worker that slept; each id known."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition

from schemas import topics, topics_kafka
from schemas.derived import GENERATION_SHIFT
from schemas.log import Log, LogUnavailable
from schemas.log_kafka import KafkaLog
from tests.builders import flow
from tests.builders.failing_log import POINTS
from tests.builders.kafka_broker import Cluster, NoKafka, cluster
from tests.builders.processor_worker import FENCE_SECONDS, quick
from tests.builders.workers import Worker, Workers, until

pytestmark = [pytest.mark.real, pytest.mark.timeout(240)]

EVENTS = 800
PARTITIONS = 4
_NUMBERS = count()
_GENERATIONS = count(1)
"""Each test's is higher than the last one's, because they share a broker."""


@pytest.fixture(scope="module")
def brokers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Return a broker of this module's own, which its tests may stop."""
    try:
        with cluster(tmp_path_factory.mktemp("kafka")) as running:
            topics_kafka.apply(running.bootstrap, PARTITIONS, 1)
            yield running
    except NoKafka as missing:
        pytest.skip(str(missing))


@pytest.fixture
def log(brokers: Cluster) -> Iterator[KafkaLog]:
    """Return the log on that broker."""
    opened = quick(brokers.bootstrap)
    yield opened
    opened.close()


@pytest.fixture
def workers(brokers: Cluster, tmp_path: Path) -> Iterator[Workers]:
    """Return a starter of workers on that broker."""
    started = Workers(
        tmp_path,
        kafka=brokers.bootstrap,
        chunk_records="50",
        emit_seconds="0.5",
        fence_seconds=str(FENCE_SECONDS),
        append_timeout_seconds="8",
        generation=str(next(_GENERATIONS)),
    )
    yield started
    started.close()


class Sent:
    """Events that this test has appended, under numbers that no other test uses."""

    def __init__(self, log: Log, bootstrap: str) -> None:
        self.log = log
        self._bootstrap = bootstrap
        self.names: set[str] = set()

    def send(self, many: int = EVENTS, **attributes: str) -> None:
        """Append so many events more; one at a time is tried until the log has taken it."""
        events = [flow.event(next(_NUMBERS), **attributes) for _ in range(many)]
        records = flow.records(self.log, events)
        while True:
            try:
                self.log.append_and_wait(records)
            except LogUnavailable:
                continue
            break
        if not attributes:
            self.names |= {e.event_id for e in events}

    def _all_committed(self) -> bool:
        try:
            return committed(self._bootstrap) == list(self.log.end_offsets(topics.FLOW_EVENTS.name))
        except LogUnavailable:  # a broker that has just come back
            return False

    def lost_or_doubled(self) -> list[str]:
        """Wait for the commits to reach the end; return the ids that rows or state do not hold exactly once."""
        until(self._all_committed, 60, every=0.3)
        wrong: list[str] = []
        for held in (flow.ids(self.log), flow.state_ids(self.log)):
            times = dict.fromkeys(self.names, 0)
            for name in held:
                if name in times:
                    times[name] += 1
            wrong += [name for name, number in times.items() if number != 1]
        return wrong


@pytest.fixture
def sent(log: KafkaLog, brokers: Cluster) -> Sent:
    """Return what this test sends."""
    return Sent(log, brokers.bootstrap)


def committed(bootstrap: str) -> list[int]:
    """Return the group's offset in each partition, 0 where it has none; joins nothing."""
    asking = Consumer({"bootstrap.servers": bootstrap, "group.id": "vsm-processors"})
    try:
        found = asking.committed([TopicPartition(topics.FLOW_EVENTS.name, p) for p in range(PARTITIONS)], timeout=15)
        return [max(0, place.offset) for place in found]
    finally:
        asking.close()


def shared(*workers: Worker) -> bool:
    """Tell whether every partition is held by exactly one of these workers, and each holds some."""
    held = [worker.holds() for worker in workers]
    return all(held) and sorted(p for one in held for p in one) == list(range(PARTITIONS))


class Load:
    """Sends events from a thread until stopped."""

    def __init__(self, sent: Sent) -> None:
        self._sent = sent
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Send no more."""
        self._stopped.set()
        self._thread.join(60)

    def _run(self) -> None:
        while not self._stopped.wait(0.02):
            self._sent.send(40)


class Kept:
    """A worker that is started again whenever it ends, as a supervisor does."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Start no more."""
        self._stopped.set()
        self._thread.join(60)

    def _run(self) -> None:
        worker: Worker | None = None
        while not self._stopped.is_set():
            if worker is None or worker.wait(0.5) is not None:
                worker = self._workers.start()


@pytest.fixture
def load(sent: Sent) -> Iterator[Load]:
    """Return a load that runs until the test's end, at the latest."""
    running = Load(sent)
    yield running
    running.stop()


@pytest.fixture
def kept(workers: Workers) -> Iterator[Kept]:
    """Return a worker that is always there, until the test's end at the latest."""
    running = Kept(workers)
    yield running
    running.stop()


@pytest.mark.parametrize("point", POINTS)
def test_a_kill_at_any_point_of_a_chunk_loses_and_doubles_nothing(sent: Sent, workers: Workers, point: str) -> None:
    """Killed at the third time it reaches a point, its successor makes whole what it left."""
    sent.send(EVENTS // 2)
    sent.send(20, poison="yes")
    sent.send(EVENTS // 2)
    killed = workers.start(point, at=3).wait(60)
    workers.start()
    assert (killed, sent.lost_or_doubled()) == (-signal.SIGKILL, []), workers.said()


def test_workers_that_come_and_go_lose_and_double_nothing(sent: Sent, load: Load, workers: Workers) -> None:
    """Two workers under load, a third joins, one leaves in order, one is killed, one comes back; nobody dies of it."""
    first, second = workers.start(), workers.start()
    until(lambda: shared(first, second), 60)
    third = workers.start()
    until(lambda: shared(first, second, third), 60)
    left = first.stop()
    until(lambda: shared(second, third), 60)
    second.kill()
    fourth = workers.start()
    until(lambda: shared(third, fourth), 60)
    load.stop()
    wrong = sent.lost_or_doubled()
    assert (wrong, left, third.stop(), fourth.stop()) == ([], 0, 0, 0), workers.said()


def test_another_packing_starts_over_and_survives_a_kill(sent: Sent, workers: Workers) -> None:
    """Records of an older packing are deleted and never come back, also when the worker dies on its way."""
    sent.send(EVENTS)
    first = workers.start()
    until(lambda: not sent.lost_or_doubled(), 60)
    first.kill()
    generation = next(_GENERATIONS)
    killed = workers.start("after-changelog", at=3, generation=str(generation), COUNTING_PACKING="other").wait(60)
    workers.start(generation=str(generation), COUNTING_PACKING="other")
    until(lambda: {r.revision >> GENERATION_SHIFT for r in flow.rows(sent.log).values()} == {generation}, 90, every=0.5)
    assert (killed, sent.lost_or_doubled()) == (-signal.SIGKILL, []), workers.said()


def test_a_broker_that_is_killed_and_comes_back_loses_nothing(
    sent: Sent, load: Load, kept: Kept, workers: Workers, brokers: Cluster
) -> None:
    """Workers wait, or leave and are started again; what was acknowledged comes out once."""
    until(lambda: "recovered a partition" in workers.said())
    brokers.brokers[0].kill()
    threading.Event().wait(12)
    brokers.brokers[0].start()
    brokers.wait()
    sent_before = len(sent.names)
    until(lambda: len(sent.names) > sent_before)
    load.stop()
    wrong = sent.lost_or_doubled()
    kept.stop()
    assert wrong == [], workers.said()


def test_a_worker_that_slept_while_its_partitions_moved_writes_nothing_late(
    sent: Sent, load: Load, workers: Workers
) -> None:
    """Stopped for longer than the session in the middle of a chunk, it wakes, drops what it had and goes on living."""
    sleeper = workers.start()
    until(lambda: shared(sleeper), 60)
    sleeper.send(signal.SIGSTOP)
    other = workers.start()
    until(lambda: shared(other), 60)
    sleeper.send(signal.SIGCONT)
    until(lambda: shared(sleeper, other), 60)
    load.stop()
    wrong = sent.lost_or_doubled()
    assert (wrong, sleeper.stop(), other.stop()) == ([], 0, 0), workers.said()


def test_an_append_that_failed_while_the_worker_slept_ends_nothing(sent: Sent, workers: Workers) -> None:
    """Paused past its session with an append under way, it takes the chunk for lost, reads its state anew and lives."""
    sent.send(EVENTS)
    sleeper = workers.start("before-outputs", at=3, act="oversleep")
    wrong = sent.lost_or_doubled()
    assert (wrong, sleeper.stop(), "dropped a chunk" in workers.said()) == ([], 0, True), workers.said()
