"""The parts of a cluster as they are started: what they refuse to do without, and how they speak to Kafka."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.builders.ingester import CONFIG, KEY, free_port

TLS_HANDSHAKE = b"\x16\x03"
PROCESSES = ("ingest", "process", "sink")


@contextmanager
def started(folder: Path, *command: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """Run a `vsm` command on a folder; it is ended with the block."""
    config = folder / "value-streams.yaml"
    config.write_text(CONFIG)
    told = {
        "VSM_DATA": str(folder / "data"), "VSM_CONFIG": str(config), "VSM_PORT": str(free_port()),
        "VSM_SINK_PORT": str(free_port()), **environment,
    }  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "-m", "vsm", *command],
        env={**{name: value for name, value in os.environ.items() if not name.startswith("VSM_")}, **told},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("name", PROCESSES)
def test_without_the_shared_key_no_process_starts_on_kafka(tmp_path: Path, name: str) -> None:
    """Told of a Kafka and of no identity key, a process ends and says what to set; it makes no key of its own."""
    with started(tmp_path, name, VSM_KAFKA="127.0.0.1:1") as process:
        said, _ = process.communicate(timeout=60)

    told = (process.returncode != 0, "VSM_IDENTITY_KEY is not set" in said, (tmp_path / "data/identity.key").exists())
    assert told == (True, True, False)


@pytest.mark.parametrize("name", PROCESSES)
def test_bad_kafka_settings_end_a_process(tmp_path: Path, name: str) -> None:
    """Settings that librdkafka does not know end a process at its start, by name."""
    settings = {"VSM_KAFKA": "127.0.0.1:1", "VSM_IDENTITY_KEY": KEY, "VSM_KAFKA_SETTINGS": '{"sasl.pasword": "x"}'}
    with started(tmp_path, name, **settings) as process:
        said, _ = process.communicate(timeout=60)

    assert (process.returncode != 0, "No such configuration property" in said and "sasl.pasword" in said) == (
        True, True,
    )  # fmt: skip


@pytest.mark.parametrize(
    "command",
    [
        ("ingest",), ("process",), ("sink",), ("topics", "apply"), ("dead-letters", "list"), ("doctor",),
        ("up", "--kafka", "{kafka}", "--data", "{data}"),
    ],
    ids=lambda command: " ".join(command[:2]),
)  # fmt: skip
def test_kafka_is_spoken_to_as_told(tmp_path: Path, command: tuple[str, ...]) -> None:
    """Told in a file to use TLS, the first that a broker hears of a command is a TLS handshake."""
    file = tmp_path / "kafka.properties"
    file.write_text("security.protocol=ssl\n")
    with socket.create_server(("127.0.0.1", 0)) as broker:
        broker.settimeout(60)
        kafka = f"127.0.0.1:{broker.getsockname()[1]}"
        filled = [part.format(kafka=kafka, data=tmp_path / "up") for part in command]
        settings = {"VSM_KAFKA": kafka, "VSM_IDENTITY_KEY": KEY, "VSM_KAFKA_SETTINGS": str(file)}
        with started(tmp_path, *filled, **settings):
            heard, _ = broker.accept()
            with heard:
                heard.settimeout(60)
                first = heard.recv(2)

    assert first == TLS_HANDSHAKE
