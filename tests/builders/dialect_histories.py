"""Histories as people write them: times as text, and the worked ones from their files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from insights.dialects.history import History
from tests.builders.measured import at

FOLDER: Final = Path(__file__).parents[1] / "insights" / "dialects"
WEEK: Final = "week"
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?")


class Expected(Struct, frozen=True, kw_only=True):
    """What a dialect must say, worked by hand, and how; `left_out` None: not told here."""

    value: float | None
    n: int
    why: str
    left_out: list[str] | None = None


class Case(Struct, frozen=True, kw_only=True):
    """A history of its own and what it is for."""

    name: str
    why: str
    history: dict[str, Any]
    expected: dict[str, Expected]


class Worked(Struct, frozen=True, kw_only=True):
    """What a dialect says of the week that all are asked of, of a week in which nothing happened, and more."""

    week: dict[str, Expected]
    empty: dict[str, Expected]
    cases: list[Case]


def history(told: Mapping[str, Any]) -> History:
    """Return the history that was told, its times as text."""
    return msgspec.convert(_timed(dict(told)), History)


def week() -> History:
    """Return the week that every dialect is asked of."""
    return history(msgspec.json.decode((FOLDER / f"{WEEK}.json").read_bytes()))


def nothing() -> History:
    """Return the same week with nothing in it."""
    full = week()
    return History(value_stream=full.value_stream, since=full.since, until=full.until, seconds=full.seconds)


def worked(dialect: str) -> Worked:
    """Return what is worked by hand for a dialect. Raises FileNotFoundError where nothing is."""
    return msgspec.json.decode((FOLDER / f"{dialect}.json").read_bytes(), type=Worked)


def _timed(told: object) -> object:
    if isinstance(told, dict):
        return {key: _timed(value) for key, value in told.items()}
    if isinstance(told, list):
        return [_timed(value) for value in told]
    return at(told) if isinstance(told, str) and _TIME.fullmatch(told) else told
