"""What a one-machine stack asks of generations: one to be shown, others to be dropped; numbers in files.

Where nobody writes the files, as on a cluster, nothing is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

_FILE: Final = "active-generation"
_DROPS: Final = "dropped-generations"


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


def asked_drops(data: Path) -> tuple[int, ...]:
    """Return the generations that are to be dropped, () for none. Raises OSError beside a missing file."""
    try:
        return tuple(int(number) for number in (data / _DROPS).read_text(encoding="ascii").split())
    except FileNotFoundError:
        return ()


def ask_drops(data: Path, generations: Sequence[int]) -> None:
    """Ask for generations to be dropped, whole or not at all. Raises OSError."""
    fresh = data / f"{_DROPS}.new"
    fresh.write_text(" ".join(map(str, generations)), encoding="ascii")
    fresh.replace(data / _DROPS)


def dropped(data: Path) -> None:
    """Note that what was asked to be dropped is gone; repeatable."""
    (data / _DROPS).unlink(missing_ok=True)
