"""What replays leave standing, what an order does, and what is told to whoever gave it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from schemas.definition_file import BadDefinition, load
from vsm.data_dir import DataDir
from vsm.replay.keeping import Before, Kept, keep_note, kept_by
from vsm.replay.redefining import Order, carry_out

TEXT = "version: 1\nvalue_streams:\n  - {name: one, select: [{project: jira/A}]}\n"


class Told:
    """A stack that notes what it is told; a file named bad.yaml is no definition."""

    def __init__(self) -> None:
        self.said: list[object] = []

    def redefine(self, config: Path) -> None:
        """Note it."""
        if config.name == "bad.yaml":
            raise BadDefinition(config.name, ())
        self.said.append(config.name)

    def show_kept(self, number: int) -> None:
        """Note it."""
        self.said.append(number)

    def drop(self, numbers: Sequence[int]) -> None:
        """Note it."""
        self.said.append(tuple(numbers))


def before(generation: int = 1) -> Before:
    """Return what to go back to."""
    return Before(config="old.yaml", generation=generation, version="v", name="next")


SWAP = Order(name="next", config="new.yaml", left=1, before=before())
BACK = Order(name="next", config="old.yaml", show=1, left=2)
BAD = Order(name="next", config="bad.yaml", left=1, before=before())
BAD_BACK = Order(name="next", config="bad.yaml", show=1, left=2)
BACK_TO_ITSELF = Order(name="next", config="old.yaml", show=1, left=1)
DROP = Order(name="next", drop=(1,))


@pytest.mark.parametrize(
    ("orders", "said", "kept"),
    [
        ([SWAP], ["new.yaml"], Kept(before=before(), generations={"next": [1]})),
        ([SWAP, BACK], ["new.yaml", 1, "old.yaml"], Kept(generations={"next": [1, 2]})),
        ([SWAP, DROP], ["new.yaml", (1,)], Kept()),
        ([BAD], [], Kept()),
        ([SWAP, BAD_BACK], ["new.yaml", 1], Kept(generations={"next": [1, 2]})),
        ([BACK_TO_ITSELF], [1, "old.yaml"], Kept()),
    ],
)
def test_an_order_is_carried_out_once(tmp_path: Path, orders: list[Order], said: list[object], kept: Kept) -> None:
    """A swap keeps the way back, going back shows first and derives then, a drop takes the way back away."""
    folder, stack = DataDir(tmp_path), Told()
    (tmp_path / "replays").mkdir()
    for order in orders:
        (tmp_path / "replays" / "order").write_bytes(msgspec.json.encode(order))
        carry_out(folder, stack)
        carry_out(folder, stack)
    assert (stack.said, kept_by(folder)) == (said, kept)


def test_what_is_shown_or_computed_is_not_dropped() -> None:
    """Of what a replay left, only what nobody looks at goes."""
    kept = Kept(generations={"next": [1, 2, 3]})
    assert (kept.droppable("next", (3, 1)), kept.droppable("other", ())) == ([2], [])


def test_what_another_goes_back_to_is_not_dropped() -> None:
    """A generation that two replays left standing goes with the one that was swapped in last."""
    kept = Kept(before=before(), generations={"next": [1], "earlier": [1, 2]})
    assert (kept.droppable("earlier", (3,)), kept.droppable("next", (3,))) == ([2], [1])


class Interrupted(Told):
    """A stack that is ended while it carries out what it is told."""

    def redefine(self, config: Path) -> None:
        """Begin."""
        super().redefine(config)
        raise KeyboardInterrupt

    def drop(self, numbers: Sequence[int]) -> None:
        """Begin."""
        super().drop(numbers)
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("order", "kept"), [(SWAP, Kept(before=before(), generations={"next": [1]})), (DROP, Kept())], ids=["swap", "drop"]
)
def test_an_order_that_was_interrupted_is_told_so(tmp_path: Path, order: Order, kept: Kept) -> None:
    """Whoever gave it hears that it was not done; a swap that had begun can be gone back on."""
    (tmp_path / "replays").mkdir()
    (tmp_path / "replays" / "order").write_bytes(msgspec.json.encode(order))
    with pytest.raises(KeyboardInterrupt):
        carry_out(DataDir(tmp_path), Interrupted())
    problem = msgspec.json.decode((tmp_path / "replays" / "problem").read_bytes(), type=str)
    assert ("ended before it was done" in problem, kept_by(DataDir(tmp_path))) == (True, kept)


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    """A note survives its process."""
    kept = Kept(before=before(), generations={"next": [1]})
    keep_note(DataDir(tmp_path), kept)
    assert kept_by(DataDir(tmp_path)) == kept


@pytest.mark.parametrize(
    ("text", "is_unchanged"), [(TEXT, True), (TEXT.replace("jira/A", "jira/B"), False), ("", False)]
)
def test_going_back_needs_the_file_as_it_was(tmp_path: Path, text: str, is_unchanged: bool) -> None:  # noqa: FBT001
    """A file that says something else by now, or nothing, is not gone back to."""
    path = tmp_path / "old.yaml"
    path.write_text(TEXT, encoding="utf-8")
    found = Before(config=str(path), generation=1, version=load(path).version)
    path.write_text(text, encoding="utf-8")
    assert found.is_unchanged() is is_unchanged
