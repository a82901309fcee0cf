"""Writes the tables of events in the tools' pages anew: `python -m tests.builders.tool_pages`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ingest.adapters import ADAPTERS
from ingest.event_table import with_event_table

PAGES: Final = Path(__file__).parent.parent.parent / "docs" / "tools"


def main() -> None:
    """Write every page."""
    for adapter in ADAPTERS:
        page = PAGES / f"{adapter.tool}.md"
        page.write_text(with_event_table(page.read_text(), adapter))


if __name__ == "__main__":
    main()
