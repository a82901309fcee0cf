"""`vsm reroute` against a real Kafka: the log says what a replay made of it, once, and going back is exact."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ingest.routing import Router
from schemas.definition_file import load
from schemas.log_open import open_log
from schemas.topics_kafka import apply_if_none
from tests.builders.kafka_broker import NoKafka, cluster
from tests.vsm.replay.test_claiming import TICKETS, append, held, replayed, rows
from tests.vsm.replay.test_replay_command import OLD_FILE
from vsm.cli import app

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]


@pytest.fixture
def bootstrap(tmp_path: Path) -> Iterator[str]:
    """A broker of its own with our topics."""
    try:
        with cluster(tmp_path / "kafka") as running:
            apply_if_none(running.bootstrap, 3, replication=1, settings={})
            yield running.bootstrap
    except NoKafka as none:
        pytest.skip(f"NO REAL KAFKA HERE, so this was not tried: {none}")


def test_a_clusters_log_is_routed_anew_and_back(tmp_path: Path, bootstrap: str) -> None:
    """By the new file, by it again, and by the old one: each time the rows are those of a replay under that file."""
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text(OLD_FILE, encoding="utf-8")
    new.write_text(OLD_FILE.replace("jira/A}", "jira/B}"), encoding="utf-8")
    found = []
    with closing(open_log(bootstrap, tmp_path, settings={})) as log:
        append(log, [copy for event in TICKETS for copy in Router(load(old)).route(event)])
        for file in (new, new, old):
            expected = replayed(held(log), load(file))
            result = CliRunner().invoke(app, ["reroute", "--config", str(file), "--kafka", bootstrap])
            found.append((result.output.split()[0], rows(held(log), load(file)) == expected))
    assert found == [("1", True), ("0", True), ("1", True)]
