"""A release of its own: a copy of the code that stays as it is while a test runs, or that a test has edited."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

_ROOT: Final = Path(__file__).parents[2]
_ROOMS: Final = ("schemas", "ingest", "processors", "sinks", "insights", "lab", "vsm")
_AS_IT_IS: Final[Mapping[str, Callable[[str], str]]] = MappingProxyType({})


def copied(folder: Path, edits: Mapping[str, Callable[[str], str]] = _AS_IT_IS) -> Path:
    """Return a folder that `python -m vsm` runs from when it is the working directory, its files edited by path."""
    for room in _ROOMS:
        shutil.copytree(_ROOT / room, folder / room, ignore=shutil.ignore_patterns("__pycache__"))
    for name, edit in edits.items():
        file = folder / name
        before = file.read_text(encoding="utf-8")
        after = edit(before)
        assert after != before, f"the edit of {name} changes nothing"
        file.write_text(after, encoding="utf-8")
    return folder
