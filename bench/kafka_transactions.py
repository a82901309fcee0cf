"""What a transaction per chunk would cost on a real Kafka: `python -m bench.kafka_transactions`; an experiment, no bar.

The same chunks of records are carried in both ways, in turns: outputs, state and offset one after another, each awaited
(as the driver does), and all three in one transaction. Needs Java 17, as the tests marked `real` do.
"""

from __future__ import annotations

import tempfile
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from confluent_kafka import Consumer, Producer, TopicPartition

from schemas import topics, topics_kafka
from tests.builders.kafka_broker import cluster

SIZES = (1, 50, 500)
CHUNKS = 40
ROW, STATE = b"r" * 150, b"s" * 200
SOURCE = topics.FLOW_EVENTS.name

Carry = Callable[[Any, Any, Sequence[Any]], None]


def in_order(producer: Any, consumer: Any, records: Sequence[Any]) -> None:  # noqa: ANN401 - confluent_kafka is untyped
    """Outputs, state, offset: each durable before the next."""
    _produce(producer, topics.WORK_ITEMS.name, records, ROW)
    producer.flush()
    _produce(producer, topics.STATE.name, records, STATE)
    producer.flush()
    consumer.commit(offsets=_next(records), asynchronous=False)


def in_one(producer: Any, consumer: Any, records: Sequence[Any]) -> None:  # noqa: ANN401
    """All three or none."""
    producer.begin_transaction()
    _produce(producer, topics.WORK_ITEMS.name, records, ROW)
    _produce(producer, topics.STATE.name, records, STATE)
    producer.send_offsets_to_transaction(_next(records), consumer.consumer_group_metadata())
    producer.commit_transaction()


def run(bootstrap: str) -> list[dict[str, object]]:
    """Return a line for each size and way: milliseconds a chunk (median), CPU microseconds a record of this process."""
    lines: list[dict[str, object]] = []
    for size in SIZES:
        _fill(bootstrap, size * CHUNKS)
        for name, carry, settings in (
            ("in order, each awaited", in_order, {"enable.idempotence": True}),
            ("one transaction", in_one, {"transactional.id": f"bench-{uuid.uuid4().hex}"}),
        ):
            lines.append({"records": size, "way": name, **_carried(bootstrap, size, carry, settings)})
    return lines


def _carried(bootstrap: str, size: int, carry: Carry, settings: dict[str, Any]) -> dict[str, float]:
    producer: Any = Producer({"bootstrap.servers": bootstrap, "acks": "all", "linger.ms": 2, **settings})
    if "transactional.id" in settings:
        producer.init_transactions(30)
    consumer: Any = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": f"bench-{uuid.uuid4().hex}",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe([SOURCE])
    took: list[float] = []
    cpu = 0.0
    for _ in range(CHUNKS):
        records: list[Any] = []
        while len(records) < size:
            records += [m for m in consumer.consume(size - len(records), 1.0) if m.error() is None]
        begun, used = time.perf_counter(), time.process_time()
        carry(producer, consumer, records)
        took.append(time.perf_counter() - begun)
        cpu += time.process_time() - used
    consumer.close()
    return {
        "chunk_milliseconds_p50": round(median(took) * 1_000, 2),
        "chunk_milliseconds_max": round(max(took) * 1_000, 2),
        "cpu_micros_a_record": round(cpu / (CHUNKS * size) * 1e6, 2),
    }


def _produce(producer: Any, topic: str, records: Sequence[Any], value: bytes) -> None:  # noqa: ANN401
    for record in records:
        producer.produce(topic, value, record.value(), record.partition())
    producer.poll(0)


def _next(records: Sequence[Any]) -> list[Any]:
    newest = {record.partition(): record.offset() + 1 for record in records}
    return [TopicPartition(SOURCE, partition, offset) for partition, offset in newest.items()]


def _fill(bootstrap: str, count: int) -> None:
    producer: Any = Producer({"bootstrap.servers": bootstrap, "linger.ms": 5})
    for number in range(count):
        producer.produce(SOURCE, f"item-{number}".encode(), b"k", number % 4)
        producer.poll(0)
    producer.flush()


def main() -> None:
    """Start a broker, measure, print."""
    with tempfile.TemporaryDirectory() as folder, cluster(Path(folder)) as broker:
        topics_kafka.apply(broker.bootstrap, 4, 1)
        for line in run(broker.bootstrap):
            print(line)


if __name__ == "__main__":
    main()
