"""The driver's pure parts: dead letters and their budget, the marker, outputs, the pinned clock."""

from __future__ import annotations

import hashlib

import msgspec
import pytest

from processors.dead_letters import Budget, BudgetSpent, dead_letter
from processors.engine import StepFailed
from processors.outputs import Outputs
from processors.page import readiness
from processors.progress import MARKER_KEY, Progress, from_record, to_record
from schemas import topics
from schemas.clock import clock_from
from schemas.codec import BadRecord, Codec
from schemas.dead_letter import PART_BYTES, DeadLetter, DeadLetterReason, LetterKey
from schemas.derived import StepVisit, Update, WorkItem, revision
from schemas.letter_keys import Sealed
from schemas.log import Record
from schemas.measurement import Measurement
from schemas.state import EntityRecord
from tests.builders import flow

RECORD = Record("vsm.flow-events.v1", 3, 41, b"shop", b"what came", 1_700_000_000_000_000)
OUTPUTS = Outputs(Codec(), {topic.name: 4 for topic in topics.TOPICS})


def backwards(letter: DeadLetter, clear: bytes) -> Sealed:
    """Stand for a seal."""
    key = LetterKey(tool=letter.tool, source=letter.source, key_id="k1", sealed=b"key")
    return Sealed(msgspec.structs.replace(letter, body=clear[::-1]), key)


def put_aside(record: Record = RECORD) -> Sealed:
    """Return the dead letter of a record that is no Avro."""
    return dead_letter(record, BadRecord("no value"), None, backwards)


def test_a_dead_letter_says_where_the_record_stood_and_keeps_its_bytes() -> None:
    """Topic, partition, offset, size and hash are clear; the body is sealed."""
    letter = put_aside().letter
    assert (letter.topic, letter.partition, letter.offset, letter.size_bytes, letter.body_hash, letter.body) == (
        "vsm.flow-events.v1",
        3,
        41,
        9,
        hashlib.sha256(b"what came").hexdigest(),
        b"emac tahw",
    )


def test_a_record_put_aside_twice_is_the_same_dead_letter() -> None:
    """The id is of the record's place."""
    assert put_aside() == put_aside()


def test_a_record_without_a_value_is_a_dead_letter_with_an_empty_body() -> None:
    """A null value is kept as no bytes."""
    letter = put_aside(Record("t", 0, 0, b"k", None, 0)).letter
    assert (letter.size_bytes, letter.body) == (0, b"")


def test_a_large_record_becomes_parts_of_one_dead_letter() -> None:
    """No part is larger than a broker takes, together they are the body, and its key stands before them."""
    written = OUTPUTS.dead_letters([put_aside(Record("t", 0, 0, b"k", b"x" * (2 * PART_BYTES + 1), 0))])
    parts = [Codec().decode(record.value, DeadLetter) for record in written[1:]]
    assert (written[0].topic, [(p.part, p.parts, len(p.body)) for p in parts]) == (
        topics.LETTER_KEYS.name,
        [(0, 3, PART_BYTES), (1, 3, PART_BYTES), (2, 3, 1)],
    )


@pytest.mark.parametrize(
    ("failed", "reason"),
    [
        (StepFailed("out of range"), DeadLetterReason.STEP_FAILED),
        (BadRecord("cut short"), DeadLetterReason.BAD_RECORD),
        (BadRecord("who knows", unknown_schema=True), DeadLetterReason.UNKNOWN_SCHEMA),
    ],
)
def test_each_failure_has_its_reason(failed: BadRecord | StepFailed, reason: DeadLetterReason) -> None:
    """A failed step tells its event's tool, too."""
    letter = dead_letter(RECORD, failed, flow.event(1), backwards).letter
    assert (letter.reason, letter.tool, letter.detail) == (reason, "jira", str(failed))


def spend(budget: Budget, outcomes: str) -> int:
    """Return how many outcomes, `.` passed and `x` failed, the budget bears."""
    for number, outcome in enumerate(outcomes):
        try:
            if outcome == "x":
                budget.failed()
            else:
                budget.passed(1)
        except BudgetSpent:
            return number
    return len(outcomes)


@pytest.mark.parametrize(
    ("outcomes", "borne"),
    [
        ("xx.xx.xx.", 9),
        ("xxx", 2),
        ("x.x.x.x.x.x.x.x.x.x.", 10),
        ("." * 10 + "x.x.x.x.x.x.", 18),
        ("xx.x" + "." * 20 + "xx.xx", 29),
        ("", 0),
    ],
)
def test_the_budget_bears_short_runs_and_small_shares(outcomes: str, borne: int) -> None:
    """Three in a row, or half of the last ten, are too many."""
    assert spend(Budget(run=3, share=0.5, window=10), outcomes) == min(borne, len(outcomes))


def test_a_marker_comes_back_as_it_was_written() -> None:
    """Progress survives its record."""
    progress = Progress(offset=7, generation=2, version="1/abc", packing="p", whole_at=9)
    assert (from_record(to_record(progress)), progress.whole) == (progress, False)


def test_a_chunks_state_ends_with_its_marker() -> None:
    """What is durable up to the marker is what the marker says."""
    record = EntityRecord(value_stream="shop", entity="ticket:jira/CHK-1", encoding=1, facts=b"f")
    written = OUTPUTS.changelog([record], 2, Progress(offset=1))
    assert [(r.key, r.partition) for r in written] == [(b"shop\0ticket:jira/CHK-1", 2), (MARKER_KEY, 2)]


def test_a_row_that_is_no_longer_derived_is_written_withdrawn() -> None:
    """What was derived once is taken back, never deleted."""
    item = WorkItem(value_stream="shop", item_id="i")
    (written,) = OUTPUTS.rows([Update(before=item, after=None)], revision(1, 5))
    row = Codec().decode(written.value, WorkItem)
    assert (row.withdrawn, row.revision) == (True, revision(1, 5))


def test_a_row_that_is_erased_is_a_tombstone() -> None:
    """A withdrawn row would keep what was to be forgotten."""
    item = WorkItem(value_stream="shop", item_id="i")
    (written,) = OUTPUTS.rows([Update(before=item, after=item, erased=True)], revision(1, 5))
    assert (written.key, written.value) == (b"shop\0i", None)


def test_rows_of_a_stream_share_its_partition_and_differ_in_their_keys() -> None:
    """One stream has one owner; a visit is told by item, step and number."""
    visits = [StepVisit(value_stream="shop", item_id="i", step="Review", visit=n, subject_id="s") for n in (1, 2)]
    written = OUTPUTS.rows([Update(before=None, after=visit) for visit in visits], 0)
    assert [(r.topic, r.partition, r.key) for r in written] == [
        (topics.STEP_VISITS.name, topics.partition_of("shop", 4), f"shop\0i\0Review\0{n}".encode()) for n in (1, 2)
    ]


def test_a_measurement_is_keyed_by_its_whole_series() -> None:
    """Two series never share a key."""
    series = [
        Measurement(measured_at=0, value_stream="shop", metric="m", step=step, statistic="p50", value=None, n=0)
        for step in ("", "Review")
    ]
    assert len({r.key for r in OUTPUTS.measurements(series)}) == 2


def test_a_pinned_clock_always_says_its_time() -> None:
    """A time without a zone is UTC, one with a zone is converted."""
    told = [clock_from(text)() for text in ("2026-01-01T00:00:00", "2026-01-01T01:00:00+01:00")]
    assert told == [1_767_225_600_000_000] * 2


def test_a_worker_without_partitions_is_ready_and_whole() -> None:
    """What owns nothing has nothing to rebuild."""
    body = readiness((), ready=True, generation=3)
    assert (body["ready"], body["rebuilt"], body["measured"], body["partitions"]) == (True, True, True, {})
