"""Every dialect there is, and how one is asked; pure."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from insights.dialects.answer import Answer, Asking, Dialect, Question
from insights.dialects.datadog import DATADOG
from insights.dialects.devlake import DEVLAKE_2021, DEVLAKE_2023
from insights.dialects.dora import DORA_2021, DORA_2023, DORA_2024
from insights.dialects.flow_framework import FLOW_FRAMEWORK
from insights.dialects.four_keys import FOUR_KEYS
from insights.dialects.gitlab import GITLAB
from insights.dialects.history import History
from insights.dialects.middleware import MIDDLEWARE
from insights.explain.naming import Unasked

DIALECTS: Final = (
    DORA_2021, DORA_2023, DORA_2024, DEVLAKE_2021, DEVLAKE_2023, FOUR_KEYS, GITLAB, MIDDLEWARE, DATADOG, FLOW_FRAMEWORK,
)  # fmt: skip
"""In the order in which they are shown."""

_UNITS: Final = ("", "_seconds", "_ratio", "_per_day")
_PREFIX: Final = "vsm_"


class UnknownDialect(Unasked):
    """There is no such dialect, or it does not answer the question; says what there is."""


def dialect_named(name: str) -> Dialect:
    """Return the dialect of a name. Raises UnknownDialect."""
    bare = name.strip().lower().replace("_", "-")
    for dialect in DIALECTS:
        if dialect.name == bare:
            return dialect
    raise UnknownDialect(f"there is no dialect '{name}'{_near(bare, [each.name for each in DIALECTS])}")


def asking_named(dialect: Dialect, metric: str) -> Asking:
    """Return how a dialect answers a metric, named with or without `vsm_` and its unit. Raises UnknownDialect."""
    bare = metric.strip().lower().replace("-", "_").removeprefix(_PREFIX)
    for question in Question:
        if question.value in {bare + unit for unit in _UNITS}:
            if (asking := dialect.asking(question)) is not None:
                return asking
            break
    known = ", ".join(each.question.value for each in dialect.askings)
    raise UnknownDialect(f"{dialect.name} does not answer '{metric}'; it answers: {known}")


def dialect_answer(history: History, dialect: str, metric: str) -> Answer:
    """Return what a dialect says of a metric. Raises UnknownDialect for either name."""
    return asking_named(dialect_named(dialect), metric).answer(history)


def _near(name: str, names: Iterable[str]) -> str:
    known = list(names)
    close = get_close_matches(name, known, n=3, cutoff=0.5) or [each for each in known if name and name in each][:3]
    return f": did you mean {', '.join(close)}?" if close else f"; known: {', '.join(known)}"
