"""What the last comparison of each source with its tool found, kept in the data directory."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

import msgspec
from msgspec import Struct

from vsm.data_dir import DataDir
from vsm.history.reconciling import Tally


class Reconciled(Struct, frozen=True, kw_only=True):
    """One comparison: the stretch of time (ISO 8601) and places, and per kind of entity what was found.

    `completeness_ratio` is the share of the facts told by the API that the log held before anything was filled; None
    where the API tells of none.
    """

    tool: str
    source: str
    places: tuple[str, ...]
    since: str
    until: str
    completeness_ratio: float | None
    kinds: Mapping[str, Tally]
    unreadable: int = 0


def note(folder: DataDir, found: Reconciled) -> None:
    """Keep a comparison in place of the one before of its source. Raises OSError."""
    folder.reconciled.mkdir(parents=True, exist_ok=True)
    fresh = folder.reconciled / f".{found.tool}-{found.source}.new"
    fresh.write_bytes(msgspec.json.encode(found))
    fresh.replace(folder.reconciled / f"{found.tool}-{found.source}.json")


def noted(folder: DataDir) -> list[Reconciled]:
    """Return the last comparison of every source, by their names; [] where there was none. Raises OSError.

    What cannot be read, of another version or cut off, is left out.
    """
    found = []
    for file in sorted(folder.reconciled.glob("*.json")):
        with suppress(msgspec.DecodeError, UnicodeDecodeError):
            found.append(msgspec.json.decode(file.read_bytes(), type=Reconciled))
    return found
