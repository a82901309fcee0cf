"""Every metric has its page, and the worked example on it is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from metrics import METRICS
from metrics.reading import MINIMUM_N
from tests.builders import measured as builders

PAGES = Path(__file__).parents[2] / "docs" / "metrics"
NAMES = [metric.name for metric in METRICS]
SECTIONS = ("Unit", "Statistic", "Window", "n", "Smallest n", "Interval", "Empty case", "Completeness", "Source")


def page(name: str) -> str:
    """The text of a metric's page."""
    return (PAGES / f"{name}.md").read_text()


@pytest.mark.parametrize("name", NAMES)
def test_the_worked_example_is_true(name: str) -> None:
    """The example on the page runs, speaks of its metric and asserts something."""
    (example,) = re.findall(r"## Worked example\n\n```python\n(.*?)```", page(name), re.DOTALL)
    exec(compile(example, f"{name}.md", "exec"), dict(vars(builders)))  # noqa: S102 - our own documentation
    assert (f'measured("{name}"' in example, "assert " in example) == (True, True)


@pytest.mark.parametrize("name", NAMES)
def test_the_page_says_everything(name: str) -> None:
    """Name, unit, statistic, window, n, interval, empty case, completeness, source and formula are all there."""
    text = page(name)
    missing = [section for section in SECTIONS if not re.search(rf"^\| {section} \| \S", text, re.MULTILINE)]
    assert (text.splitlines()[0], missing, "## Formula" in text) == (f"# `vsm_{name}`", [], True)


def test_there_is_a_page_for_each_metric_and_for_nothing_else() -> None:
    """The folder holds the metrics' pages, the index and the page on intervals."""
    assert {path.stem for path in PAGES.glob("*.md")} == {*NAMES, "index", "intervals"}


def test_the_index_names_every_page() -> None:
    """The index links each page once."""
    linked = re.findall(r"\]\((\w+)\.md\)", page("index"))
    assert sorted(linked) == sorted([*NAMES, "intervals"])


def test_names_are_unique() -> None:
    """A metric stands once in the list."""
    assert len(set(NAMES)) == len(NAMES)


def test_the_index_says_the_smallest_n() -> None:
    """The smallest n of the code is the one the documentation states."""
    assert (MINIMUM_N, "five" in page("index")) == (5, True)
