"""The sums of an item's waste that are made without its pieces: they are what its ledger comes to."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from msgspec.structs import replace

from insights.waste.case import Case
from insights.waste.ledger import ledger
from insights.waste.stretches import Stretches
from insights.waste.tally import tally
from tests.builders.waste_cases import cases
from tests.insights.test_waste_ledger import EXAMPLES


def _of_pieces(of: Case) -> dict[tuple[str, str], int]:
    """Return the ledger's pieces summed by step and rule."""
    found = Counter[tuple[str, str]]()
    for piece in ledger(of):
        found[piece.step, piece.rule] += piece.micros
    return dict(found)


def _of_tally(of: Case) -> dict[tuple[str, str], int]:
    found = Counter[tuple[str, str]]()
    for entry in tally(of):
        found[entry.step, entry.rule] += entry.micros
    return dict(found)


@given(cases(in_order=True))
@settings(max_examples=200, deadline=None)
def test_the_sums_are_those_of_the_pieces(drawn: Case) -> None:
    """To the microsecond, by step and rule, whatever visits overlap and whatever else is known."""
    assert _of_tally(drawn) == _of_pieces(drawn)


@given(cases())
@settings(max_examples=100, deadline=None)
def test_boundaries_in_no_order_change_nothing_about_it(drawn: Case) -> None:
    """As skewed clocks make them."""
    assert _of_tally(drawn) == _of_pieces(drawn)


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_every_rule_has_the_same_time(example: tuple[Case, list[object]]) -> None:
    """In the example that stands for it."""
    assert _of_tally(example[0]) == _of_pieces(example[0])


@given(cases(in_order=True))
@settings(max_examples=50, deadline=None)
def test_no_ledger_is_needed_where_boundaries_are_in_order(drawn: Case) -> None:
    """All visits are told without it."""
    assert Stretches(drawn).gather()


def test_who_never_began_took_no_time() -> None:
    """And has no sums."""
    of = EXAMPLES["value"][0]
    assert tally(replace(of, item=replace(of.item, started_at=None))) == []
