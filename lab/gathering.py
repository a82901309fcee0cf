"""Everything that stands behind the numbers of a run, gathered from its entities one by one: samples, shares, counts.

Gathered runs can be put together, so that many runs say what the planted process does in the long run.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from msgspec import Struct, field

from lab.organisation import DAY, ENVIRONMENTS
from lab.sending import MICROS
from lab.truth import TrueChange, TrueDeployment, TrueItem, Truth

KINDS: Final = ("feature", "defect", "risk", "debt")
PRODUCTION: Final = ENVIRONMENTS[-1]


class Place(NamedTuple):
    """What a number is about: everything that names its series but the statistic."""

    value_stream: str
    metric: str
    step: str = ""
    kind: str = ""
    environment: str = ""
    service: str = ""


class Gathered(Struct):
    """Samples in their own unit; shares and ratios as (part, whole, things behind them); counts; what is so now."""

    runs: int = 1
    samples: dict[Place, list[float]] = field(default_factory=dict)
    ratios: dict[Place, tuple[float, float, int]] = field(default_factory=dict)
    counts: dict[Place, float] = field(default_factory=dict)
    now: dict[Place, float | None] = field(default_factory=dict)

    def sample(self, place: Place, value: float | None) -> None:
        """Add a value to a place's; an unknown one only makes sure that the place is known."""
        values = self.samples.setdefault(place, [])
        if value is not None:
            values.append(value)

    def part(self, place: Place, part: float, whole: float = 1) -> None:
        """Add one thing's part and whole to a ratio."""
        before = self.ratios.get(place, (0, 0, 0))
        self.ratios[place] = (before[0] + part, before[1] + whole, before[2] + 1)

    def count(self, place: Place, times: int = 1) -> None:
        """Count something."""
        self.counts[place] = self.counts.get(place, 0) + times

    def add(self, other: Gathered) -> None:
        """Put another run's beside these."""
        self.runs += other.runs
        for place, values in other.samples.items():
            self.samples.setdefault(place, []).extend(values)
        for place, (part, whole, n) in other.ratios.items():
            mine = self.ratios.get(place, (0, 0, 0))
            self.ratios[place] = (mine[0] + part, mine[1] + whole, mine[2] + n)
        for place, times in other.counts.items():
            self.counts[place] = self.counts.get(place, 0) + times


def gathered(truth: Truth) -> Gathered:
    """Return what stands behind every number of a run, as it is at the run's end."""
    found = Gathered()
    for item in truth.items:
        _item(found, item, truth.end_micros)
        _visits(found, item, truth.end_micros)
    for change in truth.changes:
        _change(found, change, truth)
    for deployment in truth.deployments:
        _deployment(found, deployment)
    for days in _days(truth):
        found.part(*days)
    return found


def _visits(found: Gathered, item: TrueItem, end: int) -> None:
    stream = item.value_stream
    for visit in item.visits:
        if not visit.counted:
            continue
        begun = visit.started_at if visit.queued_at is None else visit.queued_at
        for kind in ("", *(k for k in KINDS if k == visit.kind)):

            def at(metric: str, step: str = visit.step, kind: str = kind) -> Place:
                return Place(stream, metric, step, kind)

            if begun is not None:
                found.count(at("step_arrivals"))
                if visit.finished_at is None:
                    found.sample(at("step_age_seconds"), (end - begun) / MICROS)
            if visit.finished_at is None:
                continue
            found.count(at("step_completions"))
            found.part(at("step_complete_accurate_ratio"), not visit.returned)
            for name in ("process", "wait", "lead"):
                found.sample(at(f"step_{name}_seconds"), getattr(visit, f"{name}_seconds"))
                found.sample(at(f"step_{name}_working_seconds"), getattr(visit, f"{name}_working_seconds"))


def _item(found: Gathered, item: TrueItem, end: int) -> None:
    for kind in ("", *(k for k in KINDS if k == item.kind)):

        def at(metric: str, kind: str = kind) -> Place:
            return Place(item.value_stream, metric, kind=kind)

        if item.started_at is not None:
            found.count(at("flow_arrivals"))
        if item.started_at is not None and item.finished_at is None:
            found.sample(at("flow_age_seconds"), (end - item.started_at) / MICROS)
        if item.finished_at is None or item.started_at is None:
            continue
        found.count(at("flow_velocity"))
        found.sample(at("flow_time_seconds"), (item.finished_at - item.started_at) / MICROS)
        found.sample(at("flow_time_working_seconds"), item.flow_working_seconds)
        found.sample(at("flow_effort_seconds"), item.effort_seconds)
        if item.process_seconds is not None:
            charged = item.process_seconds + (item.wait_seconds or 0)
            found.part(at("flow_efficiency_ratio"), item.process_seconds, charged)
            ordered = min(item.started_at, item.started_at if item.created_at is None else item.created_at)
            found.part(at("activity_ratio"), item.process_seconds, (item.finished_at - ordered) / MICROS)
    if item.finished_at is not None and item.kind in KINDS:
        for kind in KINDS:
            found.part(Place(item.value_stream, "flow_distribution_ratio", kind=kind), item.kind == kind)


def _change(found: Gathered, change: TrueChange, truth: Truth) -> None:
    if change.deployed_at is None or change.left_censored:
        return
    service = next(d.service for d in truth.deployments if d.deployment_id == change.deployment_id)
    instants = (
        change.first_commit_at, change.opened_at, change.first_reviewed_at, change.merged_at, change.deployed_at,
    )  # fmt: skip
    names = ("coding", "pickup", "review", "deploy")
    for of in ("", service):

        def at(metric: str, of: str = of) -> Place:
            return Place(change.value_stream, metric, environment=PRODUCTION, service=of)

        if change.first_commit_at is not None:
            found.sample(at("change_lead_time_seconds"), (change.deployed_at - change.first_commit_at) / MICROS)
        for name, begin, until in zip(names, instants[:-1], instants[1:], strict=True):
            known = None if begin is None or until is None or until < begin else (until - begin) / MICROS
            found.sample(at(f"change_{name}_seconds"), known)


def _deployment(found: Gathered, one: TrueDeployment) -> None:
    if one.finished_at is None:
        return
    for of in ("", one.service) if one.environment == PRODUCTION else ("",):

        def at(metric: str, of: str = of) -> Place:
            return Place(one.value_stream, metric, environment=one.environment, service=of)

        if one.outcome == "success":
            found.count(at("deployment_frequency_per_day"))
            found.sample(at("deployment_batch_size"), len(one.change_ids))
        if one.environment == PRODUCTION:
            found.part(at("change_fail_ratio"), one.failed)
            found.part(at("deployment_rework_ratio"), one.is_rework)
            if one.failed and one.recovered_at is not None:
                recovery = (one.recovered_at - one.finished_at) / MICROS
                found.sample(at("failed_deployment_recovery_seconds"), recovery)


def _days(truth: Truth) -> Iterator[tuple[Place, float, float]]:
    """Yield, for each series, on how many days there was a successful deployment."""
    days: dict[Place, set[int]] = {}
    for one in truth.deployments:
        for of in ("", one.service) if one.environment == PRODUCTION else ("",):
            if one.outcome == "success" and one.finished_at is not None:
                place = Place(one.value_stream, "deployment_days_ratio", environment=one.environment, service=of)
                days.setdefault(place, set()).add(one.finished_at // (DAY * MICROS))
    return ((place, len(those), 1) for place, those in days.items())
