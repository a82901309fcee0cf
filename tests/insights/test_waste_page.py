"""The page on the waste ledger says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from insights.waste.rules import RULES
from tests.builders.waste_cases import case, stay, told

PAGE = Path(__file__).parents[2] / "docs" / "waste.md"


def test_the_page_has_every_rule_in_its_order() -> None:
    """With its category and meaning."""
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (.*) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert rows == [(rule.name, rule.category.value, rule.meaning) for rule in RULES]


def test_the_worked_example_holds() -> None:
    """As it stands on the page."""
    (example,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    exec(example, {"case": case, "stay": stay, "told": told})  # noqa: S102 - our own page
    assert "assert told(" in example
