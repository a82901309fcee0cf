"""How far the asking for a history has come: a file of the data directory, sealed, whole or not at all.

It holds what is still to be asked, branches and accounts among it; so it is sealed as dead letters are.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import msgspec
from msgspec import Struct

from ingest.history.history import Memory, Scope, Unit
from schemas.sealing import BrokenSeal, seal, unseal
from vsm.data_dir import PRIVATE


class Progress(Struct):
    """What is still to be done, the last first, and what must be known for it; `until` is the scope's end."""

    pending: list[Unit]
    memory: Memory = msgspec.field(default_factory=Memory)
    until: int = 0


class Checkpoint:
    """The file of one source, API and scope."""

    def __init__(self, root: Path, key: bytes, tool: str, source: str, api: str, scope: Scope) -> None:
        about = msgspec.json.encode([tool, source, api, scope])
        self._file = root / "backfill" / f"{tool}-{hashlib.sha256(about).hexdigest()[:16]}"
        self._key = key

    def load(self) -> Progress | None:
        """Return how far an earlier run came, None where none was interrupted. Raises OSError."""
        try:
            return msgspec.json.decode(unseal(self._file.read_bytes(), self._key), type=Progress)
        except (FileNotFoundError, BrokenSeal, msgspec.DecodeError):
            return None

    def save(self, progress: Progress) -> None:
        """Write it down. Raises OSError."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._file.with_suffix(".new")
        descriptor = os.open(fresh, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, PRIVATE)
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(seal(msgspec.json.encode(progress), self._key))
            handle.flush()
            os.fsync(handle.fileno())
        fresh.replace(self._file)

    def forget(self) -> None:
        """Remove it; safe to repeat. Raises OSError."""
        self._file.unlink(missing_ok=True)
