"""Compares derived rows with the truth, one by one: every one must be there, and be the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct

from lab.score_groups import GROUPS, Facts, Group, Key, true_rows
from lab.truth import Entity


class Measured(Protocol):
    """Where the measured values are: the product's ClickHouse tables."""

    def query(self, sql: str) -> list[dict[str, Any]]:
        """Return the rows of a query, a dictionary each."""


class ScoreRow(Struct, frozen=True, kw_only=True):
    """One comparison: what was expected, what was measured, and whether it is as close as it must be.

    `allowed` says how close that is; `n` is how many things stand behind the expected value.
    """

    group: str
    value_stream: str
    what: str
    expected: str
    measured: str
    allowed: str
    n: int
    met: bool


class Difference(Struct, frozen=True, kw_only=True):
    """One row that is not as it should be; `true` None: too many, `measured` None: missing."""

    group: str
    key: Key
    columns: tuple[str, ...]
    true: Facts | None
    measured: Facts | None


def score_rows(entities: Sequence[Entity], measured: Measured) -> list[ScoreRow]:
    """Return a row for each stream and kind of rows: how many are exactly as they truly were."""
    scored = list[ScoreRow]()
    for group in GROUPS:
        expected, found = true_rows(group, entities), measured_rows(group, measured.query(group.sql))
        streams = sorted({str(key[0]) for key in (*expected, *found)})
        scored += [_score(group, stream, expected, found) for stream in streams]
    return scored


def measured_rows(group: Group, rows: Iterable[Mapping[str, Any]]) -> dict[Key, Facts]:
    """Return a group's rows as measured."""
    return {
        (row["value_stream"], *(row[name] for name in group.identity)): tuple(
            _plain(row[name]) for name in group.columns
        )
        for row in rows
    }


def differences(group: Group, expected: Mapping[Key, Facts], found: Mapping[Key, Facts]) -> list[Difference]:
    """Return what differs between the true and the measured rows of a group, sorted by identity."""
    keys = sorted({*expected, *found}, key=str)
    return [
        Difference(group=group.name, key=key, columns=group.columns, true=expected.get(key), measured=found.get(key))
        for key in keys
        if expected.get(key) != found.get(key)
    ]


def _score(group: Group, stream: str, expected: Mapping[Key, Facts], found: Mapping[Key, Facts]) -> ScoreRow:
    true = {key: facts for key, facts in expected.items() if key[0] == stream}
    seen = {key: facts for key, facts in found.items() if key[0] == stream}
    wrong = differences(group, true, seen)
    missing = sum(one.measured is None for one in wrong)
    extra = sum(one.true is None for one in wrong)
    same = len(true) - (len(wrong) - extra)
    told = f"{same} the same" + f", {missing} missing" * bool(missing) + f", {extra} too many" * bool(extra)
    return ScoreRow(
        group=group.name,
        value_stream=stream,
        what=f"all {group.name}",
        expected=str(len(true)),
        measured=told,
        allowed="exactly",
        n=len(true),
        met=not wrong,
    )


def _plain(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value
