"""The tools' pages say what the adapters do."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.adapter import Adapter
from ingest.adapters import ADAPTERS
from ingest.event_table import event_table, with_event_table
from ingest.vocabulary.by_action import ByAction

PAGES = Path(__file__).parents[3] / "docs" / "tools"

every_tool = pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda adapter: adapter.tool)


@every_tool
def test_page_holds_the_table_of_today(adapter: Adapter) -> None:
    """A tool's page is up to date; `make docs-write` writes it."""
    page = (PAGES / f"{adapter.tool}.md").read_text()
    assert with_event_table(page, adapter) == page


@every_tool
def test_index_names_every_tool(adapter: Adapter) -> None:
    """The index leads to every tool's page."""
    assert f"({adapter.tool}.md)" in (PAGES / "index.md").read_text()


@every_tool
def test_every_row_says_what_becomes_of_it(adapter: Adapter) -> None:
    """No row of a table is empty."""
    rows = [row for row in event_table(adapter).splitlines() if row.startswith("| `")]
    assert [row for row in rows if row.endswith("|  |")] == []


def test_actions_have_rows_of_their_own() -> None:
    """An event that is told apart by actions has a row for each."""
    github = next(adapter for adapter in ADAPTERS if adapter.tool == "github")
    issues = github.translate["issues"]
    assert isinstance(issues, ByAction)
    assert event_table(github).count("| `issues` |") == len(issues.handlers)


def test_page_without_a_place_for_the_table_is_refused() -> None:
    """A page that has no marks cannot be written."""
    with pytest.raises(ValueError, match="no place"):
        with_event_table("# Page", ADAPTERS[0])
