"""A running ingester is asked for another value-stream file by a file."""

from __future__ import annotations

from pathlib import Path

from schemas.asked_definition import ask_definition, asked_definition


def test_the_last_file_asked_for_counts(tmp_path: Path) -> None:
    """Where nobody asked, none is; then the last one."""
    before = asked_definition(tmp_path)
    for name in ("old.yaml", "new.yaml"):
        ask_definition(tmp_path, Path(name))
    assert (before, asked_definition(tmp_path)) == (None, Path("new.yaml"))
