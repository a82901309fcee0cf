"""The earliest begin of what is open, whatever comes and goes in between."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from processors.ages import Begins

INSTANTS = st.one_of(st.integers(min_value=0, max_value=20), st.integers(min_value=0, max_value=1 << 50))


@given(st.lists(st.tuples(INSTANTS, st.booleans())))
def test_the_earliest_is_that_of_a_plain_multiset(moves: list[tuple[int, bool]]) -> None:
    """Added and taken back in any order, also taken back first: what is left decides."""
    begins, plain = Begins(), Counter[int]()
    for instant, comes in moves:
        (begins.add if comes else begins.take_back)(instant)
        plain[instant] += 1 if comes else -1

    assert begins.earliest() == min((instant for instant, count in plain.items() if count > 0), default=None)


@given(st.lists(INSTANTS, min_size=1))
def test_what_is_taken_back_is_gone(instants: list[int]) -> None:
    """Nothing is left of what came and went."""
    begins = Begins()
    for instant in instants:
        begins.add(instant)
    for instant in reversed(instants):
        begins.take_back(instant)

    assert begins.earliest() is None
