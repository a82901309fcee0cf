"""How much work a process has done, as the kernel counts it: a bound that no busy machine moves."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_USER: Final = 11  # utime, field 14 of proc(5) stat, counted behind the command's closing bracket
_SYSTEM: Final = 12


def process_seconds(pid: int) -> float:
    """Return the processor time of all threads of a process so far."""
    return _seconds(Path(f"/proc/{pid}/stat"))


def loop_seconds(pid: int) -> float:
    """Return the processor time of its main thread so far: the one whose event loop everybody waits for."""
    return _seconds(Path(f"/proc/{pid}/task/{pid}/stat"))


def _seconds(stat: Path) -> float:
    fields = stat.read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[_USER]) + int(fields[_SYSTEM])) / _TICKS
