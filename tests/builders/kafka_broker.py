"""A real Apache Kafka for tests: one or three brokers as plain processes on loopback, ended by their process ids.

The jars come from Maven Central once (`tests/real/pom.xml`) into `.cache/`. Needs Java 17 and, the first time, Maven.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

ROOT: Final = Path(__file__).parents[2]
POM: Final = ROOT / "tests" / "real" / "pom.xml"
START_SECONDS: Final = 90.0
NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
_CLUSTER: Final = "MkU3OEVBNTcwNTJENDM2Qg"


class NoKafka(Exception):  # noqa: N818 - a state of the machine, the reason of a skip
    """This machine cannot run a Kafka; says what is missing."""


def jars() -> Path:
    """Return the folder of Kafka's jars, fetched if it is not there yet. Raises NoKafka."""
    if shutil.which("java") is None:
        raise NoKafka("Java 17 is not installed")
    version = re.search(r"<kafka.version>(.+)</kafka.version>", POM.read_text(encoding="utf-8"))
    assert version is not None
    folder = ROOT / ".cache" / f"kafka-{version[1]}"
    if folder.exists():
        return folder
    if shutil.which("mvn") is None:
        raise NoKafka("Maven is not installed and Kafka was not fetched before")
    partial = folder.with_suffix(f".{os.getpid()}")
    fetched = subprocess.run(
        ["mvn", "-q", "-B", "-f", str(POM), "dependency:copy-dependencies", f"-DoutputDirectory={partial}"],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    if fetched.returncode != 0:
        shutil.rmtree(partial, ignore_errors=True)
        raise NoKafka(f"Maven could not fetch Kafka: {fetched.stdout[-500:]}")
    partial.rename(folder)
    return folder


class Broker:
    """One broker's process; its port and files stay the same over restarts."""

    def __init__(
        self, folder: Path, number: int, ports: Sequence[tuple[int, int]], *, replicas: int, more: Mapping[str, str]
    ) -> None:
        self.number = number
        self.port = ports[number - 1][0]
        self._folder = folder / f"broker-{number}"
        self._folder.mkdir(parents=True)
        self._classpath = f"{jars()}/*"
        self._properties = self._folder / "server.properties"
        self._properties.write_text(properties(self._folder, number, ports, replicas, more), encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None
        self._java("kafka.tools.StorageTool", "format", "-t", _CLUSTER, "-c", str(self._properties)).wait(60)

    def start(self) -> None:
        """Start the process; it answers some seconds later."""
        self._process = self._java("kafka.Kafka", str(self._properties))

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it in order."""
        self._end(signal.SIGTERM)

    def pause(self) -> None:
        """Let it hang: connections stay open and nothing answers."""
        self._send(signal.SIGSTOP)

    def go_on(self) -> None:
        """Undo pause."""
        self._send(signal.SIGCONT)

    def last_words(self) -> str:
        """Return the end of what it printed."""
        return (self._folder / "output.txt").read_text(encoding="utf-8", errors="replace")[-2_000:]

    def _send(self, number: int) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def _end(self, number: int) -> None:
        if self._process is None:
            return
        self._send(signal.SIGCONT)
        self._send(number)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _java(self, *arguments: str) -> subprocess.Popen[bytes]:
        with (self._folder / "output.txt").open("ab") as output:
            return subprocess.Popen(
                ["java", "-Xmx512m", "-Xms128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", self._classpath,
                 "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self._folder,
            )  # fmt: skip


class Cluster:
    """Brokers that know one another; `client`: what a client needs besides their addresses."""

    def __init__(self, brokers: Sequence[Broker], client: Mapping[str, str]) -> None:
        self.brokers = brokers
        self._client = client

    @property
    def bootstrap(self) -> str:
        """Where clients begin."""
        return ",".join(f"127.0.0.1:{broker.port}" for broker in self.brokers)

    def wait(self, count: int | None = None) -> None:
        """Wait until so many brokers (all, if not said) are members. Raises TimeoutError."""
        wanted = len(self.brokers) if count is None else count
        quiet = {"log_level": 0, "error_cb": lambda _: None}
        admin = AdminClient({"bootstrap.servers": self.bootstrap, **quiet, **self._client})
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                if len(admin.list_topics(timeout=2.0).brokers) >= wanted:
                    return
            except KafkaException:
                continue
        raise TimeoutError("\n".join(broker.last_words() for broker in self.brokers))

    def leader(self, topic: str, partition: int) -> Broker:
        """Return the broker that leads a partition."""
        admin = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})
        number = int(admin.list_topics(topic, timeout=10.0).topics[topic].partitions[partition].leader)
        return self.brokers[number - 1]


@contextmanager
def cluster(
    folder: Path, brokers: int = 1, more: Mapping[str, str] = NOTHING, client: Mapping[str, str] = NOTHING
) -> Iterator[Cluster]:
    """Run a cluster of one or three brokers whose files lie in `folder`. Raises NoKafka.

    `more`: further settings of the brokers; `client`: what a client then needs to be let in.
    """
    ports = free_ports(brokers)
    running = Cluster([Broker(folder, n, ports, replicas=brokers, more=more) for n in range(1, brokers + 1)], client)
    try:
        for broker in running.brokers:
            broker.start()
        running.wait()
        yield running
    finally:
        for broker in running.brokers:
            broker.kill()


def free_ports(brokers: int) -> list[tuple[int, int]]:
    """Return, for each broker, a free port for clients and one for controllers."""
    sockets = [socket.socket() for _ in range(2 * brokers)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        numbers = [int(each.getsockname()[1]) for each in sockets]
    finally:
        for each in sockets:
            each.close()
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def properties(
    folder: Path, number: int, ports: Sequence[tuple[int, int]], replicas: int, more: Mapping[str, str]
) -> str:
    """Return a combined broker's and controller's settings, quick to start and to rebalance."""
    client, controller = ports[number - 1]
    voters = ",".join(f"{n}@127.0.0.1:{port}" for n, (_, port) in enumerate(ports, start=1))
    settings = {
        "process.roles": "broker,controller",
        "node.id": number,
        "controller.quorum.voters": voters,
        "listeners": f"PLAINTEXT://127.0.0.1:{client},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{client}",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": folder / "data",
        "auto.create.topics.enable": "false",
        "group.initial.rebalance.delay.ms": 0,
        "group.min.session.timeout.ms": 1000,
        "offsets.topic.replication.factor": replicas,
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.replication.factor": replicas,
        "transaction.state.log.min.isr": min(2, replicas),
        "transaction.state.log.num.partitions": 4,
        "share.coordinator.state.topic.replication.factor": replicas,
        "share.coordinator.state.topic.min.isr": 1,
        "log.cleaner.dedupe.buffer.size": 8_388_608,
        "num.network.threads": 2,
        "num.io.threads": 4,
        "background.threads": 2,
        "broker.session.timeout.ms": 6000,
        **more,
    }
    return "".join(f"{name}={value}\n" for name, value in settings.items())
