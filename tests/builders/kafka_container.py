"""Apache Kafka in a container, for machines with a Docker engine and no Java. Tests that kill brokers need Java."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.builders.kafka_broker import NoKafka


def docker_answers() -> bool:
    """Say whether a Docker engine is there."""
    if shutil.which("docker") is None:
        return False
    asked = subprocess.run(["docker", "info"], capture_output=True, timeout=30, check=False)
    return asked.returncode == 0


@contextmanager
def contained() -> Iterator[str]:
    """Run a broker in a container and give its bootstrap address. Raises NoKafka without a Docker engine."""
    if not docker_answers():
        raise NoKafka("no Docker engine answers")
    from testcontainers.community.kafka import KafkaContainer

    container = KafkaContainer().with_kraft().with_env("KAFKA_AUTO_CREATE_TOPICS_ENABLE", "false")
    with container as running:
        yield str(running.get_bootstrap_server())
