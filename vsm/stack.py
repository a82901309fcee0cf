"""The one-machine stack: ingest, process and sink on one data directory, under one supervisor."""

from __future__ import annotations

import secrets
import signal
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx
from msgspec import Struct

from schemas.kafka_settings import BadKafkaSettings, read_kafka_settings
from schemas.log import LogUnavailable
from schemas.log_local import forget_offsets
from vsm.data_dir import DataDir
from vsm.generation import Generation, activated, current
from vsm.settling import is_settled, waiting
from vsm.supervisor import Job, Supervisor

READY_SECONDS: Final = 90.0
FLUSH_SECONDS: Final = 1.0
"""How long rows wait for a block on one machine: the engine shares its cores with everything else."""
KAFKA_PARTITIONS: Final = 12
"""How many partitions `vsm up` gives the topics of a Kafka that has none of ours."""
_POLL_SECONDS: Final = 0.1
_HOST: Final = "127.0.0.1"
_PORTS: Final = range(20_000, 32_000)


class StackFailed(RuntimeError):  # noqa: N818 - shown to the user as it is
    """The stack did not come up."""


class Plan(Struct, frozen=True, kw_only=True):
    """What to run: the value-stream file, the ports, and real servers in place of the embedded parts."""

    config: Path
    port: int
    kafka: str = ""
    kafka_settings: str = ""
    clickhouse: str = ""
    clock: str = ""


class Stack:
    """A running stack; made by `running`."""

    def __init__(self, data: DataDir, plan: Plan) -> None:
        self._data = data
        self._plan = plan
        self._generation = current(data.generation, plan.config)
        self._ports = free_ports(3)
        self.addresses = _addresses(plan, *self._ports)
        self.config = plan.config
        self._supervisor = Supervisor(self._jobs(self._generation), data.logs)

    def start(self) -> None:
        """Start every process and wait until all are ready. Raises StackFailed."""
        self._make_topics()
        self._fill_lost_tables()
        self._supervisor.start()
        for name in ("ingest", "process", "sink"):
            self._wait_until(name, f"{self.addresses[name]}/health/ready")
        self._data.announce(self._plan.config, self.addresses)
        if self._generation.active != self._generation.number:
            self._wait_until_rebuilt()
            self._swap()

    def _make_topics(self) -> None:
        """Create the topics of a Kafka that has none of ours; a cluster's own are made by `vsm topics apply`."""
        if not self._plan.kafka:
            return
        from schemas.topics_kafka import apply_if_none

        try:
            more = read_kafka_settings(self._plan.kafka_settings)
            apply_if_none(self._plan.kafka, KAFKA_PARTITIONS, replication=1, settings=more)
        except BadKafkaSettings as bad:
            raise StackFailed(str(bad)) from bad
        except LogUnavailable as away:
            raise StackFailed(f"Kafka does not answer: {away}") from away

    def _fill_lost_tables(self) -> None:
        """Let the sink read the log from its beginning when the embedded tables are gone."""
        embedded = not self._plan.clickhouse and not self._plan.kafka
        if embedded and self._data.log.exists() and not self._data.clickhouse.exists():
            from sinks.clickhouse.pump import GROUP

            forget_offsets(self._data.log, GROUP)

    def reload(self) -> None:
        """Read sources and secrets anew."""
        self._supervisor.hand_on(signal.SIGHUP)

    def pids(self) -> Mapping[str, int | None]:
        """Return the processes' ids by name."""
        return {name: child.pid for name, child in self._supervisor.children.items()}

    def end(self) -> None:
        """End every process, ingest first; repeatable."""
        self._supervisor.end()
        self._data.withdraw()

    def _wait_until_rebuilt(self) -> None:
        """Block until every row stands in the new generation and in the tables; the old one is shown meanwhile."""
        while not (self._rebuilt() and is_settled(waiting(self.addresses))):
            time.sleep(_POLL_SECONDS)
            if any(child.hopeless for child in self._supervisor.children.values()):
                raise StackFailed(f"the rebuild broke off; see {self._data.logs}")

    def _rebuilt(self) -> bool:
        try:
            return httpx.get(f"{self.addresses['process']}/health/ready", timeout=5.0).json().get("rebuilt") is True
        except (httpx.TransportError, ValueError):
            return False

    def _swap(self) -> None:
        """Make the rebuilt generation the one that views show: the sink does it when it starts with that number."""
        self._generation = activated(self._data.generation, self._generation)
        self._supervisor.replace(next(job for job in self._jobs(self._generation) if job.name == "sink"))
        self._wait_until("sink", f"{self.addresses['sink']}/health/ready")

    def _jobs(self, generation: Generation) -> tuple[Job, ...]:
        process_port, sink_port, sql_port = self._ports
        shared = {
            "VSM_DATA": str(self._data.root),
            "VSM_CONFIG": str(self._plan.config),
            "VSM_HOST": _HOST,
            "VSM_KAFKA": self._plan.kafka,
            "VSM_KAFKA_SETTINGS": self._plan.kafka_settings,
            "VSM_CLICKHOUSE": self._plan.clickhouse,
            "VSM_GENERATION": str(generation.number),
            "VSM_ACTIVE_GENERATION": str(generation.active),
        }
        if self._plan.clock:
            shared["VSM_CLOCK"] = self._plan.clock
        peers = f"http://{_HOST}:{process_port}/metrics,http://{_HOST}:{sink_port}/metrics"
        return (
            Job(
                name="ingest",
                arguments=("ingest",),
                environment={**shared, "VSM_PORT": str(self._plan.port), "VSM_METRICS_PEERS": peers},
            ),
            Job(name="process", arguments=("process",), environment={**shared, "VSM_PROCESS_PORT": str(process_port)}),
            Job(
                name="sink",
                arguments=("sink",),
                environment={
                    **shared,
                    "VSM_SINK_PORT": str(sink_port),
                    "VSM_SQL_PORT": str(sql_port),
                    "VSM_FLUSH_SECONDS": str(FLUSH_SECONDS),
                },
            ),
        )

    def _wait_until(self, name: str, url: str) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline and not self._supervisor.children[name].hopeless:
            try:
                if httpx.get(url, timeout=2.0).is_success:
                    return
            except httpx.TransportError:
                pass
            time.sleep(_POLL_SECONDS)
        raise StackFailed(f"'{name}' did not come up; its last words:\n{_tail(self._data.logs / name)}")


@contextmanager
def running(data: DataDir, plan: Plan) -> Iterator[Stack]:
    """Hold the data directory, run the stack on it, and end it however the block ends."""
    with data.held():
        stack = Stack(data, plan)
        try:
            stack.start()
            yield stack
        finally:
            stack.end()


def _addresses(plan: Plan, process_port: int, sink_port: int, sql_port: int) -> dict[str, str]:
    ingest = f"http://{_HOST}:{plan.port}"
    return {
        "ingest": ingest,
        "metrics": f"{ingest}/metrics",
        "process": f"http://{_HOST}:{process_port}",
        "sink": f"http://{_HOST}:{sink_port}",
        "sql": plan.clickhouse or f"http://{_HOST}:{sql_port}",
    }


def free_ports(number: int) -> list[int]:
    """Return ports that are free now, all different, outside the range that outgoing connections are given."""
    sockets: list[socket.socket] = []
    try:
        while len(sockets) < number:
            each = socket.socket()
            sockets.append(each)
            try:
                each.bind((_HOST, secrets.choice(_PORTS)))
            except OSError:
                sockets.pop().close()
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def _tail(log: Path, lines: int = 15) -> str:
    path = log.with_suffix(".log")
    return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]) if path.exists() else ""
