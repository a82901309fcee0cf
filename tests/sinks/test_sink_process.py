"""The sink process as it is started: from the log to the tables and the gauges, and out on SIGTERM."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
import pytest
from pydantic import ValidationError

from schemas.log_local import LocalLog
from sinks.settings import Settings
from tests.builders.derived_rows import measured, visit
from tests.builders.pumping import append, wait_until

PINNED = "2026-06-01T00:00:00Z"
PINNED_MICROS = 1_780_272_000_000_000
PROGRAM = "from sinks.run import main; from sinks.settings import Settings; main(Settings())"


class SinkProcess:
    """One sink process on a data directory."""

    def __init__(self, data: Path, **environment: str) -> None:
        ports = {"VSM_SINK_PORT": str(free_port()), "VSM_SQL_PORT": str(free_port())}
        self.page = f"http://127.0.0.1:{ports['VSM_SINK_PORT']}"
        self.sql = f"http://127.0.0.1:{ports['VSM_SQL_PORT']}"
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "VSM_DATA": str(data), "VSM_CLOCK": PINNED, **ports, **environment},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()

    def ready(self) -> bool:
        """Return whether it says that it is ready."""
        try:
            return httpx.get(f"{self.page}/health/ready", timeout=2).is_success
        except httpx.TransportError:
            return False

    def gauges(self, name: str) -> list[str]:
        """Return the values of a gauge's series."""
        page = httpx.get(f"{self.page}/metrics", timeout=5).text
        return [line.rpartition(" ")[2] for line in page.splitlines() if line.startswith(f"{name}{{")]

    def ask(self, sql: str) -> str:
        """Return an answer of the SQL front."""
        return httpx.post(self.sql, content=sql.encode(), timeout=10).text


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory whose log holds visits and measurements."""
    directory = tmp_path_factory.mktemp("data")
    log = LocalLog(directory / "log")
    append(log, [visit(f"i{number}", value_stream=f"s{number % 5}") for number in range(500)])
    append(
        log, [measured(1.25, measured_at=PINNED_MICROS), measured(9.0, step="Build", measured_at=PINNED_MICROS - 10**9)]
    )
    log.close()
    return directory


@pytest.fixture(scope="module")
def sink(data: Path) -> Iterator[SinkProcess]:
    """The process, ready."""
    with SinkProcess(data) as started:
        wait_until(started.ready, 40)
        yield started


def test_rows_arrive(sink: SinkProcess) -> None:
    """Every visit on the log is in the tables, asked over the SQL front."""
    wait_until(lambda: sink.ask("SELECT count() FROM vsm.step_visits_current") == "500\n", 40)
    assert sink.ask("SELECT uniqExact(value_stream) FROM vsm.step_visits_current") == "5\n"


def test_gauges_stand_and_stale_ones_do_not(sink: SinkProcess) -> None:
    """A fresh measurement is a gauge; one from 1,000 seconds before the pinned clock is absent."""
    page = httpx.get(f"{sink.page}/metrics").text
    found = [line for line in page.splitlines() if line.startswith("vsm_step_wait_seconds")]
    assert found == ['vsm_step_wait_seconds{value_stream="checkout",step="Review",window="7d",quantile="0.5"} 1.25']


def test_a_swap_swaps_the_page(tmp_path: Path) -> None:
    """A row in the table `active`, whoever inserts it, changes what the gauges show."""
    log = LocalLog(tmp_path / "log")
    append(log, [measured(float(number), generation=number, measured_at=PINNED_MICROS) for number in (1, 2)])
    log.close()
    with SinkProcess(tmp_path, VSM_SQL_WRITABLE="true", VSM_ACTIVE_GENERATION="1") as started:
        wait_until(started.ready, 40)
        before = started.gauges("vsm_step_wait_seconds")
        started.ask("INSERT INTO vsm.active (generation) VALUES (2)")
        wait_until(lambda: started.gauges("vsm_step_wait_seconds") != before, 20)
        after = started.gauges("vsm_step_wait_seconds")
    assert (before, after) == (["1.0"], ["2.0"])


def test_it_speaks_of_itself(sink: SinkProcess) -> None:
    """The page carries the process's own telemetry."""
    wait_until(lambda: len(sink.gauges("vsm_sinks_lag_records")) == 2, 20)
    assert "vsm_sinks_outage 0.0" in httpx.get(f"{sink.page}/metrics").text


def test_sigterm_ends_it_cleanly(tmp_path: Path) -> None:
    """On SIGTERM it is out with status 0 in less than 30 seconds."""
    with SinkProcess(tmp_path, VSM_SINKS="prometheus") as started:
        wait_until(started.ready, 40)
        began = time.monotonic()
        started.process.send_signal(signal.SIGTERM)
        assert (started.process.wait(30), time.monotonic() - began < 30) == (0, True)


def test_it_waits_for_a_store_that_is_away(tmp_path: Path) -> None:
    """Started before ClickHouse it is alive and not ready; SIGTERM ends it all the same."""
    with SinkProcess(tmp_path, VSM_CLICKHOUSE=f"http://127.0.0.1:{free_port()}", VSM_SINKS="clickhouse") as started:
        wait_until(lambda: answers(f"{started.page}/health/live"), 40)
        ready = started.ready()
        started.process.send_signal(signal.SIGTERM)
        assert (ready, started.process.wait(30)) == (False, 0)


def test_a_store_that_hangs_holds_no_end_up(tmp_path: Path) -> None:
    """While ClickHouse takes connections and answers nothing, SIGTERM still ends it in time."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with SinkProcess(tmp_path, VSM_CLICKHOUSE=address) as started:
            wait_until(lambda: answers(f"{started.page}/health/live"), 40)
            with silent.accept()[0], silent.accept()[0]:
                began = time.monotonic()
                started.process.send_signal(signal.SIGTERM)
                assert (started.process.wait(60), time.monotonic() - began < 20) == (0, True)


def answers(url: str) -> bool:
    """Return whether a page answers."""
    try:
        return httpx.get(url, timeout=2).is_success
    except httpx.TransportError:
        return False


def test_an_unknown_sink_is_refused() -> None:
    """A misspelt sink is an error of the settings, not a process that does nothing."""
    with pytest.raises(ValidationError, match="known are clickhouse, prometheus"):
        Settings(sinks="clickhouse,influx")
