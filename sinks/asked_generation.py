"""The generation that a one-machine stack asks to be shown: a number in a file of the data directory.

Where nobody writes the file, as on a cluster, nothing is asked.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

_FILE: Final = "active-generation"


def asked_generation(data: Path) -> int:
    """Return the generation asked for in a data directory, 0 where none is. Raises OSError beside a missing file."""
    try:
        return int((data / _FILE).read_text(encoding="ascii"))
    except FileNotFoundError:
        return 0


def ask_generation(data: Path, number: int) -> None:
    """Ask for a generation, whole or not at all. Raises OSError."""
    fresh = data / f"{_FILE}.new"
    fresh.write_text(str(number), encoding="ascii")
    fresh.replace(data / _FILE)
