"""A running sink is asked for a generation by a file, and shows it with nothing restarted."""

from __future__ import annotations

from pathlib import Path

from sinks.asked_generation import ask_generation, asked_generation


def test_nothing_is_asked_without_a_file(tmp_path: Path) -> None:
    """A directory in which nobody asked, as on a cluster, asks for none."""
    assert asked_generation(tmp_path) == 0


def test_the_last_that_was_asked_for_counts(tmp_path: Path) -> None:
    """Going back asks for a lower generation."""
    ask_generation(tmp_path, 3)
    ask_generation(tmp_path, 2)
    assert asked_generation(tmp_path) == 2
