"""`vsm forget` against a real Kafka: the processors and the sink of a stack obey, and the log is cut at its start."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from msgspec import Struct
from typer.testing import CliRunner, Result

from schemas.codec import Codec
from schemas.event import FlowEvent
from schemas.log_kafka import KafkaLog
from schemas.topics import FLOW_EVENTS
from tests.builders.kafka_broker import NoKafka, cluster
from tests.builders.one_machine import organisation, settle, tables
from vsm.cli import app
from vsm.data_dir import DataDir
from vsm.importing import post, token
from vsm.one_machine.stack import Stack
from vsm.scanning import scanned

pytestmark = [pytest.mark.real, pytest.mark.timeout(400)]

KEPT = [
    {"type": "ticket.created", "occurred_at": f"2025-12-{day:02d}T08:00:00Z", "subject_id": f"ticket:jira/CHK-{day}"}
    for day in range(1, 20)
]
GONE = [
    {"type": "ticket.closed", "occurred_at": f"2025-12-{day:02d}T18:00:00Z", "subject_id": f"ticket:jira/CHK-{day}",
     "tool": "tracker"}
    for day in range(1, 20, 2)
]  # fmt: skip


class Story(Struct, frozen=True, kw_only=True):
    """What a stack on Kafka showed before the source came, and after it was forgotten."""

    before: Mapping[str, object]
    between: Mapping[str, object]
    said: Result
    after: Mapping[str, object]
    held: list[str]
    starts: list[int]
    restarted: Mapping[str, object]


@pytest.fixture(scope="module")
def bootstrap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A broker of its own: what others append must not be cut away under them."""
    try:
        with cluster(tmp_path_factory.mktemp("kafka")) as running:
            yield running.bootstrap
    except NoKafka as none:
        pytest.skip(f"NO REAL KAFKA HERE, so this was not tried: {none}")


@pytest.fixture(scope="module")
def story(bootstrap: str, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Facts of two tools; one is forgotten; then everything is derived anew from what the log still holds."""
    root = tmp_path_factory.mktemp("stack")
    with organisation(root, kafka=bootstrap) as stack:
        put(stack, root, KEPT)
        before = tables(root)
        put(stack, root, GONE)
        between = tables(root)
        arguments = ["forget", "--source", "tracker/import", "--kafka", bootstrap, "--data", str(root), "--yes"]
        said = CliRunner().invoke(app, arguments)
        settle(stack)
        after = tables(root)
    held, starts = log_of(bootstrap)
    with organisation(root, kafka=bootstrap, edit=lambda text: text if EXTRA in text else text + EXTRA) as stack:
        settle(stack)
        restarted = tables(root)
    return Story(before=before, between=between, said=said, after=after, held=held, starts=starts, restarted=restarted)


EXTRA = """  - name: extra
    owner: nobody
    select:
      - {project: "jira/NONE"}
    environments: [production]
"""
"""One more value stream: for it the processors read the whole log anew."""


def put(stack: Stack, root: Path, facts: list[dict[str, str]]) -> None:
    """Import facts and wait for the tables."""
    post(facts, "platform", stack.addresses["ingest"], token(DataDir(root)), lambda: None)
    settle(stack)


def log_of(bootstrap: str) -> tuple[list[str], list[int]]:
    """Return which tools the log of flow events holds facts of, and where its partitions begin."""
    log, codec = KafkaLog(bootstrap), Codec()
    try:
        held = {codec.decode(record.value, FlowEvent).tool for record in scanned(log, FLOW_EVENTS.name)}
        return sorted(held), list(log.start_offsets(FLOW_EVENTS.name))
    finally:
        log.close()


def test_the_tables_are_those_of_before(story: Story) -> None:
    """The source had changed rows; forgotten, it leaves what was there without it."""
    assert (story.said.exit_code, story.between != story.before, story.after == story.before) == (0, True, True), (
        story.said.output
    )


def test_the_log_begins_behind_what_was_forgotten(story: Story) -> None:
    """Of the source and of the orders no record is left, and only the partition that held them was cut."""
    assert (story.held, sorted(start > 0 for start in story.starts)[-2:]) == (["import"], [False, True])


def test_everything_can_be_derived_anew_from_the_shorter_log(story: Story) -> None:
    """A worker that begins at the beginning begins where the log does."""
    items = [[row[:2] for row in of["work_items"]] for of in (story.before, story.restarted)]  # type: ignore[attr-defined]
    assert items[1] == items[0] != []
