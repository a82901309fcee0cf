"""Where the entities of the truth are kept while a run is written: in memory, or in a file beside for a large one."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self, TypeVar

import msgspec

from lab.truth import Entity, TrueItem

IN_ONE_FILE: Final = 5_000
"""Up to so many items everything stands in `truth.json`."""

T = TypeVar("T", bound=Entity)


class Keeper:
    """Takes entities one by one."""

    def __init__(self, out_dir: Path, *, apart: bool) -> None:
        self._path = out_dir / "truth-items.jsonl"
        self._apart = apart
        self._file: IO[bytes] | None = None
        self._kept: list[Entity] = []
        self.items = 0
        """How many items were kept so far."""

    def __enter__(self) -> Self:
        self._path.unlink(missing_ok=True)
        if self._apart:
            self._file = self._path.open("wb")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def keep(self, entity: Entity) -> None:
        """Keep one entity."""
        self.items += isinstance(entity, TrueItem)
        if self._file is None:
            self._kept.append(entity)
        else:
            self._file.write(msgspec.json.encode({"entity": type(entity).__name__, "value": entity}) + b"\n")

    def of(self, kind: type[T]) -> list[T]:
        """Return what is kept in memory of one kind, in the order of the run."""
        return [entity for entity in self._kept if isinstance(entity, kind)]
