"""The ingester on a real Apache Kafka: what was answered 202 is on the topic, whatever happens to either of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from schemas import topics_kafka
from schemas.avro_schemas import MARKER
from schemas.codec import Codec
from schemas.event import FlowEvent
from schemas.log import Record
from schemas.log_kafka import KafkaLog
from schemas.topics import FLOW_EVENTS
from tests.builders.ingest_load import load, stopped
from tests.builders.ingester import Ingester, push_body, signed
from tests.builders.kafka_broker import Cluster, NoKafka, cluster

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

ACME = "/webhooks/github/acme"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A broker of this module's own, that may be hung and killed."""
    try:
        with cluster(tmp_path_factory.mktemp("own-kafka")) as running:
            topics_kafka.apply(running.bootstrap, 4, 1)
            yield running
    except NoKafka as missing:
        pytest.skip(f"NO REAL KAFKA HERE, so this was not tried: {missing}")


def on_topic(bootstrap: str) -> set[str]:
    """Return the id of every flow event on the topic; other tests of the broker leave plain texts there."""
    log, codec = KafkaLog(bootstrap), Codec()
    try:
        consumer = log.consumer(f"reader-{time.monotonic_ns()}", [FLOW_EVENTS.name], from_start=True)
        found: list[Record] = []
        while consumer.lag() != 0:  # offsets cannot be counted: the ends of others' transactions have some too
            found += consumer.poll(5_000, 0.2)
        consumer.close()
        return {codec.decode(r.value, FlowEvent).event_id for r in found if r.value and r.value.startswith(MARKER)}
    finally:
        log.close()


def post(ingester: Ingester, seed: str) -> int:
    """Send one push and return the status."""
    body = push_body(seed=seed)
    return httpx.post(ingester.url + ACME, content=body, headers=signed(body), timeout=30).status_code


def test_killed_ingester_loses_nothing(kafka: str, tmp_path: Path) -> None:
    """Killed twice under load, every id that was answered 202 is on the topic."""
    answered: set[str] = set()
    ingester = Ingester(tmp_path, environment={"VSM_KAFKA": kafka})
    for number in range(2):
        ingester.start()
        senders = load(ingester, f"kafka{number}")
        ingester.kill()
        answered |= stopped(senders)

    assert (len(answered) >= 120, answered - on_topic(kafka)) == (True, set())


def test_hung_broker_is_503_and_comes_back(own: Cluster, tmp_path: Path) -> None:
    """While the broker hangs, deliveries are 503; once it is back, readiness is green before any is sent, and 202."""
    environment = {"VSM_KAFKA": own.bootstrap, "VSM_PUBLISH_SECONDS": "2"}
    ingester = Ingester(tmp_path, environment=environment).start()
    own.brokers[0].pause()
    first, started = post(ingester, "hung"), time.monotonic()
    second = post(ingester, "hung again")
    at_once = time.monotonic() - started
    own.brokers[0].go_on()
    pause = threading.Event()
    while httpx.get(f"{ingester.url}/health/ready").status_code != 200:
        pause.wait(0.2)
    back = post(ingester, "back")
    status = ingester.stop()

    assert (first, second, at_once < 1.0, back, status) == (503, 503, True, 202, 0)


def test_ends_in_time_although_the_broker_hangs(own: Cluster, tmp_path: Path) -> None:
    """Asked to end while the broker hangs, the process is out in less than thirty seconds."""
    ingester = Ingester(tmp_path, environment={"VSM_KAFKA": own.bootstrap, "VSM_PUBLISH_SECONDS": "2"}).start()
    own.brokers[0].pause()
    post(ingester, "hung at the end")
    started = time.monotonic()
    ingester.stop()
    took = time.monotonic() - started
    own.brokers[0].go_on()

    assert took < 30


def test_spool_bridges_a_dead_broker(own: Cluster, tmp_path: Path) -> None:
    """With a spool, deliveries stay 202 while the broker is dead, and all of them are on the topic once it is back."""
    environment = {
        "VSM_KAFKA": own.bootstrap, "VSM_PUBLISH_SECONDS": "2", "VSM_SPOOL_DIR": str(tmp_path / "spool"),
    }  # fmt: skip
    ingester = Ingester(tmp_path, environment=environment).start()
    own.brokers[0].kill()
    senders = load(ingester, "bridged", each=5)
    for sender in senders:
        sender.ended.set()
    answered = stopped(senders)
    own.brokers[0].start()
    own.wait()
    pause = threading.Event()
    while "vsm_ingest_spool_records 0.0" not in httpx.get(f"{ingester.url}/metrics").text:
        pause.wait(0.2)
    ingester.stop()

    assert (len(answered) >= 20, answered - on_topic(own.bootstrap)) == (True, set())
