"""What the waste ledger of a long-lived item costs, and the spans that keep it small."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.waste.case import Case, Failure, Span
from insights.waste.ledger import ledger
from insights.waste.spans import joined, within
from insights.waste.tally import tally
from tests.builders.waste_cases import at, case, stay
from tests.builders.work_done import instructions

INSTANTS = st.integers(0, 30)
SPANS = st.lists(st.builds(Span, INSTANTS, INSTANTS), max_size=8)


def _failed_builds(count: int) -> Case:
    """So many builds of a change, each after one that failed."""
    stays = [stay("Build", n, n + 0.1, n + 0.5, number=n + 1, outcome="failure", gap=0.1) for n in range(count)]
    return case(*stays, over=count)


def _sent_back(count: int) -> Case:
    """So many changes under one ticket, each sent back by its reviewer."""
    stays = [stay("Develop", n, n, n + 0.5, number=n + 1, subject=f"change:a/{n}", returned=True) for n in range(count)]
    return case(*stays, over=count)


def _interrupted(count: int) -> Case:
    """So many visits, whoever works on the item away as often."""
    stays = [stay("Develop", n, n, n + 0.5, number=n + 1) for n in range(count)]
    return case(*stays, over=count, elsewhere=[Span(at(n), at(n + 0.2)) for n in range(count)])


def _crowded(count: int) -> Case:
    """So many visits to a step that was as often too full."""
    stays = [stay("Verify", n, n + 0.5, n + 0.6, number=n + 1) for n in range(count)]
    return case(*stays, over=count, crowded={"Verify": [Span(at(n), at(n + 0.2)) for n in range(count)]})


def _failed_deployments(count: int) -> Case:
    """So many builds, and as many failed deployments that nothing has mended."""
    stays = [stay("Develop", n, n, n + 0.5, number=n + 1) for n in range(count)]
    return case(*stays, over=count, failures=[Failure("change:a/1", at(n), None) for n in range(count)])


@pytest.mark.parametrize("of", [_failed_builds, _sent_back, _interrupted, _crowded, _failed_deployments])
@pytest.mark.parametrize("make", [ledger, tally])
def test_a_long_life_costs_as_much_a_visit_as_a_short_one(
    of: Callable[[int], Case], make: Callable[[Case], object]
) -> None:
    """Eight times as many visits are some eight times the work, not sixty-four times."""
    few, many = of(25), of(200)
    assert instructions(lambda: make(many)) < 12 * instructions(lambda: make(few))


def _covered(spans: list[Span]) -> set[int]:
    return {instant for span in spans for instant in range(span.begin, span.until)}


@given(SPANS)
def test_joined_spans_cover_the_same_and_lie_apart(spans: list[Span]) -> None:
    """In order, with a hole before each but the first."""
    found = joined(spans)
    apart = all(before.until < after.begin for before, after in pairwise(found))
    assert (_covered(found), apart) == (_covered(spans), True)


@given(SPANS, st.builds(Span, INSTANTS, INSTANTS))
def test_what_lies_within_a_span_is_what_both_cover(spans: list[Span], span: Span) -> None:
    """Nothing of what lies outside."""
    assert _covered(list(within(span, joined(spans)))) == _covered(spans) & _covered([span])
