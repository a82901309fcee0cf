"""Scores what the product measured against what the simulated organisation knows to be true."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from lab.score_links import score_links
from lab.score_numbers import score_numbers, unmet
from lab.score_rows import Measured, ScoreRow, score_rows
from lab.truth import Entity, TrueChange, TrueDeployment, TrueIncident, TrueItem, TrueOrigin, Truth

__all__ = ["Measured", "ScoreRow", "entities", "markdown", "read", "score", "summary", "unmet"]


def read(truth_json: Path) -> Truth:
    """Read `truth.json`, and the entities of `truth-items.jsonl` beside it if there. Raises OSError, ValueError."""
    truth = msgspec.json.decode(truth_json.read_bytes(), type=Truth)
    beside = truth_json.with_name("truth-items.jsonl")
    return truth if truth.items or not beside.exists() else _with_entities(truth, beside)


def entities(truth: Truth) -> tuple[Entity, ...]:
    """Return every entity of a truth."""
    return (*truth.items, *truth.changes, *truth.deployments, *truth.incidents, *truth.origins)


def score(truth: Truth, measured: Measured) -> list[ScoreRow]:
    """Return every comparison: derived rows and links one by one, then numbers.

    The measurements must have been taken with the clock at `truth.end_micros` (or little later).
    """
    links, _ = score_links(truth, measured)
    return [*score_rows(entities(truth), measured), *links, *score_numbers(truth, measured)]


def summary(rows: Iterable[ScoreRow]) -> dict[str, tuple[int, int]]:
    """Return, for each group, how many comparisons hold and how many there are."""
    totals: dict[str, tuple[int, int]] = {}
    for row in rows:
        met, all_of_them = totals.get(row.group, (0, 0))
        totals[row.group] = (met + row.met, all_of_them + 1)
    return totals


def markdown(rows: Sequence[ScoreRow], *, only_unmet: bool = False) -> str:
    """Return the comparisons as a Markdown table, the unmet ones marked."""
    shown = unmet(rows) if only_unmet else list(rows)
    head = ["| stream | group | what | true | measured | allowed | n | |", "|---|---|---|---:|---:|---|---:|---|"]
    lines = [
        f"| {r.value_stream} | {r.group} | {r.what} | {r.expected} | {r.measured} | {r.allowed} | {r.n} "
        f"| {'' if r.met else 'off'} |"
        for r in shown
    ]
    return "\n".join([*head, *lines]) + "\n"


_LISTS: Final[Mapping[type[Entity], str]] = {
    TrueItem: "items",
    TrueChange: "changes",
    TrueDeployment: "deployments",
    TrueIncident: "incidents",
    TrueOrigin: "origins",
}
"""The list of a truth in which each kind of entity stands."""


class _Line(msgspec.Struct, frozen=True):
    entity: str
    value: msgspec.Raw


def _with_entities(truth: Truth, beside: Path) -> Truth:
    kinds: dict[str, type[Entity]] = {kind.__name__: kind for kind in _LISTS}
    found: dict[str, list[Entity]] = {name: [] for name in _LISTS.values()}
    with beside.open("rb") as file:
        for text in file:
            line = msgspec.json.decode(text, type=_Line)
            kind = kinds[line.entity]
            found[_LISTS[kind]].append(msgspec.json.decode(line.value, type=kind))
    return msgspec.structs.replace(truth, **{name: tuple(entities) for name, entities in found.items()})
