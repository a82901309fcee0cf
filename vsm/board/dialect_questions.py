"""The questions about dialects, as the board asks them."""

from __future__ import annotations

from collections.abc import Mapping

from insights.dialects.comparison import Comparison
from insights.dialects.explained import DialectExplanation
from insights.explain.naming import Unasked, Wanted
from schemas.measurement import WINDOWS
from vsm.board.reader import Reader
from vsm.comparing import by_dialect, compare


def comparison(reader: Reader, said: Mapping[str, str]) -> Comparison:
    """Return what every dialect says of a stream. Raises Unasked, NoSuchStream, BadQuery."""
    window = said.get("window", "30d")
    if window not in WINDOWS:
        raise Unasked(f"there is no window '{window}'; known: {', '.join(WINDOWS)}")
    return compare(reader.store, reader.definition, said["stream"], window)


def explanation(reader: Reader, said: Mapping[str, str]) -> DialectExplanation:
    """Return a dialect's number and what is behind it. Raises Unasked, NoSuchStream, BadQuery."""
    wanted = Wanted(stream=said["stream"], metric=said["metric"], window=said.get("window", "30d"))
    return by_dialect(reader.store, reader.definition, wanted, said["dialect"], reader.items)
