"""What another definition did to a number."""

from __future__ import annotations

from pathlib import Path

import pytest

from sinks.clickhouse.client import open_embedded
from tests.builders.explained_rows import FIRST, HOUR, NOW, REDEFINED, SECOND, found
from tests.builders.stored_rows import stored
from vsm.data_dir import DataDir
from vsm.store import open_store

pytestmark = pytest.mark.timeout(180)


def test_another_definition_is_the_reason(tmp_path: Path) -> None:
    """After a swap to another generation what went is said to be redefined."""
    root = stored(tmp_path, [*FIRST, *SECOND, *REDEFINED])
    engine = open_embedded(DataDir(root).clickhouse)
    engine.command(
        f"INSERT INTO vsm.active (generation, activated_at) VALUES (2, fromUnixTimestamp64Micro({NOW - HOUR}))"  # noqa: S608
    )
    engine.close()
    with open_store(root) as opened:
        told = found(opened, as_of=NOW - 2 * HOUR)
    assert told.as_of is not None
    whys = {change["item_id"]: change["why"].split(":")[0] for change in told.as_of["changes"]}
    assert (told.definition_version, told.as_of["definition_version"], whys["mid4"]) == ("v2", "v1", "redefined")
