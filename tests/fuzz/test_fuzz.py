"""A short, seeded run over everything that is fuzzed; `make fuzz` is the long one, led by what the code does."""

from __future__ import annotations

from random import Random
from typing import Final

import pytest

from tests.fuzz.mutations import mutated
from tests.fuzz.targets import TARGETS, seeds_of

EACH: Final = 150
"""So many changed inputs a target."""


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_are_read(name: str) -> None:
    """What a tool sends, and what once broke something, breaks nothing."""
    for seed in seeds_of(name):
        TARGETS[name].run(seed)


@pytest.mark.parametrize("name", TARGETS)
def test_changed_seeds_are_read_or_refused_by_name(name: str) -> None:
    """Whatever is changed of an input, no error comes out that has no name."""
    chance, seeds = Random(name), list(seeds_of(name))
    for _ in range(EACH):
        data = mutated(chance.choice(seeds), chance)
        try:
            TARGETS[name].run(data)
        except Exception as error:
            error.add_note(f"the input was {data!r}")
            raise
