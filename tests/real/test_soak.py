"""The soak: three workers on a real Apache Kafka, killed at random, against the batch definition, row by row.

`VSM_SOAK_ITEMS` work items (300 unless told); every fact comes up to three days late or early, all streams mixed, and
a fifth of them twice.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import pytest

from processors.batch import derive
from processors.feed import GROUP
from processors.measures import Measures
from processors.outputs import TOPIC_OF, identity, series
from schemas import topics, topics_kafka
from schemas.codec import Codec
from schemas.derived import Derived, Update
from schemas.event import FlowEvent
from schemas.log import Log, LogUnavailable
from schemas.log_kafka import KafkaLog
from schemas.measurement import Measurement
from tests.builders import flow, soak
from tests.builders.engine_events import HOUR, at
from tests.builders.kafka_broker import Cluster, NoKafka, cluster
from tests.builders.processor_worker import FENCE_SECONDS, quick
from tests.builders.workers import Worker, Workers, until

ITEMS = int(os.environ.get("VSM_SOAK_ITEMS", "300"))
SEED = int(os.environ.get("VSM_SOAK_SEED", "1"))
IS_LARGE = ITEMS > 5_000
PARTITIONS = 12
DISORDER_MICROS = 72 * HOUR
CHUNK_RECORDS = "200"
EMIT_SECONDS = 90.0 if IS_LARGE else 3.0
NEVER_SECONDS = 1e6
"""A large soak measures at its end: after each kill all of thousands of streams is said anew, which is none of its
questions."""
CLOCK_HOURS = 24.0 * 30
WORKERS = 3
KILL_SECONDS = (180.0, 300.0) if IS_LARGE else (4.0, 10.0)
"""How long between two kills; a large state takes longer to take over, and its group misses a member later."""
PATIENCE_SECONDS = 120 + ITEMS / 12
pytestmark = [pytest.mark.real, pytest.mark.timeout(int(300 + 3 * PATIENCE_SECONDS))]
Rows = dict[tuple[str, ...], Derived]


@pytest.fixture
def brokers(tmp_path: Path) -> Iterator[Cluster]:
    """Return a broker of this test's own."""
    try:
        with cluster(tmp_path) as running:
            topics_kafka.apply(running.bootstrap, PARTITIONS, 1)
            yield running
    except NoKafka as missing:
        pytest.skip(f"NO REAL KAFKA HERE, so the soak was not run: {missing}")


@pytest.fixture
def log(brokers: Cluster) -> Iterator[KafkaLog]:
    """Return the log on that broker."""
    opened = quick(brokers.bootstrap)
    yield opened
    opened.close()


def test_shuffled_doubled_and_killed_the_tables_are_those_of_the_batch(
    brokers: Cluster, log: KafkaLog, tmp_path: Path
) -> None:
    """Whatever order, copies and kills: every row and every measurement is what the plain definition says."""
    streams = soak.names(ITEMS)
    chance = random.Random(SEED)
    per_stream = {name: soak.events(name, SEED, min(ITEMS, soak.ITEMS_OF_A_STREAM)) for name in streams}
    config = tmp_path / "value-streams.yaml"
    config.write_text(soak.definition_yaml(streams))
    workers = Workers(
        tmp_path, kafka=brokers.bootstrap, config=str(config), clock=_clock(), chunk_records=CHUNK_RECORDS,
        emit_seconds=str(NEVER_SECONDS if IS_LARGE else EMIT_SECONDS), **_haste(),
    )  # fmt: skip
    try:
        kills = _soaked(log, workers, _shuffled(per_stream, chance), chance)
        wrong = _differences(log, per_stream)
        print(f"soak: {kills} kills, {len(wrong)} rows differ")  # noqa: T201 - a long run says where it is
        wrong = wrong or _unsaid(log, per_stream)
    finally:
        workers.close()
    print(f"soak: {ITEMS} items, {sum(map(len, per_stream.values()))} facts, {kills} kills, {len(wrong)} differences")  # noqa: T201 - a long run says what it did
    assert (kills > 0, wrong[:5]) == (True, []), workers.said()[-3_000:]


def _haste() -> dict[str, str]:
    """Return how soon the group misses who is gone: at once in a small soak, as on a cluster in a large one."""
    return {"PATIENT": "yes"} if IS_LARGE else {"fence_seconds": str(FENCE_SECONDS), "append_timeout_seconds": "8"}


def _clock() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at(CLOCK_HOURS) // 1_000_000))


def _shuffled(per_stream: dict[str, list[FlowEvent]], chance: random.Random) -> list[FlowEvent]:
    """Return every fact and a copy of every fifth, each out of its place by up to the disorder."""
    every = [event for events in per_stream.values() for event in events]
    again = [msgspec.structs.replace(e, delivery_id=f"{e.delivery_id}+", received_at=e.received_at + 1) for e in every]
    sent = every + [event for event in again if chance.random() < 0.2]
    return sorted(sent, key=lambda event: event.occurred_at + chance.randrange(DISORDER_MICROS))


def _soaked(log: Log, workers: Workers, sent: list[FlowEvent], chance: random.Random) -> int:
    """Send everything while workers are killed and started again; return how often, once all of it is taken."""
    running = [workers.start() for _ in range(WORKERS)]
    kills, due = 0, time.monotonic() + chance.uniform(*KILL_SECONDS)
    for begin in range(0, len(sent), 5_000):
        log.append_and_wait(flow.records(log, sent[begin : begin + 5_000]))
        if time.monotonic() > due:
            kills += _killed(workers, running, chance.randrange(WORKERS))
            due = time.monotonic() + chance.uniform(*KILL_SECONDS)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not _is_done(log):
        assert time.monotonic() < deadline, "the workers did not come to the end"
        if time.monotonic() > due and kills < ITEMS / 200:
            kills += _killed(workers, running, chance.randrange(WORKERS))
            due = time.monotonic() + chance.uniform(*KILL_SECONDS)
        time.sleep(0.5)
    for place in range(len(running)):
        kills += _killed(workers, running, place, str(EMIT_SECONDS))
    until(lambda: _held(running) == list(range(PARTITIONS)) and _is_done(log), PATIENCE_SECONDS, every=0.5)
    return kills


def _killed(workers: Workers, running: list[Worker], place: int, emit_seconds: str = "") -> int:
    running[place].kill()
    running[place] = workers.start(emit_seconds=emit_seconds) if emit_seconds else workers.start()
    return 1


def _held(running: list[Worker]) -> list[int]:
    return sorted(partition for worker in running for partition in worker.holds())


def _is_done(log: Log) -> bool:
    """Tell whether the group has committed every partition's end."""
    try:
        committed = [offset or 0 for offset in log.group_offsets(GROUP, topics.FLOW_EVENTS.name)]
    except LogUnavailable:  # the group's coordinator is only just there
        return False
    return committed == list(log.end_offsets(topics.FLOW_EVENTS.name))


def _differences(log: Log, per_stream: dict[str, list[FlowEvent]]) -> list[str]:
    """Return every row that is missing, too many, or other than the batch definition has it."""
    rows = _standing(log)
    wrong = []
    for name, events in per_stream.items():
        expected, found = _expected(name, events), rows.get(name, {})
        wrong += [f"{key}: {found.get(key)} is not {row}" for key, row in expected.items() if found.get(key) != row]
        wrong += [f"{key}: not derived" for key in found.keys() - expected.keys()]
    return wrong


def _unsaid(log: Log, per_stream: dict[str, list[FlowEvent]]) -> list[str]:
    """Return every series that does not say what the batch's rows measure, once there was time to say it."""
    deadline = time.monotonic() + 4 * EMIT_SECONDS + PATIENCE_SECONDS / 4
    left = list(per_stream)
    wrong: list[str] = []
    while left:
        said = _measured(log)
        found = {name: list(_wrong_measurements(name, per_stream[name], said.get(name, {}))) for name in left}
        left = [name for name, lines in found.items() if lines]
        wrong = [line for lines in found.values() for line in lines]
        if time.monotonic() > deadline:
            break
    return wrong


def _expected(name: str, events: list[FlowEvent]) -> Rows:
    return {_key(row): row for row in derive(events, soak.definition([name]))}


def _wrong_measurements(name: str, events: list[FlowEvent], found: Mapping[str, Measurement]) -> Iterator[str]:
    """Yield every series whose newest value is not what the rows measure under the same clock."""
    measures = Measures(soak.definition([name]), at(CLOCK_HOURS))
    for row in _expected(name, events).values():
        measures.observe(Update(before=None, after=row))
    for true in measures.measure_all(at(CLOCK_HOURS), {}):
        said = found.get(series(true))
        if true.n and (said is None or _told(said) != _told(true)):
            yield f"{name} {series(true)!r}: {said} is not {true}"


def _standing(log: Log) -> dict[str, Rows]:
    codec = Codec()
    newest: dict[str, Rows] = {}
    for kind, topic in TOPIC_OF.items():
        for partition in range(log.partitions(topic)):
            for record in log.read_compacted(topic, partition):
                if record.value is not None:
                    row = codec.decode(record.value, kind)
                    known = newest.setdefault(row.value_stream, {})
                    key = _key(row)
                    if key not in known or known[key].revision <= row.revision:
                        known[key] = row
    return {name: {key: _plain(row) for key, row in rows.items() if not row.withdrawn} for name, rows in newest.items()}


def _plain(row: Derived) -> Derived:
    """Return a row without what says when it was known and under which file."""
    return msgspec.structs.replace(row, revision=0, known_at=0, definition_version="v1")


def _measured(log: Log) -> dict[str, dict[str, Measurement]]:
    codec, topic = Codec(), topics.MEASUREMENTS.name
    newest: dict[str, dict[str, Measurement]] = {}
    for partition in range(log.partitions(topic)):
        for record in log.read_compacted(topic, partition):
            if record.value is not None:
                said = codec.decode(record.value, Measurement)
                newest.setdefault(said.value_stream, {})[series(said)] = said
    return newest


def _key(row: Derived) -> tuple[str, ...]:
    return type(row).__name__, row.value_stream, identity(row)


def _told(measurement: Measurement) -> tuple[object, ...]:
    return measurement.value, measurement.n, measurement.lower, measurement.upper
