from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab import spill
from lab.samples import Samples
from lab.spill import Timeline

lines = st.lists(st.tuples(st.integers(0, 999), st.binary(max_size=8)), max_size=60)


@given(lines, st.integers(1, 200), st.integers(1, 20))
@settings(max_examples=40, deadline=None)
def test_a_timeline_gives_everything_back_in_the_order_of_time(
    put: list[tuple[int, bytes]], width: int, held: int
) -> None:
    """Spilled or not, whatever the slices: sorted by time, equal times as they were put."""
    with tempfile.TemporaryDirectory() as directory:
        timeline = Timeline(Path(directory), 0, width, held)
        for at, line in put:
            timeline.put(at, line)

        drained = list(timeline.drain(None))

    assert drained == [line for _, line in sorted(put, key=lambda pair: pair[0])]


def test_draining_stops_before_what_may_still_come(tmp_path: Path) -> None:
    """Only whole slices that end by the frontier are given back."""
    timeline = Timeline(tmp_path, 0, 10)
    timeline.put(5, b"early")
    timeline.put(25, b"late")

    assert list(timeline.drain(25)) == [b"early"]


def test_what_was_drained_takes_nothing_more(tmp_path: Path) -> None:
    """A line that comes too late would break the order: it is refused."""
    timeline = Timeline(tmp_path, 0, 10)
    list(timeline.drain(20))

    with pytest.raises(ValueError, match="drained already"):
        timeline.put(15, b"too late")


def test_no_more_is_held_in_memory_than_was_allowed(tmp_path: Path) -> None:
    """The rest lies in files, a slice each, and goes as it is drained."""
    timeline = Timeline(tmp_path, 0, 10)
    for at in range(3 * spill.IN_MEMORY):
        timeline.put(at % 100, b"x")

    kept = (len(list(tmp_path.iterdir())), sum(1 for _ in timeline.drain(None)), len(list(tmp_path.iterdir())))

    assert kept == (10, 3 * spill.IN_MEMORY, 0)


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=50))
@settings(max_examples=30, deadline=None)
def test_quantiles_are_of_the_samples_themselves(values: list[int]) -> None:
    """The q-quantile is the value at rank ceil(q n)."""
    samples = Samples()
    for value in values:
        samples.add(value)

    found = samples.quantiles()
    samples.close()

    assert found.p85 == sorted(values)[max(1, -(-len(values) * 85 // 100)) - 1]


def test_an_unknown_duration_is_no_sample() -> None:
    """Unknown is left out; of nothing, nothing is known."""
    samples = Samples()
    samples.add(None)

    found = samples.quantiles()
    samples.close()

    assert (found.n, found.p50, found.mean) == (0, None, None)
