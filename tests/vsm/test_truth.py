"""What `make truth` keeps and shows."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from lab.scenarios import SCENARIOS
from lab.score_links import METHODS
from metrics import METRICS
from vsm.truth.page import page
from vsm.truth.scores import Scores, scores

KEPT = Path("lab/score.json")


@pytest.fixture(scope="module")
def kept() -> Scores:
    """The scores as they are committed."""
    return msgspec.json.decode(KEPT.read_bytes(), type=Scores)


def test_the_kept_scores_are_of_many_seeds(kept: Scores) -> None:
    """One seed proves nothing."""
    assert kept.seeds >= 3


def test_the_kept_scores_know_every_method_of_linking(kept: Scores) -> None:
    """Precision and recall of each."""
    assert [name for name in METHODS if kept.links[name].precision is None or kept.links[name].recall is None] == []


def test_the_kept_scores_know_how_far_metrics_are_off(kept: Scores) -> None:
    """No name that is not a metric's, and most of those that are."""
    names = {metric.name for metric in METRICS}

    assert (kept.metrics.keys() - names, len(kept.metrics) > len(names) / 2) == (set(), True)


def test_the_kept_ratios_are_shares(kept: Scores) -> None:
    """Of intervals, and of announcements."""
    ratios = (kept.interval_coverage_ratio, kept.constraint_found_ratio, kept.constraint_false_ratio)

    assert [ratio for ratio in ratios if ratio is None or not 0 <= ratio <= 1] == []


def test_the_kept_false_ratio_is_the_worse_of_its_populations(kept: Scores) -> None:
    """A bar that is held on it is held on streams in balance and on constrained ones."""
    both = (kept.constraint_false_balanced_ratio, kept.constraint_false_constrained_ratio)

    assert kept.constraint_false_ratio == max(ratio for ratio in both if ratio is not None)


def test_the_kept_scores_compare_every_metric_that_they_know(kept: Scores) -> None:
    """A metric with a true value was compared with it at least once."""
    assert [name for name, one in kept.metrics.items() if not one.compared] == []


def test_the_kept_scores_are_of_every_scenario(kept: Scores) -> None:
    """Streams of each had a word said on their constraint."""
    assert {name for name, one in kept.constraint.items() if one.of} == {scenario.name for scenario in SCENARIOS}


def test_the_page_is_made_of_the_kept_scores(kept: Scores) -> None:
    """Nobody writes it by hand."""
    assert Path("docs/truth.md").read_text(encoding="utf-8") == page(kept)


def test_of_no_runs_everything_is_unknown() -> None:
    """The empty case: no ratio is 0."""
    empty = scores([], 0)

    assert (empty.interval_coverage_ratio, empty.constraint_found_ratio, empty.completeness_error) == (None, None, None)
