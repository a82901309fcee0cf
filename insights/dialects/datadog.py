"""Datadog's DORA metrics with its rollback rule; pure.

A deployment rolls back where its version differs from that before it and was there earlier; what failed is the first
deployment after that earlier one: V1 V2 V3 V1 marks V2. Rules that read titles and labels are the users' own, and none
is applied here.
"""

from __future__ import annotations

from collections import defaultdict
from statistics import median
from typing import Final

from insights.dialects.answer import MICROS, Answer, Asking, Dialect, LeftOut, Part, Question, Unit, lead_parts
from insights.dialects.history import DAY, DeploymentHistory, History
from schemas.event import Outcome

_MOST_DAYS: Final = 60
"""After so long without a deployment of its service one has no lead time."""

_DAY_SECONDS: Final = 86_400


def lead_time(history: History) -> Answer:
    """Each commit's creation to the finish of the deployment that brought it; the median of all commits."""
    of_change = {change.change_id: change.commits for change in history.changes}
    parts, left = [], []
    for lane in _lanes(history).values():
        for place, each in enumerate(lane):
            if each.finished_at is None or not history.holds(each.finished_at):
                continue
            before = lane[place - 1].finished_at if place else None
            if before is None or each.finished_at - before > _MOST_DAYS * DAY:
                why = "first deployment of its service" if before is None else "60 days after the one before"
                left.append(LeftOut(item_id=each.deployment_id, reason=why))
                continue
            for change in each.change_ids:
                for commit in of_change.get(change, ()):
                    value = (each.finished_at - commit.authored_at) / MICROS
                    name = f"{commit.sha or change} in {each.deployment_id}"
                    parts.append(Part(item_id=name, value=value, parts=lead_parts(of=value)))
    values = [part.value for part in parts if part.value is not None]
    return Answer(
        value=median(values) if values else None, unit=Unit.SECONDS, n=len(values), statistic="interpolated median",
        items=tuple(parts), left_out=tuple(left),
    )  # fmt: skip


def frequency(history: History) -> Answer:
    """Production deployments counted over the window, a day of it."""
    found = _of_window(history)
    items = tuple(Part(item_id=each.deployment_id) for each in found)
    value = len(found) / (history.seconds / _DAY_SECONDS)
    return Answer(value=value, unit=Unit.PER_DAY, n=len(found), statistic="mean", items=items)


def fail_rate(history: History) -> Answer:
    """Deployments that a later one rolled back, of all; rollbacks are deployments too."""
    failed = {each.deployment_id for each, _ in rollbacks(history)}
    found = _of_window(history)
    items = tuple(Part(item_id=each.deployment_id, value=float(each.deployment_id in failed)) for each in found)
    value = sum(each.deployment_id in failed for each in found) / len(found) if found else None
    return Answer(value=value, unit=Unit.RATIO, n=len(found), statistic="ratio", items=items)


def recovery(history: History) -> Answer:
    """Finish of the deployment that failed to that of its rollback, of those that failed in the window; the median."""
    parts = tuple(
        Part(item_id=each.deployment_id, value=((again.finished_at or 0) - (each.finished_at or 0)) / MICROS)
        for each, again in rollbacks(history)
        if history.holds(each.finished_at)
    )
    values = [part.value for part in parts if part.value is not None]
    return Answer(
        value=median(values) if values else None, unit=Unit.SECONDS, n=len(values), statistic="interpolated median",
        items=parts,
    )  # fmt: skip


def rollbacks(history: History) -> list[tuple[DeploymentHistory, DeploymentHistory]]:
    """Return each deployment that failed with the first one that rolled it back."""
    found: dict[str, tuple[DeploymentHistory, DeploymentHistory]] = {}
    for lane in _lanes(history).values():
        latest: dict[str, int] = {}
        for place, each in enumerate(lane):
            version = _version(each)
            if version is None:
                continue
            target = latest.get(version)
            if target is not None and _version(lane[place - 1]) != version:
                failed = lane[target + 1]
                found.setdefault(failed.deployment_id, (failed, each))
            latest[version] = place
    return list(found.values())


def _version(each: DeploymentHistory) -> str | None:
    return each.commit or each.artifact


def _lanes(history: History) -> dict[str, list[DeploymentHistory]]:
    """Each service's successful production deployments, in order."""
    lanes: dict[str, list[DeploymentHistory]] = defaultdict(list)
    for each in history.deployments:
        if each.environment == history.production and each.outcome == Outcome.SUCCESS and each.finished_at is not None:
            lanes[each.service].append(each)
    for lane in lanes.values():
        lane.sort(key=lambda each: (each.finished_at or 0, each.deployment_id))
    return lanes


def _of_window(history: History) -> list[DeploymentHistory]:
    return [each for lane in _lanes(history).values() for each in lane if history.holds(each.finished_at)]


DATADOG: Final = Dialect(
    name="datadog",
    version="2026",
    summary="Datadog: commits, and failures told by rollbacks alone",
    source="https://docs.datadoghq.com/delivery_performance/dora_metrics/change_failure_detection/",
    askings=(
        Asking(Question.LEAD_TIME, lead_time, "commit to the deployment's finish; first deployment left out"),
        Asking(Question.FREQUENCY, frequency, "deployments a day of the window"),
        Asking(Question.FAIL_RATE, fail_rate, "rolled back (V1 V2 V3 V1 marks V2), of all; incidents do not count"),
        Asking(Question.RECOVERY, recovery, "failed deployment's finish to its rollback; median"),
    ),
)
