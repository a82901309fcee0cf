"""The map's constraint and its warning: what is said of it, and what is not said where nobody can tell."""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO

import pytest
from rich.console import Console

from insights.map_text import render
from insights.value_stream_map import CONDITIONS, Row, StreamMap, build

STEPS = ("Develop", "Review", "Verify")
DAY = 86_400.0


def row(metric: str, value: float | None, step: str = "", **figures: float) -> Row:
    """One row of the current measurements."""
    statistic = "now" if metric.endswith("seconds") else "ratio"
    empty = {"lower": None, "upper": None, "completeness": 1.0, "kind": "", "measured_seconds": 1}
    return {"step": step, "metric": metric, "statistic": statistic, "value": value, "n": 30, **empty, **figures}


def judged(ratios: Mapping[str, float | None], age: float | None = None) -> StreamMap:
    """A map with these confidences; the leading step holds 60 % of the work, and has led for so long."""
    rows = [row("constraint_ratio", value, step) for step, value in ratios.items()]
    rows += [row("constraint_score", 0.6, step) for step in ratios]
    rows += [row("constraint_age_seconds", age if value else 0.0, step) for step, value in ratios.items()]
    return build("checkout", "30d", STEPS, rows)


def text(stream_map: StreamMap) -> str:
    """What is printed."""
    console = Console(width=200, color_system=None, file=StringIO(), record=True)
    console.print(render(stream_map))
    return console.export_text()


@pytest.mark.parametrize(
    ("ratios", "said"),
    [
        ({"Develop": 0.0, "Review": 0.97}, "Review for 12.0 d · at least 97 % sure · holds 60 % of the work"),
        ({"Develop": 0.0, "Review": 0.8}, "none announced; Review holds most (at least 80 % sure"),
        ({"Develop": 0.0, "Review": 0.0}, "none: the steps hold about the same"),
        ({"Develop": None, "Review": None}, "unknown: too little has passed the steps"),
    ],
    ids=["announced", "not sure enough", "in balance", "unknown"],
)
def test_the_constraint_is_said_with_its_certainty_and_age(ratios: dict[str, float | None], said: str) -> None:
    """Only what is at least 95 % sure is announced."""
    assert said in text(judged(ratios, 12 * DAY))


def test_only_an_announced_step_is_marked() -> None:
    """The box of the step is, and the JSON names it."""
    unsure, sure = judged({"Review": 0.9}), judged({"Review": 0.95}, DAY)
    marks = ["─ constraint ─" in text(each) for each in (unsure, sure)]
    assert (marks, unsure.constraint, sure.constraint) == ([False, True], None, "Review")


def test_averages_that_should_not_be_trusted_are_said() -> None:
    """The conditions that surely fail are named; one that may hold is not."""
    rows = [
        row("littles_law_ratio", 0.75),
        row("littles_law_endings_ratio", 0.3, lower=0.2, upper=0.5),
        row("littles_law_load_ratio", 1.6, lower=0.9, upper=2.4),
        row("littles_law_age_ratio", None),
    ]
    told = build("checkout", "30d", STEPS, rows)
    printed = "averages  " in text(told), "does not hold: items are left lying" in text(told)
    assert (told.littles_law.failing, printed) == (("endings",), (True, True))


@pytest.mark.parametrize("name", CONDITIONS)
def test_every_condition_has_its_words(name: str) -> None:
    """Whichever fails can be told."""
    told = text(build("checkout", "30d", STEPS, [row(f"littles_law_{name}_ratio", 3.0, lower=2.0, upper=4.0)]))
    assert "Little's law does not hold: " in told


def test_no_warning_where_the_law_holds_or_nobody_can_tell() -> None:
    """Nothing is said of averages."""
    held = build("checkout", "30d", STEPS, [row("littles_law_ratio", 1.0), row("littles_law_load_ratio", 1.1)])
    assert ["averages  " in text(each) for each in (held, build("checkout", "30d", STEPS, []))] == [False, False]
