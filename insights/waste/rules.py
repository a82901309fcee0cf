"""Which time is which waste, and by which evidence; the order of `RULES` is the order in which they are asked; pure.

A rule claims spans of the item's time. A piece of flow time goes to the first rule that claims it; what no rule claims
is unaccounted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Final

from msgspec import Struct

from insights.waste import defects, releases, work
from insights.waste.case import Case
from insights.waste.claims import Claim


class Category(StrEnum):
    """What a piece of flow time is: value-adding, a waste (DOWNTIME), or unaccounted."""

    VALUE_ADDING = "value_adding"
    DEFECTS = "defects"
    OVERPRODUCTION = "overproduction"
    WAITING = "waiting"
    NON_USED_TALENT = "non_used_talent"
    TRANSPORTATION = "transportation"
    INVENTORY = "inventory"
    MOTION = "motion"
    EXTRA_PROCESSING = "extra_processing"
    UNACCOUNTED = "unaccounted"


WASTES: Final = tuple(c for c in Category if c not in {Category.VALUE_ADDING, Category.UNACCOUNTED})
"""The eight."""


class Rule(Struct, frozen=True):
    """One rule. `name` is the evidence that a piece carries, `meaning` what it says in a sentence."""

    name: str
    category: Category
    claims: Callable[[Case], Iterable[Claim]]
    meaning: str


RULES: Final = (
    Rule(
        "rerun", Category.EXTRA_PROCESSING, work.reruns,
        "a run after another of the same step on the same commit: another attempt of it, or the same pipeline again",
    ),
    Rule(
        "rework", Category.DEFECTS, defects.reworks,
        "a further visit to a step after an earlier one was judged not complete and accurate, was sent back, or failed",
    ),
    Rule(
        "repair", Category.DEFECTS, defects.repairs,
        "from a run that failed to the next run of the step, where nothing else is known of the time",
    ),
    Rule(
        "failed_deployment", Category.DEFECTS, defects.failed_deployments,
        "from the finish of a failed production deployment that carries a change of the item to its recovery",
    ),
    Rule(
        "abandoned", Category.OVERPRODUCTION, releases.abandoned,
        "work on what was closed unmerged",
    ),
    Rule(
        "unreleased", Category.OVERPRODUCTION, releases.unreleased,
        "work on a merged change that production was deployed without since, and the time that it has lain there",
    ),
    Rule(
        "elsewhere", Category.MOTION, work.elsewhere,
        "active time of a visit in which whoever works on the item worked on another one, and nobody else on this",
    ),
    Rule(
        "manual", Category.NON_USED_TALENT, work.manual,
        "active time of a visit that a human started in a step marked `automatable`",
    ),
    Rule(
        "crowded", Category.INVENTORY, work.crowded,
        "wait in a step while more was in it than its `wip_limit`",
    ),
    Rule(
        "handed_over", Category.TRANSPORTATION, work.handed_over,
        "gap and wait of a visit to a step of another `owner` than the step before it",
    ),
    Rule("blocked", Category.WAITING, work.blocked, "flagged blocked"),
    Rule("between_steps", Category.WAITING, work.between_steps, "from the finish before to the queue of the next step"),
    Rule("queued", Category.WAITING, work.queued, "from queued to started: reviewers, approvals, environments"),
    Rule(
        "no_value", Category.EXTRA_PROCESSING, work.without_value,
        "active time of a visit to a step that adds no value",
    ),
    Rule("value", Category.VALUE_ADDING, work.adding_value, "active time of a visit to a step that adds value"),
)  # fmt: skip
"""In the order in which they are asked: first what is told of this very time, last what is said of the whole step."""
