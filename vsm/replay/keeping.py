"""Which generations which replay left standing: what `--back` shows again and `--drop` deletes; kept in a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from schemas.definition import derived_version
from schemas.definition_file import BadDefinition, load
from vsm.data_dir import DataDir


class Before(Struct, frozen=True, kw_only=True):
    """The generation that was shown before a swap, and the file and version of the definition that made it.

    `name` is the replay's that was swapped in.
    """

    config: str
    generation: int
    version: str = ""
    name: str = ""

    def is_unchanged(self) -> bool:
        """Tell whether the file still says what its rows were derived by."""
        try:
            return load(Path(self.config)).derived_version == derived_version(self.version)
        except (BadDefinition, OSError):
            return False


class Kept(Struct, kw_only=True):
    """`before` is what to go back to, None for nothing; `generations` are those that each replay left standing."""

    before: Before | None = None
    generations: dict[str, list[int]] = {}

    def add(self, name: str, generation: int) -> None:
        """Note that a replay left a generation standing."""
        self.generations[name] = sorted({*self.generations.get(name, ()), generation})

    def droppable(self, name: str, shown: Sequence[int]) -> Sequence[int]:
        """Return what a replay left standing, but for what is shown or computed, or what another one goes back to."""
        needed = {*shown}
        if self.before is not None and self.before.name != name:
            needed.add(self.before.generation)
        return [number for number in self.generations.get(name, ()) if number not in needed]

    def drop(self, numbers: Sequence[int]) -> None:
        """Note that generations are gone; nobody goes back to one of them."""
        left: Mapping[str, list[int]] = {
            name: [number for number in found if number not in numbers] for name, found in self.generations.items()
        }
        self.generations = {name: found for name, found in left.items() if found}
        if self.before is not None and self.before.generation in numbers:
            self.before = None


def kept_by(folder: DataDir) -> Kept:
    """Return what is kept on a directory."""
    path = folder.root / "replays" / "kept"
    return msgspec.json.decode(path.read_bytes(), type=Kept) if path.exists() else Kept()


def keep_note(folder: DataDir, kept: Kept) -> None:
    """Write what is kept, whole or not at all."""
    path = folder.root / "replays" / "kept"
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name("kept.new")
    fresh.write_bytes(msgspec.json.encode(kept))
    fresh.replace(path)
