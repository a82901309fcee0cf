"""What is refused before an order is given to a running stack: what would show other numbers than were compared."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from schemas.definition_file import load
from tests.vsm.replay.test_keeping import TEXT, Told
from vsm.data_dir import DataDir
from vsm.generation import current
from vsm.replay.difference import Difference
from vsm.replay.keeping import Before, kept_by
from vsm.replay.redefining import REDEFINES, NotRedefined, Order, carry_out, swap_to
from vsm.replay.replaying import Compared, Routes

OTHER = TEXT.replace("jira/A", "jira/B")
THIRD = TEXT.replace("jira/A", "jira/C")
TARGETED = TEXT.replace("]}", "], targets: {flow_time_p85: 3d}}")
TARGETED_OTHER = TARGETED.replace("jira/A", "jira/B")


class Takes(Told):
    """A stack that takes a file over as the real one does: the next generation is noted as it begins."""

    def __init__(self, folder: DataDir) -> None:
        super().__init__()
        self._folder = folder

    def redefine(self, config: Path) -> None:
        """Note it, and which file is in use."""
        super().redefine(config)
        current(self._folder.generation, config)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[DataDir]:
    """A directory with a stack that carries out orders under old.yaml, and a changed new.yaml."""
    found = DataDir(tmp_path)
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text(TEXT, encoding="utf-8")
    new.write_text(OTHER, encoding="utf-8")
    current(found.generation, old)
    found.announce(old, {}, "")
    stack = Takes(found)
    before = signal.signal(REDEFINES, lambda *_: carry_out(found, stack))
    yield found
    signal.signal(REDEFINES, before)
    found.withdraw()


def compared(folder: DataDir, live: str = "old.yaml") -> Compared:
    """Return what a replay of new.yaml beside the live file came to."""
    version = {name: load(folder.root / name).version for name in ("new.yaml", live)}
    difference = Difference(
        measured_at=0, live_version=version[live], next_version=version["new.yaml"], events=0, rows=(), series=(),
        equal_rows=0, equal_series=0,
    )  # fmt: skip
    return Compared(name="next", config=str(folder.root / "new.yaml"), difference=difference, routes=Routes())


def test_what_was_compared_is_swapped_in(folder: DataDir) -> None:
    """The file that was replayed is taken over, and the one before is what to go back to."""
    swap_to(folder, compared(folder))
    before = kept_by(folder).before
    assert before is not None
    assert (before.config, before.generation) == (str(folder.root / "old.yaml"), 1)


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("new.yaml", THIRD, "replay it again"),
        ("new.yaml", TARGETED_OTHER, "replay it again"),
        ("new.yaml", "", "is missing"),
        ("old.yaml", OTHER, "put it back"),
    ],
)
def test_a_file_that_has_changed_since_is_not_swapped_in(folder: DataDir, file: str, text: str, told: str) -> None:
    """Neither is a new file that says something else by now, nor any while the live one was changed under the stack."""
    found = compared(folder)
    (folder.root / file).write_text(text, encoding="utf-8")
    with pytest.raises(NotRedefined, match=told):
        swap_to(folder, found)


def test_a_swap_said_twice_keeps_the_way_back(folder: DataDir) -> None:
    """The second time it is in use already: what to go back to is still the file before."""
    found = compared(folder)
    swap_to(folder, found)
    kept = kept_by(folder)
    with pytest.raises(NotRedefined, match="in use already"):
        swap_to(folder, found)
    assert kept_by(folder) == kept


def test_a_difference_to_another_live_definition_is_not_swapped_in(folder: DataDir) -> None:
    """What was compared with a file that is not in use any more says nothing of this swap."""
    (folder.root / "third.yaml").write_text(THIRD, encoding="utf-8")
    with pytest.raises(NotRedefined, match="compared with another definition"):
        swap_to(folder, compared(folder, live="third.yaml"))


def test_an_order_is_not_written_over_another(folder: DataDir) -> None:
    """While the stack carries one out the next one is refused, and the first is still there."""
    first = folder.root / "replays" / "order"
    first.parent.mkdir()
    first.write_bytes(msgspec.json.encode(Order(name="next", config="new.yaml", left=1)))
    said = first.read_bytes()
    with pytest.raises(NotRedefined, match="another order"):
        swap_to(folder, compared(folder))
    assert first.read_bytes() == said


def test_under_other_targets_alone_the_generation_goes_on_and_is_not_left(folder: DataDir) -> None:
    """Nothing stands that a drop could delete, and there is a way back."""
    (folder.root / "new.yaml").write_text(TARGETED, encoding="utf-8")
    swap_to(folder, compared(folder))
    kept = kept_by(folder)
    assert (kept.generations, kept.before is not None) == ({}, True)


def test_what_was_noted_before_versions_told_of_targets_still_holds(folder: DataDir) -> None:
    """A file with targets whose version was noted without them has not changed."""
    (folder.root / "old.yaml").write_text(TARGETED, encoding="utf-8")
    noted = load(folder.root / "old.yaml").derived_version
    assert Before(config=str(folder.root / "old.yaml"), generation=1, version=noted).is_unchanged()
