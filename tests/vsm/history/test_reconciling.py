"""Comparing what an API tells with the log: what is found, what is found at another second, what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec import structs
from typer.testing import CliRunner

from ingest.history.history import Told
from schemas.definition import Source
from schemas.event import FlowEvent
from tests.builders.deliveries import BY_TOOL
from tests.builders.derived_rows import T0, fact
from vsm.cli import app
from vsm.data_dir import DataDir
from vsm.history.reconciled import Reconciled, note
from vsm.history.reconciling import NEAR_MICROS, Reconciliation, Row, Tally, ratio

CHANGE = "change:github.com/acme/app/1"


def event(name: str, at: int = T0, **attributes: str) -> FlowEvent:
    """Return an update of a change."""
    return fact(name, occurred_at=at, type="change.updated", subject_id=CHANGE, attributes=attributes)


def row(one: FlowEvent, name: str = "", **changed: object) -> Row:
    """Return a fact as the log has it, under another id if one is given."""
    kept = Row(one.event_id, one.type, one.subject_id, one.occurred_at, one.state, one.attributes)
    return structs.replace(kept, event_id=name or one.event_id, **changed)


def compared(batches: Sequence[Sequence[FlowEvent]], rows: Sequence[Row]) -> tuple[Tally, int]:
    """Return the tally of changes after batches of one delivery a fact, and how many deliveries are to be sent."""
    reconciliation = Reconciliation(BY_TOOL["github"], Source(tool="github", name="acme"))
    sent = 0
    for batch in batches:
        deliveries = [(Told(one.occurred_at, one.event_id.encode()), [one]) for one in batch]
        sent += len(reconciliation.compare(deliveries, rows))
    return reconciliation.tallies["change"], sent


def counts(batches: Sequence[Sequence[FlowEvent]], rows: Sequence[Row]) -> tuple[int, int, int, int, int]:
    """Return expected, found, near, missing, and how many deliveries are to be sent."""
    tally, sent = compared(batches, rows)
    return tally.expected, tally.found, tally.near, tally.missing_facts, sent


def test_a_fact_of_the_same_id_is_found() -> None:
    """And nothing is sent."""
    assert counts([[event("a")]], [row(event("a"))]) == (1, 1, 0, 0, 0)


def test_a_fact_that_is_not_there_is_missing_by_its_subject() -> None:
    """Its delivery is to be sent."""
    tally, sent = compared([[event("a"), event("b")]], [])
    assert (tally.missing_facts, list(tally.missing), sent) == (2, [CHANGE], 2)


@pytest.mark.parametrize(("late", "near"), [(1, 1), (NEAR_MICROS, 1), (NEAR_MICROS + 1, 0), (-NEAR_MICROS, 1)])
def test_a_fact_within_seconds_is_the_same(late: int, near: int) -> None:
    """Five seconds to either side."""
    assert counts([[event("a")]], [row(event("x", T0 + late))]) == (1, 0, near, 1 - near, 1 - near)


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ({"action": "labeled"}, {"action": "unlabeled"}),
        ({"branch": "main"}, {"branch": "release/1"}),
        ({"decision": "approved"}, {"decision": "commented"}),
        ({"label": "bug"}, {"label": "blocked"}),
    ],
)
def test_a_fact_that_says_something_else_is_another(told: dict[str, str], kept: dict[str, str]) -> None:
    """However close."""
    assert counts([[event("a", T0, **told)]], [row(event("x", T0, **kept))]) == (1, 0, 0, 1, 1)


def test_a_keyed_hash_tells_nothing_apart() -> None:
    """The log's is made with a key that the comparison does not have."""
    one = event("a", branch="feature/chk-12-~")
    assert counts([[one]], [row(event("x", T0 + 1, branch="feature/chk-12-~5e1f0c3a"))]) == (1, 0, 1, 0, 0)


def test_one_fact_of_the_log_is_found_once() -> None:
    """Two facts that are told and one that is there: one is missing, in one batch and in two."""
    two = [event("a"), event("b", T0 + 2)]
    rows = [row(event("x", T0 + 1))]
    assert (counts([two], rows), counts([two[:1], two[1:]], rows)) == ((2, 0, 1, 1, 1), (2, 0, 1, 1, 1))


def test_what_was_found_before_stands_for_nothing_else() -> None:
    """A fact found by its id in an earlier batch is no near one of a later."""
    rows = [row(event("a"))]
    assert counts([[event("a")], [event("b", T0 + 1)]], rows) == (2, 1, 0, 1, 1)


def test_a_fact_told_twice_counts_once() -> None:
    """Begin and end of a run tell both when it was queued."""
    assert counts([[event("a")], [event("a")]], []) == (1, 0, 0, 1, 1)


@pytest.mark.parametrize(
    ("tool", "told"),
    [
        ("github", Told(T0, b'{"action": "opened"}', {"x-github-event": "issues"})),
        ("jira", Told(T0, b"[]")),
    ],
    ids=["no body of its event", "no event"],
)
def test_a_delivery_that_cannot_be_read_is_counted(tool: str, told: Told) -> None:
    """And expects nothing, whatever is wrong with it."""
    reconciliation = Reconciliation(BY_TOOL[tool], Source(tool=tool, name="acme"))
    facts = reconciliation.facts(told)
    assert (facts, reconciliation.unreadable) == ((), 1)


@pytest.mark.parametrize(
    ("tallies", "share"),
    [([], None), ([Tally()], None), ([Tally(expected=4, found=2, near=1, missing_facts=1), Tally()], 0.75)],
)
def test_the_ratio_is_of_what_is_expected(tallies: list[Tally], share: float | None) -> None:
    """Nothing expected is unknown, not 1."""
    assert ratio(tallies) == share


def test_the_doctor_says_what_the_last_comparison_found(tmp_path: Path) -> None:
    """Of each source the last one, and what fills the gap; a note that is broken is passed over."""
    for held in (0.25, 0.5):
        found = Reconciled(
            tool="github", source="acme", places=("acme/app",), since="2026-03-01", until="2026-04-01",
            completeness_ratio=held, kinds={},
        )  # fmt: skip
        note(DataDir(tmp_path), found)
    (DataDir(tmp_path).reconciled / "github-broken.json").write_text('{"tool": "github"')
    said = [
        line
        for line in CliRunner().invoke(app, ["doctor", "--data", str(tmp_path)]).stdout.splitlines()
        if "API" in line
    ]
    told = "github/acme: 50.0% of what its API tells from 2026-03-01 to 2026-04-01 was held"
    assert said == [f"warn  {told}: `vsm reconcile github --fill` sends what is missing"]
