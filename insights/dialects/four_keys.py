"""Google's Four Keys: its views and the queries of its dashboard, over the window in place of three months; pure.

Unit: the commit in a deployment. Environments are not told apart. Of nothing its queries say 0 where they say so here.
"""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median
from typing import Final

from insights.dialects.answer import Answer, Asking, Dialect, LeftOut, Part, Question, Unit, lead_parts
from insights.dialects.history import DAY, Commit, DeploymentHistory, History, IncidentHistory
from schemas.event import Outcome

_MINUTE: Final = 60_000_000
_HOUR: Final = 60 * _MINUTE
_NEVER: Final = 1 << 62
_SUNDAY: Final = 4
"""1970 began on a Thursday: days since then, so many more, divide into weeks that begin on Sunday."""


def lead_time(history: History) -> Answer:
    """Each commit's time to each deployment of it, whole minutes; the median of those above zero, else 0."""
    parts, left = [], []
    commits = _commits(history)
    for deployment in _deployments(history):
        for commit in commits.get(deployment.deployment_id, ()):
            name = f"{commit.sha or 'commit'} in {deployment.deployment_id}"
            minutes = ((deployment.finished_at or 0) - commit.authored_at) // _MINUTE
            if minutes > 0:
                value = float(minutes * 60)
                parts.append(Part(item_id=name, value=value, parts=lead_parts(of=value)))
            else:
                left.append(LeftOut(item_id=name, reason="less than a minute: taken for an automated push"))
    values = [part.value for part in parts if part.value is not None]
    return Answer(
        value=median(values) if values else 0.0, unit=Unit.SECONDS, n=len(values), statistic="interpolated median",
        items=tuple(parts), left_out=tuple(left),
    )  # fmt: skip


def frequency(history: History) -> Answer:
    """Days with a deployment in a week (from Sunday), the interpolated median of the weeks since the first fact."""
    begins = history.since // DAY
    if history.first_seen_at is not None:
        begins = max(begins, history.first_seen_at // DAY + 1)
    deployed = {(each.finished_at or 0) // DAY for each in _deployments(history)}
    weeks: dict[int, int] = {}
    for day in range(begins, history.until // DAY + 1):
        week = (day + _SUNDAY) // 7
        weeks[week] = weeks.get(week, 0) + (day in deployed)
    value = float(median(weeks.values())) if weeks else None
    return Answer(value=value, unit=Unit.DAYS_PER_WEEK, n=sum(weeks.values()), statistic="interpolated median")


def fail_rate(history: History) -> Answer:
    """Incidents that name a deployed commit, once for each time it was deployed, over deployments that carry any."""
    commits = _commits(history)
    carrying = [each for each in _deployments(history) if commits.get(each.deployment_id)]
    parts = []
    for each in carrying:
        shas = {commit.sha for commit in commits[each.deployment_id]}
        named = sum(cause in shas for incident in history.incidents for cause in incident.root_causes)
        parts.append(Part(item_id=each.deployment_id, value=float(named)))
    value = sum(part.value or 0.0 for part in parts) / len(parts) if parts else 0.0
    left = tuple(
        LeftOut(item_id=incident.incident_id, reason="names no commit as its cause")
        for incident in history.incidents
        if not incident.root_causes
    )
    return Answer(value=value, unit=Unit.RATIO, n=len(parts), statistic="ratio", items=tuple(parts), left_out=left)


def recovery(history: History) -> Answer:
    """The earlier of the incident's opening and its named deployment, to its end, whole hours; of those begun since."""
    parts, left = [], []
    deployed = _deployed(history)
    for incident in history.incidents:
        begun = _begun(incident, deployed)
        if begun is None or not history.holds(begun):
            continue
        if incident.resolved_at is None:
            left.append(LeftOut(item_id=incident.incident_id, reason="not resolved yet"))
        else:
            hours = (incident.resolved_at - begun) // _HOUR
            parts.append(Part(item_id=incident.incident_id, value=float(hours * 3600)))
    values = [part.value for part in parts if part.value is not None]
    return Answer(
        value=median(values) if values else None, unit=Unit.SECONDS, n=len(values), statistic="interpolated median",
        items=tuple(parts), left_out=tuple(left),
    )  # fmt: skip


def _begun(incident: IncidentHistory, deployed: Mapping[str, int]) -> int | None:
    if incident.detected_at is None:
        return None
    return min(incident.detected_at, *(deployed[sha] for sha in incident.root_causes if sha in deployed), _NEVER)


def _deployed(history: History) -> dict[str, int]:
    """When each commit was first deployed."""
    found: dict[str, int] = {}
    commits = _commits(history)
    for each in history.deployments:
        if each.finished_at is not None and each.outcome == Outcome.SUCCESS:
            for commit in commits[each.deployment_id]:
                found[commit.sha] = min(found.get(commit.sha, each.finished_at), each.finished_at)
    return found


def _deployments(history: History) -> list[DeploymentHistory]:
    return [x for x in history.deployments if x.outcome == Outcome.SUCCESS and history.holds(x.finished_at)]


def _commits(history: History) -> dict[str, tuple[Commit, ...]]:
    """The commits of the changes that each deployment carried."""
    of_change = {change.change_id: change.commits for change in history.changes}
    return {
        each.deployment_id: tuple(commit for change in each.change_ids for commit in of_change.get(change, ()))
        for each in history.deployments
    }


FOUR_KEYS: Final = Dialect(
    name="four-keys",
    version="6cc642e",
    summary="Google's Four Keys: commits, every environment, interpolated medians",
    source="https://github.com/dora-team/fourkeys/blob/6cc642e/METRICS.md",
    askings=(
        Asking(Question.LEAD_TIME, lead_time, "commit; every environment; interpolated median, 0 of nothing"),
        Asking(Question.FREQUENCY, frequency, "days with a deployment, in the median week since the first fact"),
        Asking(Question.FAIL_RATE, fail_rate, "incidents that name a deployed commit, over deployments"),
        Asking(Question.RECOVERY, recovery, "the earlier of incident and named deployment; whole hours"),
    ),
)
