"""Apache DevLake's DORA dashboards, of the reports of 2021 and 2023; pure.

Unit: the merged change. Minutes, spans rounded up; what is negative is unknown, what is unknown is left out of the sum.
Deployed by the first successful production deployment, by its start, that carries it and has one before it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from typing import Final

from insights.dialects.answer import Answer, Asking, Dialect, LeftOut, Part, Question, Unit, lead_parts
from insights.dialects.history import DAY, ChangeHistory, DeploymentHistory, History, IncidentHistory
from schemas.event import Outcome

_MINUTE: Final = 60_000_000
_MONDAY: Final = 3
"""1970 began on a Thursday: days since then, so many more, divide into weeks that begin on Monday."""


def lead_time(history: History) -> Answer:
    """Coding, then opened to merged, then merged to deployed, of changes whose deployment finished in the window."""
    ways: dict[str, list[ChangeHistory]] = defaultdict(list)
    for change in history.changes:
        ways[change.change_id].append(change)
    parts, left = [], []
    started = _starts(history)
    for change_id, rows in ways.items():
        if rows[0].merged_at is None:
            continue
        carried = [row for row in rows if row.deployed_at is not None and row.environment == history.production]
        following = [row for row in carried if not row.left_censored]
        if not following:
            why = "came with a first deployment" if carried else "not deployed to production yet"
            left.append(LeftOut(item_id=change_id, reason=why))
            continue
        first = min(following, key=lambda row: (started.get(row.deployment_id or "", 0), row.deployment_id or ""))
        if history.holds(first.deployed_at):
            parts.append(_cycle(first))
    values = [part.value for part in parts if part.value is not None]
    return Answer(
        value=_lower_median(values), unit=Unit.SECONDS, n=len(values), statistic="lower median",
        items=tuple(parts), left_out=tuple(left),
    )  # fmt: skip


def _cycle(change: ChangeHistory) -> Part:
    earliest = min((commit.authored_at for commit in change.commits), default=change.first_commit_at)
    coding = _minutes_up(earliest, change.opened_at)
    open_for = _minutes_up(change.opened_at, change.merged_at)
    deploy = _minutes_up(change.merged_at, change.deployed_at)
    cycle = sum(part for part in (coding, open_for, deploy) if part is not None)
    told = lead_parts(
        coding=coding,
        pickup=_minutes_up(change.opened_at, change.first_answered_at),
        review=_minutes_up(change.first_answered_at, change.merged_at),
        deploy=deploy,
        of=cycle,
    )
    return Part(item_id=change.change_id, value=cycle, parts=told)


def frequency(history: History) -> Answer:
    """Days with a deployment in a week, the lower median of the window's weeks (from Monday)."""
    deployed = {each.finished_at // DAY for each in _successes(history) if each.finished_at is not None}
    days = []
    back = history.until
    while back > history.since:
        days.append(back // DAY)
        back -= DAY
    weeks: dict[int, int] = {}
    for day in days:
        week = (day + _MONDAY) // 7
        weeks[week] = weeks.get(week, 0) + (day in deployed)
    return Answer(
        value=_lower_median([float(count) for count in weeks.values()]),
        unit=Unit.DAYS_PER_WEEK,
        n=len(deployed.intersection(days)),
        statistic="lower median",
    )


def fail_rate(history: History) -> Answer:
    """Successful production deployments with an incident laid to them, of all; nothing else fails."""
    blamed = {deployment.deployment_id for _, deployment in _laid(history)}
    found = [each for each in _successes(history) if history.holds(each.finished_at)]
    items = tuple(Part(item_id=each.deployment_id, value=float(each.deployment_id in blamed)) for each in found)
    value = sum(each.deployment_id in blamed for each in found) / len(found) if found else None
    left = tuple(
        LeftOut(item_id=each.deployment_id, reason="did not succeed, so it is no deployment")
        for each in history.deployments
        if each.environment == history.production
        and each.outcome != Outcome.SUCCESS
        and history.holds(each.finished_at)
    )
    return Answer(value=value, unit=Unit.RATIO, n=len(found), statistic="ratio", items=items, left_out=left)


def recovery_2023(history: History) -> Answer:
    """Finish of the blamed deployment to the incident's end, whole minutes, both in the window."""
    parts, left = [], []
    for incident, deployment in _laid(history):
        if not history.holds(incident.resolved_at):
            continue
        if history.holds(deployment.finished_at):
            parts.append(_minutes_down(incident.incident_id, deployment.finished_at, incident.resolved_at))
        else:
            left.append(LeftOut(item_id=incident.incident_id, reason="its deployment finished before the window"))
    return _recovered(parts, left)


def recovery_2021(history: History) -> Answer:
    """The incident's own time from created to resolved, whole minutes, of those that ended in the window."""
    parts = [
        _minutes_down(each.incident_id, each.detected_at, each.resolved_at)
        for each in history.incidents
        if history.holds(each.resolved_at) and each.detected_at is not None
    ]
    return _recovered(parts, [])


def _recovered(parts: list[Part], left: list[LeftOut]) -> Answer:
    values = [part.value for part in parts if part.value is not None]
    return Answer(
        value=_lower_median(values), unit=Unit.SECONDS, n=len(values), statistic="lower median",
        items=tuple(parts), left_out=tuple(left),
    )  # fmt: skip


def _laid(history: History) -> list[tuple[IncidentHistory, DeploymentHistory]]:
    """Each incident with the latest success before it, of whatever service and however long ago."""
    successes = sorted(_successes(history), key=_finish)
    finishes = [_finish(each)[0] for each in successes]
    found = []
    for incident in history.incidents:
        place = 0 if incident.detected_at is None else bisect_left(finishes, incident.detected_at)
        if place:
            found.append((incident, successes[place - 1]))
    return found


def _finish(each: DeploymentHistory) -> tuple[int, str]:
    return (each.finished_at or 0, each.deployment_id)


def _successes(history: History) -> list[DeploymentHistory]:
    return [x for x in history.deployments if x.environment == history.production and x.outcome == Outcome.SUCCESS]


def _starts(history: History) -> dict[str, int]:
    return {each.deployment_id: each.started_at or each.finished_at or 0 for each in history.deployments}


def _minutes_up(start: int | None, end: int | None) -> float | None:
    """Seconds of whole minutes, begun ones counted; None below zero (less than a minute below is zero)."""
    if start is None or end is None:
        return None
    minutes = -((start - end) // _MINUTE)
    return None if minutes < 0 else float(minutes * 60)


def _minutes_down(item_id: str, start: int | None, end: int | None) -> Part:
    value = None if start is None or end is None else float((end - start) // _MINUTE * 60)
    return Part(item_id=item_id, value=value)


def _lower_median(values: list[float]) -> float | None:
    """The largest x with percent_rank(x) <= 0.5; ties have the rank of their first."""
    ordered = sorted(values)
    last = len(ordered) - 1
    return max((x for x in ordered if last == 0 or bisect_left(ordered, x) / last <= 0.5), default=None)  # noqa: PLR2004


_BOTH: Final = (
    Asking(Question.LEAD_TIME, lead_time, "merged change; minutes rounded up, unknown parts left out of the sum"),
    Asking(Question.FREQUENCY, frequency, "days with a deployment, in the median week"),
    Asking(Question.FAIL_RATE, fail_rate, "successes blamed for an incident (the last before it, however old), of all"),
)
_SOURCE: Final = "https://github.com/apache/incubator-devlake/tree/420e494/backend/plugins/dora"

DEVLAKE_2021: Final = Dialect(
    name="devlake-2021",
    version="420e494",
    summary="Apache DevLake, report of 2021: recovery from the incident's opening",
    source=_SOURCE,
    askings=(*_BOTH, Asking(Question.RECOVERY, recovery_2021, "incident opened to resolved; lower median")),
)
DEVLAKE_2023: Final = Dialect(
    name="devlake-2023",
    version="420e494",
    summary="Apache DevLake, report of 2023: recovery from the deployment's finish",
    source=_SOURCE,
    askings=(*_BOTH, Asking(Question.RECOVERY, recovery_2023, "blamed deployment's finish to resolved; lower median")),
)
