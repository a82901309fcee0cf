"""librdkafka's mock cluster in a process of its own: prints its address, runs until its standard input is closed."""

from __future__ import annotations

import sys
from typing import Any

from confluent_kafka import Producer


def main() -> None:
    """Serve a mock broker."""
    settings: dict[str, Any] = {"test.mock.num.brokers": 1, "bootstrap.servers": "mock"}
    producer = Producer(settings)
    brokers = producer.list_topics(timeout=10).brokers
    broker = next(iter(brokers.values()))
    sys.stdout.write(f"{broker.host}:{broker.port}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
