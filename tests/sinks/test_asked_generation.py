"""A running sink is asked for a generation by a file, and shows it with nothing restarted."""

from __future__ import annotations

from pathlib import Path

from sinks.asked_generation import ask_drops, ask_generation, asked_drops, asked_generation, dropped


def test_nothing_is_asked_without_a_file(tmp_path: Path) -> None:
    """A directory in which nobody asked, as on a cluster, asks for none."""
    assert asked_generation(tmp_path) == 0


def test_the_last_that_was_asked_for_counts(tmp_path: Path) -> None:
    """Going back asks for a lower generation."""
    ask_generation(tmp_path, 3)
    ask_generation(tmp_path, 2)
    assert asked_generation(tmp_path) == 2


def test_drops_are_asked_for_until_they_are_done(tmp_path: Path) -> None:
    """What is to be dropped stands in the directory until it is gone."""
    before = asked_drops(tmp_path)
    ask_drops(tmp_path, [2, 5])
    asked = asked_drops(tmp_path)
    dropped(tmp_path)
    assert (before, asked, asked_drops(tmp_path)) == ((), (2, 5), ())
