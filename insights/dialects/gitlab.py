"""GitLab's DORA metrics and the lead time of its value stream analytics; pure.

Medians are of the daily medians of each environment, here of each service's production.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from statistics import median
from typing import Final

from insights.dialects.answer import MICROS, Answer, Asking, Dialect, LeftOut, Part, Question, Unit, lead_parts
from insights.dialects.history import DAY, DeploymentHistory, History
from schemas.event import Outcome


def lead_time(history: History) -> Answer:
    """Merge to the deployment's finish, never below zero: the median day of each environment's median."""
    parts, left = [], []
    days: dict[tuple[str, int], list[float]] = defaultdict(list)
    for change in history.changes:
        at = change.deployed_at
        if at is None or change.environment != history.production or not _on_a_date(history, at):
            continue
        if change.merged_at is None:
            left.append(LeftOut(item_id=change.change_id, reason="its merge is unknown"))
            continue
        value = max(0, at - change.merged_at) / MICROS
        days[change.service, at // DAY].append(value)
        parts.append(Part(item_id=change.change_id, value=value, parts=lead_parts(deploy=value, of=value)))
    return Answer(
        value=_of_days(days.values()), unit=Unit.SECONDS, n=len(parts), statistic="median of daily medians",
        items=tuple(parts), left_out=tuple(left),
    )  # fmt: skip


def frequency(history: History) -> Answer:
    """Successful production deployments over the dates that the window touches."""
    found = _successes(history)
    items = tuple(Part(item_id=each.deployment_id) for each in found)
    value = len(found) / len(history.dates)
    return Answer(value=value, unit=Unit.PER_DAY, n=len(found), statistic="mean", items=items)


def fail_rate(history: History) -> Answer:
    """Incidents opened over successful deployments (one at least) of the same dates, whatever caused them."""
    opened = [each for each in history.incidents if _on_a_date(history, each.detected_at)]
    n = len(_successes(history))
    value = len(opened) / max(n, 1) if n or opened else None
    items = tuple(Part(item_id=each.incident_id, value=1.0) for each in opened)
    return Answer(value=value, unit=Unit.RATIO, n=n, statistic="ratio", items=items)


def recovery(history: History) -> Answer:
    """An incident's opening to its closing: the median day of the daily medians."""
    parts, left = [], []
    days: dict[int, list[float]] = defaultdict(list)
    for each in history.incidents:
        if each.resolved_at is None or each.detected_at is None:
            left.append(LeftOut(item_id=each.incident_id, reason="not closed"))
        elif _on_a_date(history, each.resolved_at):
            value = (each.resolved_at - each.detected_at) / MICROS
            days[each.resolved_at // DAY].append(value)
            parts.append(Part(item_id=each.incident_id, value=value))
    return Answer(
        value=_of_days(days.values()), unit=Unit.SECONDS, n=len(parts), statistic="median of daily medians",
        items=tuple(parts), left_out=tuple(left),
    )  # fmt: skip


def flow_time(history: History) -> Answer:
    """An issue's creation to its closing, the last one where it was reopened; the interpolated median."""
    parts = []
    for each in history.items:
        closed = max((at for at in each.closings if at <= history.until), default=None)
        if each.created_at is not None and closed is not None and history.holds(closed):
            parts.append(Part(item_id=each.item_id, value=(closed - each.created_at) / MICROS))
    left = tuple(LeftOut(item_id=x.item_id, reason="its ticket is not closed") for x in history.items if not x.closings)
    values = [part.value for part in parts if part.value is not None]
    return Answer(
        value=median(values) if values else None, unit=Unit.SECONDS, n=len(values), statistic="interpolated median",
        items=tuple(parts), left_out=left,
    )  # fmt: skip


def _of_days(days: Iterable[list[float]]) -> float | None:
    daily = [median(values) for values in days]
    return median(daily) if daily else None


def _on_a_date(history: History, at: int | None) -> bool:
    return at is not None and at // DAY in history.dates


def _successes(history: History) -> list[DeploymentHistory]:
    return [
        each
        for each in history.deployments
        if each.environment == history.production
        and each.outcome == Outcome.SUCCESS
        and _on_a_date(history, each.finished_at)
    ]


GITLAB: Final = Dialect(
    name="gitlab",
    version="18",
    summary="GitLab Ultimate: from the merge, by daily aggregates",
    source="https://docs.gitlab.com/user/analytics/dora_metrics/",
    askings=(
        Asking(Question.LEAD_TIME, lead_time, "merge to production; median of each day's median; no coding, no review"),
        Asking(Question.FREQUENCY, frequency, "successes over the dates touched; the mean, even where it is 0"),
        Asking(Question.FAIL_RATE, fail_rate, "incidents over deployments of the same dates; may pass 100 %"),
        Asking(Question.RECOVERY, recovery, "incident opened to closed; median of each day's median"),
        Asking(Question.FLOW_TIME, flow_time, "issue created to its last closing; interpolated median"),
    ),
)
