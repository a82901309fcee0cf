"""The sinks on a real Apache Kafka: members that come and go, and a store that goes away."""

from __future__ import annotations

import itertools
import secrets
import threading
from collections.abc import Iterator

import pytest

from schemas.clock import clock_from
from schemas.log_kafka import KafkaLog
from sinks.clickhouse.client import ClickHouse
from sinks.prometheus.sink import PrometheusSink
from sinks.service import Parts
from sinks.settings import Settings
from sinks.telemetry import Telemetry
from tests.builders.derived_rows import measured, visit
from tests.builders.pumping import CODEC, Pumping, append, outgoing, wait_until
from tests.sinks.test_pump import Deaf

pytestmark = [pytest.mark.real, pytest.mark.timeout(240)]


@pytest.fixture
def run() -> str:
    """Return what tells this test's records from those of others on the shared broker."""
    return secrets.token_hex(4)


def joined(kafka: str) -> KafkaLog:
    """Return a log of its own, as every process has."""
    return KafkaLog(kafka, delivery_seconds=10.0, session_seconds=12.0)


@pytest.fixture
def log(kafka: str) -> Iterator[KafkaLog]:
    """The log that tests append to."""
    opened = joined(kafka)
    yield opened
    opened.close()


def stored(store: ClickHouse, run: str) -> tuple[int, int]:
    """Return this run's rows, and how many ids they hold."""
    ((rows, ids),) = store.rows(
        f"SELECT count(), uniqExact(item_id) FROM vsm.step_visits_current WHERE item_id LIKE '{run}%'"  # noqa: S608 - our own token
    )
    return int(rows), int(ids)


def test_members_that_come_and_go_lose_and_double_nothing(
    kafka: str, log: KafkaLog, embedded: ClickHouse, run: str
) -> None:
    """Two sinks share the group, one leaves, records flow all the while: every id is there once."""
    numbers = itertools.count()

    def send(count: int) -> None:
        append(
            log,
            [visit(f"{run}-{number}", value_stream=f"s{number % 9}") for number in itertools.islice(numbers, count)],
        )

    send(300)
    staying, leaving = joined(kafka), joined(kafka)
    with Pumping(staying, embedded):
        wait_until(lambda: stored(embedded, run)[0] == 300, 60)
        with Pumping(leaving, embedded):
            send(300)
            wait_until(lambda: stored(embedded, run)[0] == 600, 60)
        send(300)
        wait_until(lambda: stored(embedded, run)[0] == 900, 60)
    staying.close()
    leaving.close()
    assert stored(embedded, run) == (900, 900)


def test_an_outage_is_ridden_out_in_the_group(log: KafkaLog, kafka: str, embedded: ClickHouse, run: str) -> None:
    """Paused longer than a few polls the member keeps its partitions, and everything drains when the store is back."""
    append(log, [visit(f"{run}-{number}", value_stream=f"s{number % 9}") for number in range(500)])
    store, member = Deaf(embedded), joined(kafka)
    with Pumping(member, store) as pumping:
        wait_until(lambda: len(store.offered) > 5, 60)
        store.back = True
        wait_until(lambda: stored(embedded, run)[0] == 500, 60)
    member.close()
    assert (stored(embedded, run), pumping.failure) == ((500, 500), None)


def test_the_page_is_read_from_the_start_by_every_process(kafka: str, log: KafkaLog, run: str) -> None:
    """A second exporter after the first one's end shows the same series: nothing was committed."""
    log.append_and_wait([outgoing(log, measured(4.5, value_stream=run))])
    found = []
    for _ in range(2):
        member = joined(kafka)
        settings = Settings(_env_file=None)  # type: ignore[call-arg]
        parts = Parts(settings=settings, log=member, codec=CODEC, clock=clock_from(""), telemetry=Telemetry())
        sink, stop = PrometheusSink(parts), threading.Event()
        thread = threading.Thread(target=sink.run, args=(stop,), daemon=True)
        thread.start()
        wait_until(lambda sink=sink: run in page(sink), 60)  # type: ignore[misc]
        found.append(page(sink).count(run))
        stop.set()
        thread.join(30)
        member.close()
    assert found == [2, 2]


def page(sink: PrometheusSink) -> str:
    """Return the page as it stood when the measurements were made."""
    return b"".join(sink.page.render(measured().measured_at)).decode()
