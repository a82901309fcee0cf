"""A Kafka that asks who comes (SASL) is reached with the settings an operator gives."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx
import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from tests.builders.ingester import Ingester, push_body, signed
from tests.builders.kafka_broker import Cluster, NoKafka, cluster

pytestmark = [pytest.mark.real, pytest.mark.timeout(240)]

PASSWORD: Final = "planted-password"
CLIENT: Final = {
    "security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN", "sasl.username": "vsm",
    "sasl.password": PASSWORD,
}  # fmt: skip
BROKER: Final = {
    "listener.security.protocol.map": "PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT",
    "inter.broker.listener.name": "PLAINTEXT",
    "sasl.enabled.mechanisms": "PLAIN",
    "sasl.mechanism.inter.broker.protocol": "PLAIN",
    "listener.name.plaintext.plain.sasl.jaas.config": (
        "org.apache.kafka.common.security.plain.PlainLoginModule required"
        f' username="broker" password="own" user_broker="own" user_vsm="{PASSWORD}";'
    ),
}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A broker that lets in who has the password."""
    try:
        with cluster(tmp_path_factory.mktemp("guarded-kafka"), more=BROKER, client=CLIENT) as running:
            yield running
    except NoKafka as missing:
        pytest.skip(f"NO REAL KAFKA HERE, so this was not tried: {missing}")


@pytest.fixture
def settings(tmp_path: Path) -> str:
    """The path of a file with the client's settings."""
    file = tmp_path / "kafka.properties"
    file.write_text("".join(f"{name}={value}\n" for name, value in CLIENT.items()))
    return str(file)


def test_who_brings_no_password_is_not_let_in(guarded: Cluster) -> None:
    """The broker does ask."""
    stranger = AdminClient({"bootstrap.servers": guarded.bootstrap, "log_level": 0, "error_cb": lambda _: None})

    with pytest.raises(KafkaException):
        stranger.list_topics(timeout=3.0)


def test_topics_are_made_and_deliveries_kept(guarded: Cluster, settings: str, tmp_path: Path) -> None:
    """With the settings in a file, topics can be applied and a delivery is acknowledged; nobody sees the password."""
    environment = {"VSM_KAFKA": guarded.bootstrap, "VSM_KAFKA_SETTINGS": settings}
    applied = subprocess.run(
        [sys.executable, "-m", "vsm", "topics", "apply", "--partitions", "2", "--replication", "1"],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    ingester = Ingester(tmp_path, environment=environment).start()
    body = push_body(seed="guarded")
    status = httpx.post(f"{ingester.url}/webhooks/github/acme", content=body, headers=signed(body)).status_code
    ingester.stop()

    said = applied.stdout + applied.stderr + ingester.logged()
    assert (applied.returncode, status, PASSWORD in said) == (0, 202, False)
