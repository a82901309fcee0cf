"""What a benchmark says: a ratio against a yardstick taken in the same run, and whether it meets its bar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct


class Result(Struct, frozen=True, kw_only=True):
    """One bar's outcome.

    `ratio` is the worst case's where a bar has several; `spread` the least and greatest ratio over the rounds; `cases`
    each case with its own figures, units in the names.
    """

    id: str
    ratio: float
    bar: float
    met: bool
    spread: tuple[float, float]
    yardstick: str
    cases: Sequence[Mapping[str, object]]
