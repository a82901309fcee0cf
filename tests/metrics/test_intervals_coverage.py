"""The intervals hold the truth as often as they say: seeded samples of known laws through the real answers."""

from __future__ import annotations

import pytest

from bench.coverage_laws import (
    Trial,
    coverage,
    exponential,
    lognormal,
    of_batches,
    of_counts,
    of_durations,
    of_products,
    of_ratios,
    of_releases,
    of_shares,
)

TRIALS = [
    pytest.param(of_durations(lognormal(0.3)), id="lognormal 0.3"),
    pytest.param(of_durations(lognormal(1.0)), id="lognormal 1.0"),
    pytest.param(of_durations(exponential), id="exponential"),
    pytest.param(of_batches, id="batch sizes"),
    pytest.param(of_ratios((1.0, 0.5), (2.7, 0.8)), id="ratio"),
    pytest.param(of_counts, id="counts"),
    pytest.param(of_shares, id="shares"),
    pytest.param(of_products(4), id="product"),
]


@pytest.mark.parametrize("n", [10, 100])
@pytest.mark.parametrize("trial", TRIALS)
def test_intervals_hold_the_truth_about_nineteen_times_in_twenty(trial: Trial, n: int) -> None:
    """Each in 91.5 to 98 % of a thousand samples: 93 to 97 %, and two standard errors of a thousand."""
    found = coverage(trial, n, rounds=1_000, seed=7)
    assert {what: share for what, share in found.items() if not 0.915 <= share <= 0.98} == {}


def test_intervals_of_what_was_released_together_hold_the_truth_too_seldom() -> None:
    """The documented limit: fifteen items a release are far fewer than fifteen independent ones."""
    found = coverage(of_releases(15), 100, rounds=300, seed=7)
    assert (found["p50"] < 0.9, found["mean"] < 0.9) == (True, True)
