"""A worker in a process of its own on the one-machine log: what it is given comes out, whole and once."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from schemas import topics
from schemas.codec import Codec
from schemas.dead_letter import DeadLetter, DeadLetterReason
from schemas.derived import GENERATION_SHIFT
from schemas.log import Log, Outgoing, Record
from schemas.log_local import LocalLog
from schemas.measurement import Measurement
from tests.builders import engine_events as say
from tests.builders import flow
from tests.builders.failing_log import POINTS
from tests.builders.workers import Workers, until

EVENTS = 600


@pytest.fixture
def log(tmp_path: Path) -> Iterator[LocalLog]:
    """Return an empty log."""
    opened = LocalLog(tmp_path / "log")
    yield opened
    opened.close()


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Workers]:
    """Return a starter of workers on that log."""
    started = Workers(tmp_path, chunk_records="50", emit_seconds="0.2")
    yield started
    started.close()


def names(*numbers: range) -> list[str]:
    """Return the ids of these events, sorted."""
    return sorted(flow.event(number).event_id for span in numbers for number in span)


def committed(log: LocalLog) -> list[int]:
    """Return the group's offset in each partition."""
    consumer = log.consumer("vsm-processors", [topics.FLOW_EVENTS.name])
    try:
        return [
            consumer.committed(topics.FLOW_EVENTS.name, p) or 0 for p in range(log.partitions(topics.FLOW_EVENTS.name))
        ]
    finally:
        consumer.close()


def everything(log: LocalLog, topic: str) -> list[Record]:
    """Read a topic from its start to its end."""
    consumer = log.consumer(f"checker-{topic}", [topic], from_start=True)
    try:
        found: list[Record] = []
        while len(found) < sum(log.end_offsets(topic)):
            found += consumer.poll(1_000, 0.1)
        return found
    finally:
        consumer.close()


def dead(log: LocalLog) -> dict[str, DeadLetterReason]:
    """Return the reason of every dead letter, by id."""
    codec = Codec()
    letters = [codec.decode(r.value, DeadLetter) for r in everything(log, topics.DEAD_LETTERS.name)]
    return {letter.dead_letter_id: letter.reason for letter in letters}


def measured(log: Log) -> dict[str, float | None]:
    """Return each stream's newest count."""
    codec, topic = Codec(), topics.MEASUREMENTS.name
    values = [
        codec.decode(record.value, Measurement)
        for partition in range(log.partitions(topic))
        for record in log.read_compacted(topic, partition)
    ]
    return {m.value_stream: m.value for m in values}


def settled(log: LocalLog) -> list[str]:
    """Wait until the commits reach the end; return the ids in the rows, which the state must hold too."""
    until(lambda: committed(log) == list(log.end_offsets(topics.FLOW_EVENTS.name)))
    assert flow.state_ids(log) == flow.ids(log)
    return flow.ids(log)


def test_every_event_comes_out_once_and_the_commits_reach_the_end(log: LocalLog, workers: Workers) -> None:
    """What was appended before and while a worker runs stands in the rows once, and SIGTERM ends it cleanly."""
    log.append_and_wait(flow.records(log, map(flow.event, range(EVENTS))))
    worker = workers.start()
    log.append_and_wait(flow.records(log, map(flow.event, range(EVENTS, 2 * EVENTS))))
    assert (settled(log), worker.stop()) == (names(range(2 * EVENTS)), 0), workers.said()


@pytest.mark.parametrize("point", POINTS)
def test_a_kill_at_any_point_of_a_chunk_loses_and_doubles_nothing(log: LocalLog, workers: Workers, point: str) -> None:
    """Killed at the third time it reaches a point, its successor makes the same rows and the same counts."""
    bad = [flow.event(number, poison="yes") for number in range(EVENTS, EVENTS + 40)]
    good = list(map(flow.event, range(EVENTS)))
    mixed = [e for pair in zip(good[::15], bad, strict=True) for e in pair] + [e for n, e in enumerate(good) if n % 15]
    log.append_and_wait(flow.records(log, mixed))
    killed = workers.start(point, at=3).wait()
    workers.start()
    until(lambda: sum(v or 0 for v in measured(log).values()) >= EVENTS)
    ids = settled(log)
    assert (killed, ids, sum(v or 0 for v in measured(log).values()), len(dead(log))) == (
        -signal.SIGKILL,
        names(range(EVENTS)),
        EVENTS,
        40,
    ), workers.said()


def test_what_cannot_be_handled_is_a_dead_letter_and_the_rest_goes_on(log: LocalLog, workers: Workers) -> None:
    """A record of no known schema, one that is no Avro, one without a value and one that fails in its step are kept."""
    topic = topics.FLOW_EVENTS.name
    broken = [Outgoing(topic, 0, b"stream", value) for value in (b"\xc3\x01nobody's", b"{}", None)]
    poisoned = flow.records(log, [flow.event(EVENTS, poison="yes")])
    log.append_and_wait([*broken, *poisoned, *flow.records(log, map(flow.event, range(EVENTS)))])
    workers.start()
    assert (settled(log), sorted(dead(log).values())) == (
        names(range(EVENTS)),
        ["bad_record", "bad_record", "step_failed", "unknown_schema"],
    ), workers.said()


def test_a_bug_in_the_step_ends_the_worker_and_acknowledges_nothing(log: LocalLog, workers: Workers) -> None:
    """What no step may raise is no dead letter: the process leaves with a code, the chunk stays unread."""
    log.append_and_wait(flow.records(log, [flow.event(0), flow.event(1, bug="yes")]))
    code = workers.start().wait()
    assert (code, sum(committed(log)) <= 1, dead(log)) == (70, True, {}), workers.said()


def test_more_dead_letters_than_the_budget_end_the_worker(log: LocalLog, workers: Workers) -> None:
    """A run of failures is an outage: the worker leaves and says why, and does not put the run aside."""
    log.append_and_wait(flow.records(log, (flow.event(n * flow.STREAMS, poison="yes") for n in range(100))))
    code = workers.start(dead_letter_run="30").wait()
    assert (code, "the dead-letter budget is spent" in workers.said(), dead(log)) == (65, True, {})


def test_a_new_generation_writes_every_row_again_and_reads_on(log: LocalLog, workers: Workers) -> None:
    """Started with a higher generation, a worker writes all rows at its revisions before the events that came since."""
    log.append_and_wait(flow.records(log, map(flow.event, range(EVENTS))))
    first = workers.start()
    settled(log)
    first.kill()
    log.append_and_wait(flow.records(log, map(flow.event, range(EVENTS, EVENTS + 8))))
    workers.start(generation="2")
    ids = settled(log)
    generations = {row.revision >> GENERATION_SHIFT for row in flow.rows(log).values()}
    assert (ids, generations) == (names(range(EVENTS + 8)), {2}), workers.said()


def test_state_that_was_deleted_is_filled_again_from_the_log(log: LocalLog, workers: Workers, tmp_path: Path) -> None:
    """The state says how far it has read; where it is gone, the log is read from its beginning."""
    log.append_and_wait(flow.records(log, map(flow.event, range(EVENTS))))
    first = workers.start()
    settled(log)
    first.kill()
    log.close()
    for name in (topics.STATE.name, topics.WORK_ITEMS.name):
        for path in (tmp_path / "log").glob(f"{name}*"):
            path.unlink()
    again = LocalLog(tmp_path / "log")
    workers.start()
    until(lambda: flow.ids(again) == names(range(EVENTS)))
    again.close()


def test_a_worker_that_hangs_is_ended_by_its_watchdog(log: LocalLog, workers: Workers) -> None:
    """Work that waits while nothing moves ends the process with a code, so that somebody starts it again."""
    log.append_and_wait(flow.records(log, map(flow.event, range(EVENTS))))
    code = workers.start("after-outputs", act="hang", stall_seconds="1", leave_seconds="1").wait()
    assert (code, "no progress" in workers.said()) == (70, True)


def test_a_refused_commit_is_no_crash(log: LocalLog, workers: Workers) -> None:
    """A commit that is refused once changes nothing: the same worker goes on and its commits reach the end."""
    log.append_and_wait(flow.records(log, map(flow.event, range(EVENTS))))
    worker = workers.start("after-memory", at=2, act="refuse")
    assert (settled(log), worker.stop()) == (names(range(EVENTS)), 0), workers.said()


def test_no_row_of_a_lost_chunk_stays_behind(log: LocalLog, workers: Workers, tmp_path: Path) -> None:
    """A push was an item of its own when the worker was killed; its successor reads it together with its change."""
    config = tmp_path / "value-streams.yaml"
    config.write_text('version: 1\nvalue_streams:\n  - {name: checkout, select: ["*"]}\n', encoding="utf-8")
    log.append_and_wait(flow.records(log, [say.committed("c1", 0)]))
    assert workers.start("after-outputs", config=str(config)).wait() == -signal.SIGKILL, workers.said()
    log.append_and_wait(flow.records(log, [say.opened(1, 1, say.contains("c1"))]))
    workers.start(config=str(config))
    until(lambda: committed(log) == list(log.end_offsets(topics.FLOW_EVENTS.name)))
    assert flow.items(log) == [say.change(1)]


def test_a_fenced_chunk_is_dropped_and_its_partition_recovered(log: LocalLog, workers: Workers) -> None:
    """With too little of the session left nothing goes into the state; the worker reads it anew and carries on."""
    log.append_and_wait(flow.records(log, map(flow.event, range(EVENTS))))
    worker = workers.start("fence", at=6, act="refuse")
    ids = settled(log)
    assert (ids, worker.stop(), "dropped a chunk" in workers.said()) == (names(range(EVENTS)), 0, True), workers.said()


def test_a_log_that_takes_nothing_ends_the_worker_unacknowledged(log: LocalLog, workers: Workers) -> None:
    """An append that fails for good ends the process for a restart, which loses and doubles nothing."""
    log.append_and_wait(flow.records(log, map(flow.event, range(EVENTS))))
    code = workers.start("before-outputs", at=3, act="away").wait()
    workers.start()
    assert (code, settled(log)) == (75, names(range(EVENTS))), workers.said()


def test_a_log_that_does_not_answer_for_a_moment_is_waited_for(log: LocalLog, workers: Workers) -> None:
    """A poll that fails is tried again by the same worker."""
    log.append_and_wait(flow.records(log, map(flow.event, range(EVENTS))))
    worker = workers.start("poll", at=5, act="away")
    ids = settled(log)
    assert (ids, worker.stop(), "waited for the log" in workers.said()) == (names(range(EVENTS)), 0, True)


def test_the_pages_say_what_the_worker_has_done(log: LocalLog, workers: Workers) -> None:
    """Readiness tells how far each partition has read, the metrics how many events were carried."""
    log.append_and_wait(flow.records(log, map(flow.event, range(EVENTS))))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    workers.start(process_port=str(port))
    settled(log)
    address = f"http://127.0.0.1:{port}"
    body = httpx.get(f"{address}/health/ready").json()
    page = httpx.get(f"{address}/metrics").text
    assert (body["rebuilt"], sum(body["partitions"].values()), f"events_total {EVENTS}.0" in page) == (
        True,
        EVENTS,
        True,
    ), (body, page)


def test_a_second_worker_takes_over_when_the_first_dies(log: LocalLog, workers: Workers) -> None:
    """On one machine one worker reads and the other stands by."""
    first, _ = workers.start(), workers.start()
    log.append_and_wait(flow.records(log, map(flow.event, range(EVENTS))))
    settled(log)
    first.kill()
    log.append_and_wait(flow.records(log, map(flow.event, range(EVENTS, 2 * EVENTS))))
    assert settled(log) == names(range(2 * EVENTS)), workers.said()


def test_state_of_another_packing_is_made_anew_from_the_log(log: LocalLog, workers: Workers) -> None:
    """A generation that packs facts otherwise deletes the old records and reads the log from its beginning."""
    log.append_and_wait(flow.records(log, map(flow.event, range(EVENTS))))
    first = workers.start()
    settled(log)
    first.kill()
    workers.start(generation="2", COUNTING_PACKING="otherwise")
    until(lambda: {row.revision >> GENERATION_SHIFT for row in flow.rows(log).values()} == {2})
    assert settled(log) == names(range(EVENTS)), workers.said()


def test_a_changed_derivation_of_the_same_generation_is_refused(log: LocalLog, workers: Workers) -> None:
    """Rows at revisions that were given already would not win: the worker leaves and says what to raise."""
    log.append_and_wait(flow.records(log, map(flow.event, range(EVENTS))))
    first = workers.start(generation="2")
    settled(log)
    first.kill()
    code = workers.start(generation="1").wait()
    assert (code, "VSM_GENERATION" in workers.said()) == (65, True)


def test_the_real_engine_carries_events_to_visits_and_measurements(
    log: LocalLog, workers: Workers, tmp_path: Path
) -> None:
    """A ticket, its change and the change's merge become visits of the standard map, and measured ones."""
    config = tmp_path / "value-streams.yaml"
    config.write_text('version: 1\nvalue_streams:\n  - {name: shop, select: ["*"]}\n', encoding="utf-8")
    log.append_and_wait(flow.records(log, flow.life_of_a_change("shop")))
    workers.start(config=str(config), clock="2023-11-15T00:00:00Z")
    until(lambda: {"Backlog", "Develop", "Review"} <= {visit.step for visit in flow.visits(log)})
    until(lambda: measured(log))
    finished = {visit.step for visit in flow.visits(log) if visit.finished_at is not None}
    assert finished == {"Backlog", "Develop", "Review"}, workers.said()
