"""Servers under measurement: started, loaded, and their CPU read from the kernel's own accounts, to the nanosecond."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from confluent_kafka import Producer
from msgspec import Struct

from bench.github_bodies import SECRET
from schemas.topics import TOPICS

_START_SECONDS: Final = 30.0
_CONFIG: Final = f"""\
version: 1
sources:
  - {{tool: github, name: acme, secret: {{value: {SECRET}}}}}
value_streams:
  - name: checkout
    select:
      - repository: "github.com/acme/*"
"""


class Running(Struct, frozen=True):
    """A server that listens on `port` at `path`."""

    pid: int
    port: int
    path: str


@contextmanager
def broker() -> Iterator[str]:
    """Run a mock broker with every topic and give its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.broker_mock"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        address = process.stdout.readline().strip() if process.stdout is not None else ""
        producer = Producer({"bootstrap.servers": address, "allow.auto.create.topics": True})
        for topic in TOPICS:
            producer.list_topics(topic.name, timeout=10)
        yield address
    finally:
        process.kill()
        process.communicate()


@contextmanager
def server(command: list[str], path: str, port: int, environment: Mapping[str, str]) -> Iterator[Running]:
    """Run a server's command until the end of the block."""
    with subprocess.Popen(command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL) as process:
        try:
            _wait(port)
            yield Running(process.pid, port, path)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(40)


@contextmanager
def null() -> Iterator[Running]:
    """Run the null handler."""
    port = free_port()
    with server([sys.executable, "-m", "bench.null_server", str(port)], "/webhooks/github/acme", port, {}) as running:
        yield running


@contextmanager
def ours(kafka: str) -> Iterator[Running]:
    """Run the ingester on a broker."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "value-streams.yaml"
        config.write_text(_CONFIG)
        environment = {
            "VSM_PORT": str(port), "VSM_DATA": folder, "VSM_CONFIG": str(config), "VSM_KAFKA": kafka,
            "VSM_IDENTITY_KEY": "5a" * 32, "VSM_DRAIN_SECONDS": "0",
        }  # fmt: skip
        main = "from ingest.app import main; from ingest.settings import Settings; main(Settings())"
        with server([sys.executable, "-c", main], "/webhooks/github/acme", port, environment) as running:
            yield running


def cpu_micros(running: Running, case: str, count: int) -> float:
    """Load a server and return the CPU it took a request, all threads and children together.

    Raises ValueError when a request was not answered 202.
    """
    before = _on_cpu_nanos(running.pid)
    command = [sys.executable, "-m", "bench.http_load", str(running.port), running.path, case, str(count)]
    said = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    taken = int(said.stdout.strip())
    if taken != count:
        raise ValueError(f"{count - taken} of {count} requests were not answered 202")
    return (_on_cpu_nanos(running.pid) - before) / count / 1_000


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _on_cpu_nanos(pid: int) -> int:
    tasks = Path(f"/proc/{pid}/task")
    total = 0
    for task in tasks.iterdir():
        total += int((task / "schedstat").read_text().split()[0])
        for child in (task / "children").read_text().split():
            total += _on_cpu_nanos(int(child))
    return total


def _wait(port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
