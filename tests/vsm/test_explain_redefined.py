"""What another definition did to a number."""

from __future__ import annotations

from pathlib import Path

import pytest

from sinks.clickhouse.client import open_embedded
from tests.builders.explained_rows import DAY, FIRST, HOUR, NOW, SECOND, derived_anew, found
from tests.builders.stored_rows import stored
from vsm.data_dir import DataDir
from vsm.store import open_store

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


def test_before_anything_was_measured_nothing_is_redefined(tmp_path: Path) -> None:
    """Rows that were there before the first measurement are of the same definition: what came later came late."""
    with open_store(stored(tmp_path, [*FIRST, *SECOND])) as opened:
        told = found(opened, as_of=NOW - 5 * DAY)
    assert told.as_of is not None
    whys = {change["item_id"]: change["why"].split(":")[0] for change in told.as_of["changes"]}
    assert (told.as_of["measured_at"], whys["late"], whys["gone"]) == (None, "arrived late", "withdrawn")
