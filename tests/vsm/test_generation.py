"""Which generation is computed after a change of the value-stream file."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.definition_file import load
from vsm.generation import current

TEXT = "version: 1\nvalue_streams: [{name: checkout, select: [{project: jira/A}], targets: {flow_time_p85: 3d}}]\n"


@pytest.mark.parametrize(("was", "is_now", "number"), [("3d", "4d", 1), ("jira/A", "jira/B", 2)])
def test_other_targets_need_no_other_rows(tmp_path: Path, was: str, is_now: str, number: int) -> None:
    """The generation goes on under other targets, not under another selector; the version is noted."""
    config = tmp_path / "value-streams.yaml"
    config.write_text(TEXT, encoding="utf-8")
    before = current(tmp_path / "generation", config)
    config.write_text(TEXT.replace(was, is_now), encoding="utf-8")
    after = current(tmp_path / "generation", config)
    assert (after.number, after.derived_by == before.derived_by, after.derived_by.rpartition("/")[2]) == (
        number,
        False,
        load(config).version,
    )
