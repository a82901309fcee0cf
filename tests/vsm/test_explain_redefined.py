"""What another definition did to a number."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from insights.explain.naming import Unasked, Wanted
from schemas.definition import Definition
from schemas.measurement import Measurement
from sinks.clickhouse.client import open_embedded
from tests.builders.explained_rows import DAY, FIRST, HOUR, NOW, SECOND, STREAM, THEN, derived_anew, found
from tests.builders.stored_rows import stored
from vsm.data_dir import DataDir
from vsm.explaining import explain
from vsm.store import NoSuchStream, open_store

pytestmark = pytest.mark.timeout(180)


@pytest.mark.parametrize(("version", "why"), [("v2", "redefined"), ("v1", "derived anew")])
def test_what_another_generation_changed_says_so(tmp_path: Path, version: str, why: str) -> None:
    """After a swap what went is said to be redefined; under the same definition, as after going back, derived anew."""
    root = stored(tmp_path, [*FIRST, *SECOND, *derived_anew(version)])
    engine = open_embedded(DataDir(root).clickhouse)
    engine.command(
        f"INSERT INTO vsm.active (generation, activated_at) VALUES (2, fromUnixTimestamp64Micro({NOW - HOUR}))"  # noqa: S608
    )
    engine.close()
    with open_store(root) as opened:
        told = found(opened, as_of=NOW - 2 * HOUR)
    assert told.as_of is not None
    whys = {change["item_id"]: change["why"].split(":")[0] for change in told.as_of["changes"]}
    assert (told.definition_version, told.as_of["definition_version"], whys["mid4"]) == (version, "v1", why)


def test_other_targets_redefine_no_row(tmp_path: Path) -> None:
    """Under the same rows what came late is said to have come late, and the versions of both numbers tell the rest."""
    first, second = [
        [replace(row, definition_version=f"v1+{name}") if isinstance(row, Measurement) else row for row in rows]
        for name, rows in (("a", FIRST), ("b", SECOND))
    ]
    with open_store(stored(tmp_path, [*first, *second])) as opened:
        told = found(opened, as_of=THEN)
    assert told.as_of is not None
    versions = told.as_of["definition_version"], told.definition_version
    assert (versions, told.as_of["why"]["arrived late"]) == (("v1+a", "v1+b"), 2)


NARROWED = Definition(
    version="v2", value_streams=(replace(STREAM, steps=tuple(s for s in STREAM.steps if s.name != "Review")),)
)
"""The same stream without its Review."""


@pytest.mark.parametrize(
    ("definition", "what"),
    [(NARROWED, "step 'Review'"), (Definition(version="v2"), "value stream 'checkout'")],
    ids=["step", "stream"],
)
@pytest.mark.parametrize("metric", ["step_completions", "step_wait_seconds", "constraint_score"])
def test_what_is_no_more_is_told_as_it_was(tmp_path: Path, definition: Definition, what: str, metric: str) -> None:
    """A step or stream that the definition has lost: what it was then, and that it is no more."""
    root = stored(tmp_path, FIRST)
    engine = open_embedded(DataDir(root).clickhouse)
    engine.command(
        f"INSERT INTO vsm.active (generation, activated_at) VALUES (2, fromUnixTimestamp64Micro({NOW - HOUR}))"  # noqa: S608
    )
    engine.close()
    with open_store(root) as opened:
        told = explain(opened, definition, Wanted(stream="checkout", metric=metric, step="Review"), as_of=THEN)
    assert told.as_of is not None
    whys = {change["why"] for change in told.as_of["changes"] if change["item_id"].startswith("mid")}
    no_more = f"the definition has no {what} any more"
    assert (told.no_more, told.n, told.recomputed.note, whys) == (no_more, 0, no_more, {f"no more: {no_more}"})


def test_what_was_measured_of_what_is_no_more_is_told(tmp_path: Path) -> None:
    """The number that the board showed, to which the rows of then come again."""
    with open_store(stored(tmp_path, FIRST)) as opened:
        told = explain(
            opened,
            Definition(version="v2"),
            Wanted(stream="checkout", metric="step_completions", step="review"),
            as_of=THEN,
        )
    assert told.as_of is not None
    assert (told.as_of["value"], told.as_of["recomputed"]) == (9.0, True)


def test_what_never_was_is_not_told_of(tmp_path: Path) -> None:
    """Neither a step nor a stream, by any past."""
    with open_store(stored(tmp_path, FIRST)) as opened:
        with pytest.raises(Unasked, match="Reviw"):
            explain(opened, NARROWED, Wanted(stream="checkout", metric="step_lead", step="Reviw"), as_of=THEN)
        with pytest.raises(NoSuchStream, match="billing"):
            explain(opened, NARROWED, Wanted(stream="billing", metric="flow_load"), as_of=THEN)


def test_before_anything_was_measured_nothing_is_redefined(tmp_path: Path) -> None:
    """Rows that were there before the first measurement are of the same definition: what came later came late."""
    with open_store(stored(tmp_path, [*FIRST, *SECOND])) as opened:
        told = found(opened, as_of=NOW - 5 * DAY)
    assert told.as_of is not None
    whys = {change["item_id"]: change["why"].split(":")[0] for change in told.as_of["changes"]}
    assert (told.as_of["measured_at"], whys["late"], whys["gone"]) == (None, "arrived late", "withdrawn")
