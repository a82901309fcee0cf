"""The generated parts of `dialects.md`: where each dialect stands, and what all say of the worked week."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from docs.parts import with_parts
from insights.dialects.answer import Question
from insights.dialects.catalogue import DIALECTS
from insights.dialects.comparison import compared
from insights.dialects.text import markdown
from tests.builders.dialect_histories import week

PAGE: Final = Path(__file__).parent / "dialects.md"


def dialects_page() -> str:
    """Return the page with its generated parts written anew. Raises ValueError where a part has no place."""
    return with_parts(PAGE.read_text(encoding="utf-8"), {"positions": positions(), "week": said_of_the_week()})


def positions() -> str:
    """Return the dialects with their sources, and a line for each question that one answers."""
    rows = ["| dialect | version | what it is |", "|---|---|---|"]
    rows += [f"| [{each.name}]({each.source}) | {each.version} | {each.summary} |" for each in DIALECTS]
    rows += ["", "| question | dialect | position | exactly |", "|---|---|---|---|"]
    for question in Question:
        alike: dict[str, tuple[str, list[str]]] = {}
        for dialect in DIALECTS:
            if (asking := dialect.asking(question)) is not None:
                exactly = (asking.answer.__doc__ or "").strip().split("\n", maxsplit=1)[0]
                alike.setdefault(exactly, (asking.says, []))[1].append(dialect.name)
        rows += [
            f"| `{question.value}` | {', '.join(who)} | {says} | {exactly} |" for exactly, (says, who) in alike.items()
        ]
    return "\n".join(rows)


def said_of_the_week() -> str:
    """Return every dialect's answers of the worked week, a table a question."""
    _, _, tables = markdown(compared(week(), "7d")).partition("\n\n")
    return tables.replace("\n## ", "\n### ").replace("## ", "### ", 1).rstrip()
