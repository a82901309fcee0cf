"""Everything that stands behind the numbers of a run, gathered from its entities one by one: samples, shares, counts.

Gathered runs can be put together, so that many runs say what the planted process does in the long run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from msgspec import Struct, field

from lab.organisation import DAY, ENVIRONMENTS, TARGETS
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
    targets: dict[tuple[Place, str], tuple[int, int]] = field(default_factory=dict)
    """By place and statistic: how many durations were within the target, of how many."""
    available: dict[str, float] = field(default_factory=dict)
    """By stream: seconds of a window in which work can be done."""

    def sample(self, place: Place, value: float | None) -> None:
        """Add a value to a place's; an unknown one only makes sure that the place is known."""
        values = self.samples.setdefault(place, [])
        if value is not None:
            values.append(value)

    def part(self, place: Place, part: float, whole: float = 1) -> None:
        """Add one thing's part and whole to a ratio."""
        before = self.ratios.get(place, (0, 0, 0))
        self.ratios[place] = (before[0] + part, before[1] + whole, before[2] + 1)

    def met(self, place: Place, statistic: str, *, within: bool) -> None:
        """Add a duration that has a target."""
        before = self.targets.get((place, statistic), (0, 0))
        self.targets[place, statistic] = (before[0] + within, before[1] + 1)

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
        for at, (within, of) in other.targets.items():
            before = self.targets.get(at, (0, 0))
            self.targets[at] = (before[0] + within, before[1] + of)
        self.available |= other.available


def gathered(truth: Truth) -> Gathered:
    """Return what stands behind every number of a run, as it is at the run's end."""
    found = Gathered()
    for item in truth.items:
        _item(found, item, truth.end_micros)
        _visits(found, item, truth.end_micros)
    services = {one.deployment_id: one.service for one in truth.deployments}
    for change in {one.change_id: one for one in truth.changes}.values():
        _change(found, change, services)
    _deployments(found, truth.deployments)
    found.available = {name: stream.available_seconds for name, stream in truth.streams.items()}
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

            age = None if visit.finished_at is not None or begun is None else (end - begun) / MICROS
            _open(found, at("step_work_in_progress"), at("step_oldest_age_seconds"), at("step_age_seconds"), age)
            if begun is not None:
                found.count(at("step_arrivals"))
            if visit.finished_at is None:
                continue
            found.count(at("step_completions"))
            found.part(at("step_complete_accurate_ratio"), not visit.returned)
            for name in ("process", "wait", "lead"):
                seconds, working = (getattr(visit, f"{name}{clock}_seconds") for clock in ("", "_working"))
                found.sample(at(f"step_{name}_seconds"), seconds)
                if working is not None:
                    found.sample(at(f"step_{name}_working_seconds"), working)
                _meet(found, f"{visit.step}.{name}", at(f"step_{name}_met_ratio"), seconds)


def _item(found: Gathered, item: TrueItem, end: int) -> None:
    for kind in ("", *(k for k in KINDS if k == item.kind)):

        def at(metric: str, kind: str = kind) -> Place:
            return Place(item.value_stream, metric, kind=kind)

        if item.started_at is not None:
            found.count(at("flow_arrivals"))
            age = None if item.finished_at is not None else (end - item.started_at) / MICROS
            _open(found, at("flow_load"), None, at("flow_age_seconds"), age)
        if item.finished_at is None or item.started_at is None:
            continue
        found.count(at("flow_velocity"))
        seconds = (item.finished_at - item.started_at) / MICROS
        found.sample(at("flow_time_seconds"), seconds)
        _meet(found, "flow_time", at("flow_time_met_ratio"), seconds)
        if item.flow_working_seconds is not None:
            found.sample(at("flow_time_working_seconds"), item.flow_working_seconds)
        found.sample(at("flow_effort_seconds"), item.effort_seconds)
        if item.process_seconds is not None:
            charged = item.process_seconds + (item.wait_seconds or 0)
            found.part(at("flow_efficiency_ratio"), item.process_seconds, charged)
        if item.path_process_seconds is not None:
            ordered = min(item.started_at, item.started_at if item.created_at is None else item.created_at)
            found.part(at("activity_ratio"), item.path_process_seconds, (item.finished_at - ordered) / MICROS)
    if item.finished_at is not None and item.kind in KINDS:
        for kind in KINDS:
            found.part(Place(item.value_stream, "flow_distribution_ratio", kind=kind), item.kind == kind)


def _open(found: Gathered, count: Place, oldest: Place | None, ages: Place, age: float | None) -> None:
    """Write down one more that is open, `age` seconds old; None: one that has been there and is not any more."""
    found.now[count] = (found.now.get(count) or 0) + (age is not None)
    found.sample(ages, age)
    if oldest is not None:
        known = [each for each in (found.now.get(oldest), age) if each is not None]
        found.now[oldest] = max(known, default=None)


def _meet(found: Gathered, measure: str, place: Place, seconds: float | None) -> None:
    """Write down whether a duration is within its stream's targets."""
    for target, allowed in TARGETS.items():
        name, _, statistic = target.rpartition("_")
        if name == measure and seconds is not None:
            found.met(place, statistic, within=seconds <= allowed * DAY)


def _change(found: Gathered, change: TrueChange, services: Mapping[str, str]) -> None:
    if change.deployed_at is None or change.left_censored:
        return
    service = services[change.deployment_id or ""]
    instants = (
        change.first_commit_at, change.opened_at, change.first_reviewed_at, change.merged_at, change.deployed_at,
    )  # fmt: skip
    names = ("coding", "pickup", "review", "deploy")
    for of in ("", service):

        def at(metric: str, of: str = of) -> Place:
            return Place(change.value_stream, metric, environment=PRODUCTION, service=of)

        if change.first_commit_at is not None:
            found.sample(at("change_lead_time_seconds"), (change.deployed_at - change.first_commit_at) / MICROS)
        left = None if change.first_commit_at is None else (change.deployed_at - change.first_commit_at) / MICROS
        for name, begin, until in zip(names, instants[:-1], instants[1:], strict=True):
            known = None if begin is None or until is None or until < begin else (until - begin) / MICROS
            found.sample(at(f"change_{name}_seconds"), known)
            left = None if left is None else left - (known or 0)
        found.sample(at("change_unaccounted_seconds"), left)


def _deployments(found: Gathered, all_of: Sequence[TrueDeployment]) -> None:
    """Write down what became of each; before production one failed if its outcome says so, until the next success."""
    mended: dict[tuple[str, str, str], int] = {}
    done = [one for one in all_of if one.finished_at is not None]
    for one in sorted(done, key=lambda d: d.finished_at or 0, reverse=True):
        lane = one.value_stream, one.service, one.environment
        if one.environment == PRODUCTION:
            _deployment(found, one, one.recovered_at, failed=one.failed)
        else:
            _deployment(found, one, mended.get(lane), failed=one.outcome == "failure")
        if one.outcome == "success" and one.finished_at is not None:
            mended[lane] = one.finished_at


def _deployment(found: Gathered, one: TrueDeployment, recovered: int | None, *, failed: bool) -> None:
    for of in ("", one.service) if one.environment == PRODUCTION else ("",):

        def at(metric: str, of: str = of) -> Place:
            return Place(one.value_stream, metric, environment=one.environment, service=of)

        if one.outcome == "success":
            found.count(at("deployment_frequency_per_day"))
            if one.change_ids and not one.left_censored:
                found.sample(at("deployment_batch_size"), len(one.change_ids))
        found.part(at("change_fail_ratio"), failed)
        if one.environment == PRODUCTION:
            found.part(at("deployment_rework_ratio"), one.is_rework)
        if failed and recovered is not None and one.finished_at is not None:
            found.sample(at("failed_deployment_recovery_seconds"), (recovered - one.finished_at) / MICROS)


def _days(truth: Truth) -> Iterator[tuple[Place, float, float]]:
    """Yield, for each series, on how many days there was a successful deployment."""
    days: dict[Place, set[int]] = {}
    for one in truth.deployments:
        for of in ("", one.service) if one.environment == PRODUCTION else ("",):
            if one.outcome == "success" and one.finished_at is not None:
                place = Place(one.value_stream, "deployment_days_ratio", environment=one.environment, service=of)
                days.setdefault(place, set()).add(one.finished_at // (DAY * MICROS))
    return ((place, len(those), 1) for place, those in days.items())
