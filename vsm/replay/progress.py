"""How far a replay has come, kept on disk as it reads: whoever was killed goes on from there.

A folder holds the plan (what is replayed under what) and numbered parts. A part is what has changed since the one
before it: packed records of entities, where events stand, and up to which offsets the log was read. Parts are written
whole or not at all, and only ever added, so that keeping costs what is new and not what is held.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from processors.derivation import DERIVATION_VERSION
from processors.facts import ENCODING
from schemas.definition import Definition
from vsm.replay.replaying import Both, Moved

SECONDS: Final = 5.0
"""How much work a kill costs at most, about."""
_SHARE: Final = 20
"""Reading takes at least so many times as long as keeping."""


class Plan(Struct, frozen=True, kw_only=True):
    """What a replay is made of; of another plan nothing can be taken over.

    `derived_by` are the versions of the code, the live and the new definition; `since` is the bound of the command.
    `starts` is where each partition begins: it moves when facts are forgotten, which must not come back. `log` is where
    the log is: what was read of one is not gone on with in another.
    """

    derived_by: tuple[str, ...]
    since: int | None
    starts: Mapping[int, int]
    log: str


def derived_by(live: Definition, after: Definition) -> tuple[str, ...]:
    """Return what a replay's records and routes depend on beside the log."""
    return str(DERIVATION_VERSION), str(ENCODING), live.version, after.version


class Part(Struct, frozen=True, array_like=True):
    """What changed, and the next offset to read of each partition."""

    offsets: dict[int, int]
    moved: Moved


class Progress:
    """The progress of one replay in a folder of its own."""

    def __init__(
        self, folder: Path, plan: Plan, seconds: float = SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Keep what is read about every `seconds`; `clock` is monotonic."""
        self._folder = folder
        self._plan = plan
        self._seconds = seconds
        self._clock = clock
        self._next_at = clock() + seconds
        self._offsets: dict[int, int] = {}
        self._number = 0

    def resume(self, both: Both, ends: Mapping[int, int]) -> Mapping[int, int]:
        """Give an empty replay what was kept; return the next offset to read of each partition, {} for the beginning.

        What was kept of another plan, or of a log that reached further than this one (`ends`), is deleted.
        """
        parts = sorted(self._folder.glob("*.part")) if self._has_plan() else []
        if parts:
            last = msgspec.msgpack.decode(parts[-1].read_bytes(), type=Part)
            if all(offset <= ends.get(partition, 0) for partition, offset in last.offsets.items()):
                for path in parts:
                    both.restore(msgspec.msgpack.decode(path.read_bytes(), type=Part).moved)
                self._offsets, self._number = dict(last.offsets), len(parts)
                return dict(last.offsets)
        self._begin()
        return {}

    def read(self, both: Both, partition: int, offset: int) -> None:
        """Note that a record was read; keep what has come since, if it is time."""
        self._offsets[partition] = offset + 1
        if self._clock() >= self._next_at:
            self.keep(both)

    def keep(self, both: Both) -> None:
        """Keep what has come since the last part."""
        began = self._clock()
        self._number += 1
        part = Part(dict(self._offsets), both.moved())
        _write(self._folder / f"{self._number:08d}.part", msgspec.msgpack.encode(part))
        now = self._clock()
        self._next_at = now + max(self._seconds, (now - began) * _SHARE)

    def end(self) -> None:
        """Delete what was kept: the replay is done. Repeatable."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _has_plan(self) -> bool:
        try:
            return msgspec.json.decode((self._folder / "plan.json").read_bytes(), type=Plan) == self._plan
        except (FileNotFoundError, msgspec.MsgspecError):
            return False

    def _begin(self) -> None:
        self.end()
        self._folder.mkdir(parents=True)
        _write(self._folder / "plan.json", msgspec.json.encode(self._plan))


def _write(path: Path, said: bytes) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_bytes(said)
    fresh.replace(path)
