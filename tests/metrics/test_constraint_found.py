"""A constraint planted in simulated queues is found, and none where none is: a few runs of `bench.constraint`."""

from __future__ import annotations

import pytest

from bench.constraint import BALANCED, CONSTRAINED, age_days, announced, runs

SEEDS = 20
FOUND = ("delays of 12, 56, 0.3, 3, 0.1 hours", "the slow delay moves in the middle", "load 1.3 in Verify, else 0.7")
NONE = ("delays of 20, 20, 0.3, 20, 0.1 hours", "load 0.6 in all", "load 0.7 in all, 300 items")


@pytest.mark.parametrize("stream", FOUND)
def test_a_planted_constraint_is_found(stream: str) -> None:
    """In all of twenty runs but one, be it a delay, a lack of capacity, or what has become it in the middle."""
    line, planted = CONSTRAINED[stream]
    steps = [announced(said, "90d") for said in runs(line, SEEDS)]
    assert (steps.count(planted) >= SEEDS - 1, set(steps) - {planted, None}) == (True, set())


@pytest.mark.parametrize("stream", NONE)
def test_a_stream_in_balance_has_none(stream: str) -> None:
    """In all of twenty runs but one, over both long windows."""
    steps = [(announced(said, "90d"), announced(said, "30d")) for said in runs(BALANCED[stream], SEEDS)]
    assert steps.count((None, None)) >= SEEDS - 1


def test_a_moved_constraint_is_as_old_as_its_move() -> None:
    """Within two slices: 39 days ago, give or take six."""
    line, _ = CONSTRAINED["the slow delay moves in the middle"]
    ages = [age_days(said, "90d") for said in runs(line, SEEDS)]
    assert all(33 <= age <= 45 for age in ages)
