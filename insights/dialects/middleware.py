"""Middleware's analytics server; pure.

Unit: the change merged in the window that is deployed. Every unknown phase is 0, and so is what has nothing behind it.
"""

from __future__ import annotations

from collections.abc import Iterable
from statistics import fmean
from typing import Final

from insights.dialects.answer import MICROS, Answer, Asking, Dialect, LeftOut, Part, Question, Unit, lead_parts
from insights.dialects.history import ChangeHistory, DeploymentHistory, History, IncidentHistory
from schemas.event import Outcome


def lead_time(history: History) -> Answer:
    """The sum of the means of five phases; unknown ones, and coding or merging below zero, count 0. Nothing is 0."""
    ways: dict[str, list[ChangeHistory]] = {}
    for change in history.changes:
        if history.holds(change.merged_at):
            ways.setdefault(change.change_id, []).append(change)
    parts, left = [], []
    for change_id, rows in ways.items():
        merged = rows[0].merged_at or 0
        deployed = [
            row.deployed_at
            for row in rows
            if row.deployed_at is not None and row.deployed_at >= merged and row.environment == history.production
        ]
        if deployed:
            parts.append(_phases(rows[0], min(deployed)))
        else:
            left.append(LeftOut(item_id=change_id, reason="not deployed to production since its merge"))
    values = [part.value for part in parts if part.value is not None]
    return Answer(
        value=fmean(values) if values else 0.0, unit=Unit.SECONDS, n=len(values), statistic="mean",
        items=tuple(parts), left_out=tuple(left),
    )  # fmt: skip


def _phases(change: ChangeHistory, deployed: int) -> Part:
    first = min((commit.authored_at for commit in change.commits), default=change.first_commit_at)
    coding = max(0.0, _between(first, change.opened_at))
    pickup = _between(change.opened_at, change.first_reviewed_at)
    rework = _between(change.first_reviewed_at, change.first_approved_at)
    merge = max(0.0, _between(change.first_approved_at, change.merged_at))
    deploy = float(int(_between(change.merged_at, deployed)))
    value = coding + pickup + rework + merge + deploy
    told = lead_parts(coding=coding, pickup=pickup, review=rework + merge, deploy=deploy, of=value)
    return Part(item_id=change.change_id, value=value, parts=told)


def _between(start: int | None, end: int | None) -> float:
    return 0.0 if start is None or end is None else (end - start) / MICROS


def frequency(history: History) -> Answer:
    """Successful production deployments a date, rounded down to a whole number."""
    found = [each for each in _conducted(history) if each.outcome == Outcome.SUCCESS]
    items = tuple(Part(item_id=each.deployment_id) for each in found)
    value = float(len(found) // len(history.dates))
    return Answer(value=value, unit=Unit.PER_DAY, n=len(found), statistic="mean, rounded down", items=items)


def fail_rate(history: History) -> Answer:
    """Deployments of the window that an incident followed before the next one did, of all, failed runs included."""
    conducted = sorted(_conducted(history), key=lambda each: (each.finished_at or 0, each.deployment_id))
    opened = [each for each in history.incidents if history.holds(each.detected_at)]
    items = []
    for place, each in enumerate(conducted):
        following = conducted[place + 1].finished_at if place + 1 < len(conducted) else None
        items.append(Part(item_id=each.deployment_id, value=float(_followed(opened, each.finished_at, following))))
    value = sum(item.value or 0.0 for item in items) / len(items) if items else 0.0
    return Answer(value=value, unit=Unit.RATIO, n=len(items), statistic="ratio", items=tuple(items))


def _followed(incidents: Iterable[IncidentHistory], since: int | None, until: int | None) -> bool:
    return any(
        since is not None and each.detected_at is not None and since <= each.detected_at
        and (until is None or each.detected_at < until)
        for each in incidents
    )  # fmt: skip


def recovery(history: History) -> Answer:
    """An incident's creation to its end, the mean of those that ended in the window."""
    parts = tuple(
        Part(item_id=each.incident_id, value=(each.resolved_at - each.detected_at) / MICROS)
        for each in history.incidents
        if each.resolved_at is not None and each.detected_at is not None and history.holds(each.resolved_at)
    )
    values = [part.value for part in parts if part.value is not None]
    return Answer(
        value=fmean(values) if values else None, unit=Unit.SECONDS, n=len(values), statistic="mean", items=parts
    )


def _conducted(history: History) -> list[DeploymentHistory]:
    """Every run that ended in the window in production."""
    return [
        each
        for each in history.deployments
        if each.environment == history.production and each.outcome is not None and history.holds(each.finished_at)
    ]


MIDDLEWARE: Final = Dialect(
    name="middleware",
    version="5471e35",
    summary="Middleware: means; what is unknown is 0",
    source="https://github.com/middlewarehq/middleware/tree/5471e35/backend/analytics_server/mhq/service",
    askings=(
        Asking(Question.LEAD_TIME, lead_time, "change merged in the window; mean; what is unknown is 0"),
        Asking(Question.FREQUENCY, frequency, "successes a date, rounded down: below one a day it is 0"),
        Asking(Question.FAIL_RATE, fail_rate, "deployments followed by an incident before the next, of all runs"),
        Asking(Question.RECOVERY, recovery, "incident created to resolved; mean"),
    ),
)
