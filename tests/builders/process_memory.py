"""How much memory a process takes, as the kernel counts it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def peak_growth(pid: int) -> Iterator[Callable[[], int]]:
    """Give what tells by how many megabytes a process has at most grown since the block began."""
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")  # the peak is counted anew
    before = _megabytes(pid, "VmRSS")
    yield lambda: _megabytes(pid, "VmHWM") - before


def _megabytes(pid: int, what: str) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(rf"^{what}:\s+(\d+) kB$", status, re.MULTILINE)
    assert found is not None
    return int(found[1]) // 1024
