"""Open work against what was finished: percentiles, expectations, and the probability that they are broken."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.ageing.expectations import Finished, Source, Verdict, standing, targeted
from tests.builders import open_items
from tests.builders.open_items import HOUR, aged, finished, stream

PAGE = Path(__file__).parents[2] / "docs" / "objectives.md"
TEN = finished(*range(1, 11))
DURATIONS = st.lists(st.integers(0, 50), max_size=40)


@pytest.mark.parametrize(
    ("age", "target", "verdict", "breaking", "n"),
    [
        (0, "8h", Verdict.FINE, 0.2, 10),  # of ten, two took longer than 8 hours
        (4, "8h", Verdict.FINE, 2 / 6, 6),  # of the six that took longer than 4 hours, two
        (4, "6h", Verdict.AT_RISK, 4 / 6, 6),
        (5, "8h", Verdict.FINE, 2 / 5, 5),
        (6, "8h", Verdict.UNKNOWN, None, 4),  # four took longer than 6 hours: too few
        (8, "8h", Verdict.UNKNOWN, None, 2),
        (9, "8h", Verdict.BROKEN, None, 1),
    ],
)
def test_the_risk_is_that_of_what_had_reached_the_same_age(
    age: int, target: str, verdict: Verdict, breaking: float | None, n: int
) -> None:
    """P(T > expectation | T > age), with its n, unknown below five; beyond the expectation it is broken."""
    found = standing(age * HOUR, TEN, targeted({"flow_time_p85": target}, "flow_time"))
    assert found.breaking is not None
    assert (found.verdict, found.breaking.value, found.breaking.n) == (verdict, breaking, n)


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        ({"flow_time_p50": "1h", "flow_time_p85": "1.5d", "flow_time_p95": "1w"}, (85, 129_600.0, Source.TARGET)),
        ({"flow_time_p50": "90m"}, (50, 5_400.0, Source.TARGET)),
        ({"Review.lead_p85": "4h"}, (85, 9 * 3_600.0, Source.OBSERVED)),
        ({}, (85, 9 * 3_600.0, Source.OBSERVED)),
    ],
)
def test_the_expectation_is_the_target_or_what_was_observed(
    targets: dict[str, str], expected: tuple[int, float, Source]
) -> None:
    """The 85th percentile's target before others; where none is set, the 85th percentile of what was finished."""
    found = stream([], TEN, targets=targets).expectation
    assert found is not None
    assert (found.quantile, found.seconds, found.source) == expected


def test_without_target_and_past_nothing_is_expected() -> None:
    """Four finished items are too few: age is told, and no more."""
    found = stream([aged("a", 5)], finished(1, 2, 3, 4))
    of = found.items[0].standing
    assert (found.expectation, of.age_seconds, of.faster.value, of.faster.n, of.left_seconds, of.verdict) == (
        None, 5 * 3_600, None, 4, None, Verdict.UNKNOWN,
    )  # fmt: skip


def test_the_one_at_most_risk_comes_first() -> None:
    """The broken by their age, then by probability, and last those of which it is unknown."""
    ages = {"young": 1, "late": 30, "risky": 14.5, "later": 40, "old": 12.5, "unknown": 17.5}
    found = stream([aged(*each) for each in ages.items()], finished(*range(1, 21)), targets={"flow_time_p85": "19h"})
    names = [item.item_id for item in found.items]
    assert names == ["later", "late", "risky", "old", "young", "unknown"]


def test_an_items_steps_stand_against_their_own_past() -> None:
    """The share of the step's finished visits that were faster, and its target for the lead time."""
    item = aged("a", 9, ("Review", 4), ("Build", 1))
    targets = {"Review.lead_p85": "3h"}
    steps = stream([item], TEN, {"Review": TEN}, targets).items[0].steps
    found = [(s.step, s.standing.faster.value, s.standing.left_seconds, s.standing.verdict) for s in steps]
    assert found == [("Review", 0.3, -3_600, Verdict.BROKEN), ("Build", None, None, Verdict.UNKNOWN)]


@given(DURATIONS, st.integers(0, 60), st.integers(0, 60))
def test_the_ratios_are_those_of_the_plain_definition(durations: list[int], age: int, expected: int) -> None:
    """Counted one by one; the bounds hold them."""
    found = Finished(durations)
    older = [each for each in durations if each > age]
    hits = sum(each > expected for each in older)
    breaking, faster = found.breaking(age, expected), found.faster(age)
    plain = (hits / len(older) if len(older) >= 5 else None, len(older), len(durations))
    assert (breaking.value, breaking.n, faster.n) == plain
    assert breaking.value is None or (breaking.lower or 0) <= breaking.value <= (breaking.upper or 0)


@given(DURATIONS, st.lists(st.integers(0, 60), min_size=2, max_size=2), st.integers(0, 60))
def test_risk_only_grows_with_age(durations: list[int], ages: list[int], expected: int) -> None:
    """Who has waited longer is no safer."""
    younger, older = (Finished(durations).breaking(age, expected).value for age in sorted(ages))
    assert younger is None or older is None or younger <= older


def test_the_worked_example_holds() -> None:
    """As it stands on the page."""
    (example,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    exec(example, {**vars(open_items), "Verdict": Verdict})  # noqa: S102 - our own page
    assert "assert" in example
