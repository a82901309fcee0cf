from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from lab.organisation import definition
from lab.score import markdown, score, summary, unmet
from lab.score_links import method_scores, score_links
from lab.simulate import DEFAULT_END, deliveries, write
from lab.truth import Truth
from vsm.truth.events import taken
from vsm.truth.measured import Pure

END = DEFAULT_END * 1_000_000
ITEMS = 150
SEEDS = (1, 2, 3)
"""The last one ends with a push that nothing names."""


@pytest.mark.parametrize("seed", SEEDS)
def test_the_pure_core_measures_what_is_true(seed: int, tmp_path: Path) -> None:
    """Adapters, routing, engine and measures together say of a run what the organisation knows of itself.

    Every visit, item, change, deployment and incident exactly, every time within the sketch's error, all
    else exactly.
    """
    truth = write(seed, ITEMS, tmp_path, END)
    measured = Pure(definition(), taken(deliveries(seed, ITEMS, END)).events, END)

    off = unmet(score(truth, measured))

    assert markdown(off) == markdown([])


def test_the_order_of_arrival_changes_nothing_that_is_true(tmp_path: Path) -> None:
    """Every event three times and in any order: the score is the same."""
    truth = write(4, 60, tmp_path, END)
    events = taken(deliveries(4, 60, END)).events * 3
    random.Random(4).shuffle(events)

    off = unmet(score(truth, Pure(definition(), events, END)))

    assert markdown(off) == markdown([])


def test_a_wrong_row_and_a_wrong_number_are_noticed(tmp_path: Path) -> None:
    """The scorer is no rubber stamp."""
    truth = write(4, 60, tmp_path, END)
    right = Pure(definition(), taken(deliveries(4, 60, END)).events, END)

    off = {row.group for row in unmet(score(truth, Wrong(right)))}

    assert {"visits", "DORA", "flow"} <= off


def test_every_method_of_linking_is_scored_against_what_was_meant(tmp_path: Path) -> None:
    """What people write is mostly right, what tools tell always; of what is true, nothing is missed by all methods."""
    truth = write(1, 300, tmp_path, END)
    measured = Pure(definition(), taken(deliveries(1, 300, END)).events, END)

    scores = method_scores([score_links(truth, measured)[1]])

    assert {name: _how_often(one.precision) for name, one in scores.items()} == {
        "key_in_branch": "mostly",
        "key_in_title": "mostly",
        "key_in_message": "mostly",
        "commit": "always",
        "digest": "always",
        "explicit": "always",
        "time_and_service": "sometimes",
    }


def _how_often(share: float | None) -> str:
    return "always" if share == 1.0 else "mostly" if share is not None and share > 0.75 else "sometimes"


@pytest.mark.parametrize("group", ["key_in_title", "commit", "digest", "explicit"])
def test_links_that_are_lost_are_missed(group: str, tmp_path: Path) -> None:
    """Without the links of one method the comparisons of links do not hold."""
    truth = write(4, 150, tmp_path, END)
    right = Pure(definition(), taken(deliveries(4, 150, END)).events, END)

    rows, _ = score_links(truth, Without(right, group))

    assert [row for row in rows if not row.met] != []


def test_a_cause_that_is_named_wrongly_is_noticed(tmp_path: Path) -> None:
    """One too many beside the right ones."""
    truth = write(4, 150, tmp_path, END)
    right = Pure(definition(), taken(deliveries(4, 150, END)).events, END)

    rows, _ = score_links(truth, Blaming(right))

    assert [(row.what, row.measured.rpartition(", ")[2]) for row in rows if not row.met] == [
        ("causes of incidents", "1 too many")
    ]


def test_without_links_nothing_is_known_of_their_precision() -> None:
    """The empty case: unknown, not 0."""
    empty = Truth(seed=0, items_asked=0, end_micros=END, deliveries=0, streams={})

    scores = method_scores([score_links(empty, Silent())[1]])

    assert {(one.said, one.precision, one.recall) for one in scores.values()} == {(0, None, None)}


def test_the_summary_counts_each_group(tmp_path: Path) -> None:
    """Every group of comparisons is counted: held, and all."""
    truth = write(4, 60, tmp_path, END)

    totals = summary(score(truth, Silent()))

    assert all(met < of for group, (met, of) in totals.items() if group in {"visits", "deployments", "constraint"})


class Wrong:
    """Measured values with one visit lost and every number a little too large."""

    def __init__(self, right: Pure) -> None:
        self._right = right

    def query(self, sql: str) -> list[dict[str, Any]]:
        """Answer wrongly."""
        rows = self._right.query(sql)
        if "measurements" in sql:
            return [{**row, "value": None if row["value"] is None else row["value"] * 1.05} for row in rows]
        return rows[1:]


class Without:
    """Measured values without the links of one method."""

    def __init__(self, right: Pure, method: str) -> None:
        self._right = right
        self._method = method

    def query(self, sql: str) -> list[dict[str, Any]]:
        """Leave them out."""
        return [row for row in self._right.query(sql) if row.get("method") != self._method]


class Blaming:
    """Measured values with one more cause of an incident that names one already."""

    def __init__(self, right: Pure) -> None:
        self._right = right

    def query(self, sql: str) -> list[dict[str, Any]]:
        """Say it of a deployment that never was."""
        rows = self._right.query(sql)
        named = [row for row in rows if row.get("method") == "explicit" and row.get("kind") == "caused_by"]
        return rows + [{**row, "uri": "deployment:planted/never"} for row in named[:1]]


class Silent:
    """Measured values of a product that saw nothing."""

    def query(self, sql: str) -> list[dict[str, Any]]:  # noqa: ARG002 - whatever is asked
        """Answer nothing."""
        return []


def test_a_truth_without_a_run_scores_nothing() -> None:
    """The empty case: no stream, no row, no number."""
    empty = Truth(seed=0, items_asked=0, end_micros=END, deliveries=0, streams={})

    assert score(empty, Silent()) == []
