"""The value-stream file that a one-machine stack goes on under: its path, in a file of the data directory.

Where nobody writes the file, as on a cluster, each process keeps the file that it was started with.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

_FILE: Final = "asked-definition"


def asked_definition(data: Path) -> Path | None:
    """Return the value-stream file asked for in a data directory, None where none is. Raises other OSErrors."""
    try:
        told = (data / _FILE).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    return Path(told) if told else None


def ask_definition(data: Path, config: Path) -> None:
    """Ask for a value-stream file, whole or not at all. Raises OSError."""
    fresh = data / f"{_FILE}.new"
    fresh.write_text(str(config), encoding="utf-8")
    fresh.replace(data / _FILE)
