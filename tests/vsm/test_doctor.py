"""`vsm doctor`: every connection it was told of is tried, and deployments that stand in the wrong stream are listed."""

from __future__ import annotations

import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.builders.clickhouse_server import ClickHouseServer
from tests.builders.command import addresses, running, vsm, wait_for
from tests.builders.ingester import free_port
from tests.builders.schema_registry import schema_registry
from vsm.data_dir import DataDir
from vsm.importing import token
from vsm.one_machine.ports import free_ports

pytestmark = pytest.mark.timeout(180)
STREAMS = """\
version: 1
value_streams:
  - {name: checkout, select: [{repository: github.com/acme/checkout}]}
  - {name: ops, select: [{repository: github.com/acme/ops}]}
"""
AT = "2026-01-02T08:00:00Z"
LOST, DIGEST, OWN, SHARED = (
    "commit:" + "a" * 40,
    "artifact:sha256:" + "b" * 64,
    "commit:" + "c" * 40,
    "commit:" + "d" * 40,
)


def fact(kind: str, subject: str, *brings: str) -> dict[str, object]:
    """Return an import fact."""
    links = [{"uri": uri, "kind": "deploys"} for uri in brings]
    more = {"outcome": "success", "environment": "production"} if brings else {}
    return {"type": kind, "occurred_at": AT, "subject_id": subject, "links": links, **more}


FACTS = {
    "checkout": [
        fact("commit.created", LOST), fact("artifact.packaged", DIGEST), fact("commit.created", SHARED),
        fact("service.deployed", "deployment:argocd/4", SHARED),
    ],
    "ops": [
        fact("service.deployed", "deployment:argocd/1", LOST), fact("service.deployed", "deployment:argocd/2", DIGEST),
        fact("commit.created", OWN), fact("service.deployed", "deployment:argocd/3", OWN),
        fact("service.deployed", "deployment:argocd/4", SHARED),
    ],
}  # fmt: skip
"""Of the deployments of ops 1 and 2 bring what only checkout knows, 3 what ops knows itself, 4 stands in both."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with two streams."""
    root = tmp_path_factory.mktemp("doctor")
    (root / "streams.yaml").write_text(STREAMS)
    data, port = root / "data", str(free_ports(1)[0])
    with running(root / "up.log", "up", "--data", data, "--config", root / "streams.yaml", "--port", port) as up:
        up.until("running")
        bearer = {"Authorization": f"Bearer {token(DataDir(data))}"}
        for stream, facts in FACTS.items():
            to = f"{addresses(data)['ingest']}/imports/{stream}"
            httpx.post(to, json=facts, headers=bearer, timeout=20).raise_for_status()
        wait_for(lambda: "tables: 9 flow events" in doctor(data)[1], lambda: doctor(data)[1])
        up.signal(signal.SIGINT)
        up.status()
    return data


def doctor(data: Path, **told: str) -> tuple[int, str]:
    """Return the status of a doctor and what it said."""
    done = vsm("doctor", "--data", data, cwd=None, **told)
    return done.returncode, done.stdout + done.stderr


def test_deployments_that_bring_what_another_stream_knows_are_listed(data: Path) -> None:
    """Those whose commit or digest is known, but elsewhere alone; not those that stand right, or in both."""
    _, said = doctor(data)
    (found,) = [line for line in said.splitlines() if "bring what only" in line]
    assert found == (
        "warn  2 deployments in ops bring what only checkout knows, such as deployment:argocd/1: "
        "select their repository or service in checkout"
    )


@pytest.fixture
def clickhouse(tmp_path: Path) -> Iterator[ClickHouseServer]:
    """A real ClickHouse without tables."""
    server = ClickHouseServer(tmp_path / "clickhouse")
    server.start()
    yield server
    server.kill()


def test_the_clickhouse_of_the_environment_is_asked(data: Path, clickhouse: ClickHouseServer) -> None:
    """Not the directory's tables: this one has none yet, and that is what to mend."""
    status, said = doctor(data, VSM_CLICKHOUSE=clickhouse.url)
    assert (status, "`vsm migrate` makes" in said, "9 flow events" in said) == (1, True, False), said


def test_a_clickhouse_that_is_away_is_bad_and_its_password_unsaid(data: Path) -> None:
    """A server that was named must answer."""
    status, said = doctor(data, VSM_CLICKHOUSE=f"http://vsm:planted-password@127.0.0.1:{free_port()}")
    assert (status, "bad   no tables: cannot open http://127.0.0.1:" in said, "planted" in said) == (1, True, False), (
        said
    )


def test_a_schema_registry_is_asked(data: Path) -> None:
    """One that answers is well, also when it holds nothing yet; one that is away is bad, its password unsaid."""
    with schema_registry() as registry:
        well = doctor(data, VSM_SCHEMA_REGISTRY=registry.url)
        address = registry.url
    status, said = doctor(data, VSM_SCHEMA_REGISTRY=address.replace("://", "://vsm:planted-password@"))
    assert (well[0], f"ok    schema registry {address}" in well[1]) == (0, True), well
    assert (status, "bad   schema registry http://vsm:***@" in said, "planted" in said) == (1, True, False), said


def test_a_kafka_that_is_away_is_bad(data: Path) -> None:
    """With its address."""
    status, said = doctor(data, VSM_KAFKA="127.0.0.1:1")
    assert (status, "bad   Kafka 127.0.0.1:1: " in said) == (1, True), said


def test_keys_that_others_can_read_are_bad(data: Path) -> None:
    """With the command that mends it."""
    key = data / "identity.key"
    key.chmod(0o644)
    status, said = doctor(data)
    key.chmod(stat.S_IRUSR | stat.S_IWUSR)
    assert (status, f"bad   {key} can be read by others: chmod 600 {key}" in said) == (1, True), said
