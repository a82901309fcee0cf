"""The one-machine stack: ingest, process, sink and board on one data directory, under one supervisor."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx
from msgspec import Struct
from msgspec.structs import replace

from schemas.asked_definition import ask_definition
from schemas.clock import clock_from
from schemas.codec import Codec
from schemas.definition_file import load
from schemas.kafka_settings import BadKafkaSettings, read_kafka_settings
from schemas.log import Log, LogUnavailable
from schemas.log_local import forget_offsets
from schemas.log_open import open_log
from schemas.topics import FLOW_EVENTS
from sinks.asked_generation import ask_drops, ask_generation, asked_drops
from sinks.clickhouse.address import parsed
from vsm.data_dir import DataDir
from vsm.generation import Generation, activated, current, shown
from vsm.one_machine.ending import Ending
from vsm.one_machine.ports import HOST, free_ports, require_alone, require_free
from vsm.one_machine.reached import SHOWN, ends, has_passed
from vsm.one_machine.supervisor import Job, Supervisor
from vsm.replay.claiming import Claiming, routes_alike
from vsm.store import open_store

READY_SECONDS: Final = 90.0
MOST_RESTARTS: Final = 5
"""A process that has died so often before it was ready will not be."""
FLUSH_SECONDS: Final = 1.0
"""How long rows wait for a block on one machine: the engine shares its cores with everything else."""
KAFKA_PARTITIONS: Final = 12
"""How many partitions `vsm up` gives the topics of a Kafka that has none of ours."""
_POLL_SECONDS: Final = 0.1
_ASK_SECONDS: Final = 5.0
"""How long the ingester may take to take a file over before it is asked again."""
_SHOWN: Final = "SELECT argMax(generation, activated_at) AS shown FROM vsm.active"
_NAMES: Final = ("ingest", "process", "sink", "board")


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
    """A running stack; made by `running`. `addresses` holds no password."""

    def __init__(self, data: DataDir, plan: Plan, ending: Ending) -> None:
        self._data = data
        self._plan = plan
        self._generation = current(data.generation, plan.config)
        self._unrouted = data.root / "replays" / "unrouted"
        """There while events of the log stand in it otherwise than the definition routes them."""
        self._ports = free_ports(4, but={plan.port})
        self.addresses = _addresses(plan, *self._ports)
        self.config = plan.config
        self._supervisor = Supervisor(self._jobs(self._generation), data.logs, ending)

    def start(self) -> None:
        """Start every process and wait until all are ready. Raises StackFailed, PortTaken."""
        require_free(self._plan.port)
        ask_generation(self._data.root, self._generation.active)
        ask_definition(self._data.root, self._plan.config)
        self._make_topics()
        self._fill_lost_tables()
        self._supervisor.start()
        for name in _NAMES:
            self._wait_until_ready(name)
        self._data.announce(self._plan.config, self.addresses, self._plan.clickhouse)

    @property
    def is_rebuilding(self) -> bool:
        """Whether a changed definition or release derives every row anew, while the old rows are shown."""
        return self._generation.active != self._generation.number

    def show_rebuilt(self) -> None:
        """Wait until what a changed definition makes stands in the tables, and show it. Raises StackFailed.

        It is done as soon as the sink has passed where the new rows and measurements ended when the last of them was
        written: traffic that goes on changes nothing of that.
        """
        if not self.is_rebuilding:
            return
        from sinks.clickhouse.pump import GROUP

        self._wait_while_alive(self._is_measured)
        with closing(self._open_log()) as log:
            if self._unrouted.exists():
                self._route_anew(log)
            there = ends(log, SHOWN)
            self._wait_while_alive(lambda: has_passed(log, GROUP, there))
        self._swap()
        self._unrouted.unlink(missing_ok=True)

    def _route_anew(self, log: Log) -> None:
        """Route the log's events as those that come now, and wait until the processors have followed."""
        from processors.feed import GROUP

        now = clock_from(self._plan.clock)()
        try:
            Claiming(log, Codec(), load(self._plan.config), now).route()
        except LogUnavailable as away:
            raise StackFailed(f"the log could not be routed anew: {away}") from away
        there = ends(log, (FLOW_EVENTS,))
        self._wait_while_alive(lambda: has_passed(log, GROUP, there))

    def redefine(self, config: Path) -> None:
        """Go on under another value-stream file; the rows shown stay until those of the new definition stand.

        Only the processors are started anew. The ingester takes the file over as it runs, so that no delivery finds its
        door shut, and the board asks which one is in use.
        Raises BadDefinition and OSError before anything has changed, StackFailed, PortTaken.
        """
        if not routes_alike(load(self._plan.config), load(config)):
            self._unrouted.parent.mkdir(exist_ok=True)
            self._unrouted.touch()
        self._plan = replace(self._plan, config=config)
        self.config = config
        self._generation = current(self._data.generation, config)
        ask_definition(self._data.root, config)
        for job in self._jobs(self._generation):
            self._supervisor.retell(job)
        self._wait_while_alive(self._is_routed_by(load(config).version))
        self._replace("process")
        self.show_rebuilt()
        self._data.announce(config, self.addresses, self._plan.clickhouse)

    def _is_routed_by(self, version: str) -> Callable[[], bool]:
        """Return what asks the ingester to take the file over, and says whether it has."""
        asked = 0.0

        def is_routed() -> bool:
            nonlocal asked
            if time.monotonic() - asked > _ASK_SECONDS:
                asked = time.monotonic()
                self._supervisor.children["ingest"].hand_on(signal.SIGHUP)
            try:
                told = httpx.get(f"{self.addresses['ingest']}/health/ready", timeout=2.0).json()
            except (httpx.TransportError, ValueError):
                return False
            return bool(told.get("definition") == version)

        return is_routed

    def _replace(self, name: str) -> None:
        self._supervisor.replace(next(job for job in self._jobs(self._generation) if job.name == name))
        self._wait_until_ready(name)

    def _make_topics(self) -> None:
        """Create the topics of a Kafka that has none of ours; a cluster's own are made by `vsm topics apply`."""
        if not self._plan.kafka:
            return
        from schemas.topics_kafka import apply_if_none

        try:
            apply_if_none(self._plan.kafka, KAFKA_PARTITIONS, replication=1, settings=self._kafka_settings())
        except BadKafkaSettings as bad:
            raise StackFailed(str(bad)) from bad
        except LogUnavailable as away:
            raise StackFailed(f"Kafka does not answer: {away}") from away

    def _kafka_settings(self) -> Mapping[str, object]:
        return read_kafka_settings(self._plan.kafka_settings)

    def _open_log(self) -> Log:
        return open_log(self._plan.kafka or None, self._data.root, settings=self._kafka_settings())

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

    def _wait_while_alive(self, holds: Callable[[], bool]) -> None:
        """Block until something holds. Raises StackFailed when a process can never go on."""
        while not holds():
            time.sleep(_POLL_SECONDS)
            if any(child.hopeless for child in self._supervisor.children.values()):
                raise StackFailed(f"the rebuild broke off; see {self._data.logs}")

    def _is_measured(self) -> bool:
        try:
            return httpx.get(f"{self.addresses['process']}/health/ready", timeout=5.0).json().get("measured") is True
        except (httpx.TransportError, ValueError):
            return False

    def _swap(self) -> None:
        """Make the rebuilt generation the one that views show."""
        self._show(activated(self._data.generation, self._generation))

    def show_kept(self, number: int) -> None:
        """Show the rows of a generation that was kept, as they were left. Raises StackFailed."""
        self._show(shown(self._data.generation, self._generation, number))

    def drop(self, numbers: Sequence[int]) -> None:
        """Delete what the tables hold of generations that are not shown; it is done then. Raises StackFailed."""
        ask_drops(self._data.root, numbers)
        self._wait_while_alive(lambda: not asked_drops(self._data.root))

    def _show(self, generation: Generation) -> None:
        """Ask the running sink for a generation, and wait until the tables show it: nothing is restarted."""
        self._generation = generation
        ask_generation(self._data.root, generation.active)
        with open_store(self._data.root) as store:
            self._wait_while_alive(lambda: store.query(_SHOWN)[0]["shown"] == generation.active)

    def _jobs(self, generation: Generation) -> tuple[Job, ...]:
        process_port, sink_port, sql_port, board_port = self._ports
        shared = {
            "VSM_DATA": str(self._data.root),
            "VSM_CONFIG": str(self._plan.config),
            "VSM_HOST": HOST,
            "VSM_KAFKA": self._plan.kafka,
            "VSM_KAFKA_SETTINGS": self._plan.kafka_settings,
            "VSM_CLICKHOUSE": self._plan.clickhouse,
            "VSM_GENERATION": str(generation.number),
            "VSM_ACTIVE_GENERATION": str(generation.active),
        }
        if self._plan.clock:
            shared["VSM_CLOCK"] = self._plan.clock
        of_board = {**shared, "VSM_CONFIG": ""}  # it asks which file is in use
        peers = f"http://{HOST}:{process_port}/metrics,http://{HOST}:{sink_port}/metrics"
        tables = self._plan.clickhouse or f"http://{HOST}:{sql_port}"
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
            Job(
                name="board",
                arguments=("board",),
                environment={**of_board, "VSM_CLICKHOUSE": tables, "VSM_BOARD_PORT": str(board_port)},
            ),
        )

    def _wait_until_ready(self, name: str) -> None:
        """Block until a process is ready, and it is ours that says so. Raises StackFailed, PortTaken.

        The processors read their state first, for as long as that takes: they leave by themselves when it stalls.
        """
        address = self.addresses[name]
        child = self._supervisor.children[name]
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline and not child.hopeless and child.restarts < MOST_RESTARTS:
            if self._supervisor.failure is not None:
                raise self._supervisor.failure
            answer = _health(address)
            require_alone(urlsplit(address).port or 0, self._living)
            if answer is True:
                return
            if answer is False and name == "process":
                deadline = time.monotonic() + READY_SECONDS
            time.sleep(_POLL_SECONDS)
        raise StackFailed(f"'{name}' did not come up; its last words:\n{_tail(self._data.logs / name)}")

    def _living(self) -> list[int]:
        return [pid for pid in self.pids().values() if pid is not None]


@contextmanager
def running(data: DataDir, plan: Plan, ending: Ending | None = None) -> Iterator[Stack]:
    """Run the stack on a directory that this process holds, and end it however the block ends.

    Once the ending is hurried it waits for nobody. Raises StackFailed, PortTaken.
    """
    stack = Stack(data, plan, ending or Ending())
    try:
        stack.start()
        yield stack
    finally:
        stack.end()


def _addresses(plan: Plan, process_port: int, sink_port: int, sql_port: int, board_port: int) -> dict[str, str]:
    ingest = f"http://{HOST}:{plan.port}"
    return {
        "ingest": ingest,
        "metrics": f"{ingest}/metrics",
        "process": f"http://{HOST}:{process_port}",
        "sink": f"http://{HOST}:{sink_port}",
        "board": f"http://{HOST}:{board_port}",
        "sql": parsed(plan.clickhouse).shown if plan.clickhouse else f"http://{HOST}:{sql_port}",
    }


def _health(address: str) -> bool | None:
    """Return whether a process says that it is ready; None when nobody answers."""
    try:
        return httpx.get(f"{address}/health/ready", timeout=2.0).is_success
    except httpx.TransportError:
        return None


def _tail(log: Path, lines: int = 15) -> str:
    path = log.with_suffix(".log")
    return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]) if path.exists() else ""
