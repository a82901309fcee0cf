"""How seldom the garbage collector of a process looks: what comes by the million makes no cycles."""

from __future__ import annotations

import gc
from typing import Final

YOUNG_OBJECTS: Final = 20_000
"""So many new objects may come before the collector goes through them, in about a millisecond. Python's own 700 cost a
rebuild a sixth of its time."""


def collect_seldom() -> None:
    """Set that for this process. Safe to repeat."""
    gc.set_threshold(YOUNG_OBJECTS)
