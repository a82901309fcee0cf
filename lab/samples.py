"""Exact quantiles of any number of whole seconds in flat memory: samples wait in a temporary file."""

from __future__ import annotations

import tempfile
from array import array
from typing import Final

from msgspec import Struct

_HELD: Final = 2_048


class Quantiles(Struct, frozen=True, kw_only=True):
    """The q-quantile is the value at rank ceil(q n), in seconds; None when there is none."""

    n: int
    p50: int | None
    p85: int | None
    p95: int | None
    mean: float | None


class Samples:
    """A growing multiset of whole seconds."""

    def __init__(self) -> None:
        self._held = array("q")
        self._file = tempfile.TemporaryFile(prefix="vsm-lab-")  # noqa: SIM115 - lives as long as the samples

    def add(self, seconds: int | None) -> None:
        """Add a duration; an unknown one is left out."""
        if seconds is None:
            return
        self._held.append(seconds)
        if len(self._held) >= _HELD:
            self._held.tofile(self._file)
            del self._held[:]

    def quantiles(self) -> Quantiles:
        """Return what the samples say."""
        self._file.flush()
        self._file.seek(0)
        values = array("q", self._file.read())
        values.extend(self._held)
        ordered = sorted(values)
        n = len(ordered)
        p50, p85, p95 = (ordered[max(1, -(-n * q // 100)) - 1] if n else None for q in (50, 85, 95))
        return Quantiles(n=n, p50=p50, p85=p85, p95=p95, mean=sum(ordered) / n if n else None)

    def close(self) -> None:
        """Give the file back."""
        self._file.close()
