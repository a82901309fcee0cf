"""What a dialect says: an answer, the things behind it with their parts, and those left out; pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

from msgspec import Struct

from insights.dialects.history import History

MICROS: Final = 1_000_000


class Question(StrEnum):
    """What is asked, by the name of the metric that answers it in the house's own definition."""

    LEAD_TIME = "change_lead_time_seconds"
    FREQUENCY = "deployment_frequency_per_day"
    FAIL_RATE = "change_fail_ratio"
    RECOVERY = "failed_deployment_recovery_seconds"
    REWORK = "deployment_rework_ratio"
    FLOW_VELOCITY = "flow_velocity"
    FLOW_TIME = "flow_time_seconds"
    FLOW_EFFICIENCY = "flow_efficiency_ratio"
    FLOW_LOAD = "flow_load"
    FLOW_DISTRIBUTION = "flow_distribution_ratio"


class Unit(StrEnum):
    """What a value counts."""

    SECONDS = "seconds"
    PER_DAY = "per day"
    DAYS_PER_WEEK = "days per week"
    RATIO = "ratio"
    ITEMS = "items"


class Part(Struct, frozen=True, kw_only=True):
    """One thing behind an answer: what it adds, and its own parts (None: unknown)."""

    item_id: str
    value: float | None = None
    parts: Mapping[str, float | None] = {}


class LeftOut(Struct, frozen=True, kw_only=True):
    """One thing that the dialect does not count, and why."""

    item_id: str
    reason: str


class Answer(Struct, frozen=True, kw_only=True):
    """A value (None: the dialect says nothing), what it counts, and of how many things by which statistic.

    `beside` are further values that the dialect tells with it.
    """

    value: float | None
    unit: Unit
    n: int
    statistic: str
    items: tuple[Part, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    beside: Mapping[str, float | None] = {}


class Asking(Struct, frozen=True):
    """A question that a dialect answers: how, and in a few words where it stands."""

    question: Question
    answer: Callable[[History], Answer]
    says: str


class Dialect(Struct, frozen=True, kw_only=True):
    """A named, versioned set of definitions; `source` is where it was read."""

    name: str
    version: str
    summary: str
    source: str
    askings: tuple[Asking, ...]

    def asking(self, question: Question) -> Asking | None:
        """Return how it answers a question, None if it does not."""
        return next((each for each in self.askings if each.question is question), None)


def seconds(micros: int | None) -> float | None:
    """Return microseconds as seconds; unknown stays unknown."""
    return None if micros is None else micros / MICROS


def span(start: int | None, end: int | None) -> int | None:
    """Return the time from one instant to a later one; None where either is unknown or the order is wrong."""
    return None if start is None or end is None or end < start else end - start


def lead_parts(
    *,
    coding: float | None = None,
    pickup: float | None = None,
    review: float | None = None,
    deploy: float | None = None,
    of: float | None,
) -> dict[str, float | None]:
    """Return the parts of a lead time of so many seconds by name, and what of it is in none of them."""
    known = [part for part in (coding, pickup, review, deploy) if part is not None]
    return {
        "coding_seconds": coding,
        "pickup_seconds": pickup,
        "review_seconds": review,
        "deploy_seconds": deploy,
        "unaccounted_seconds": None if of is None else max(0.0, of - sum(known)),
    }
