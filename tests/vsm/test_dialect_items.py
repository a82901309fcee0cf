"""Which items the tables give the dialects."""

from __future__ import annotations

from pathlib import Path

import pytest

from insights.dialects.catalogue import dialect_answer
from schemas.definition import Definition
from schemas.derived import WorkItem
from tests.builders.measured import at
from tests.builders.stored_rows import stored
from tests.vsm.test_compare_dialects import KNOWN, UNTIL, said
from vsm.comparing import history
from vsm.store import open_store

pytestmark = pytest.mark.timeout(180)


def item(number: int, **fields: object) -> WorkItem:
    """Return an item that was created long ago."""
    return WorkItem(item_id=f"ticket:j/{number}", created_at=at("2025-11-01 00:00"), **KNOWN, **fields)  # type: ignore[arg-type]


def test_an_item_counts_whose_start_is_unknown_or_that_was_closed_after_it_was_done(tmp_path: Path) -> None:
    """Velocity counts the one that was done, GitLab's lead time the one that was closed; nothing else comes."""
    rows = [
        item(1, finished_at=at("2026-01-06 00:00")),
        item(2, started_at=at("2025-11-02 00:00"), finished_at=at("2025-12-02 00:00")),
        item(3, started_at=at("2025-11-02 00:00"), finished_at=at("2025-12-02 00:00")),
        item(4),
        said("e1", "ticket.closed", "2026-01-07 00:00", "ticket:j/2"),
        said("e2", "ticket.closed", "2025-12-02 00:00", "ticket:j/3"),
    ]
    with open_store(stored(tmp_path, rows)) as opened:
        found = history(opened, Definition(version=""), "checkout", "7d", at(UNTIL))
    velocity = dialect_answer(found, "flow-framework", "flow_velocity")
    lead = dialect_answer(found, "gitlab", "flow_time_seconds")
    assert ([each.item_id for each in found.items], velocity.value, lead.value) == (
        ["ticket:j/1", "ticket:j/2"], 1.0, 67 * 86_400.0,
    )  # fmt: skip
