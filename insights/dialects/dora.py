"""DORA 2021, 2023, 2024 as this house measures them live: the dialects of a stream's definition; pure.

They differ in recovery (2021: an incident's time to restore; later: the failed deployment's) and in rework (2024).
"""

from __future__ import annotations

from typing import Final

from insights.dialects.answer import Answer, Asking, Dialect, LeftOut, Part, Question, Unit, lead_parts, seconds, span
from insights.dialects.history import ChangeHistory, DeploymentHistory, History
from schemas.event import Outcome

_FEWEST: Final = 5
"""Fewer durations or deployments than this say nothing."""

_FAILED: Final = (Outcome.FAILURE, Outcome.ERROR)
_DAY_SECONDS: Final = 86_400
_CERTAIN: Final = 1.0


def lead_time(history: History) -> Answer:
    """First commit to the first successful production deployment; what its first known deployment brought is out."""
    parts, left = [], []
    for change in history.changes:
        if change.deployed_at is None and history.holds(change.merged_at):
            left.append(LeftOut(item_id=change.change_id, reason="not deployed to production yet"))
        if change.environment != history.production or not history.holds(change.deployed_at):
            continue
        lead = span(change.first_commit_at, change.deployed_at)
        if change.left_censored:
            left.append(LeftOut(item_id=change.change_id, reason="came with the first known deployment of its service"))
        elif lead is None:
            left.append(LeftOut(item_id=change.change_id, reason="its first commit before the deployment is unknown"))
        else:
            parts.append(_part(change, lead))
    return _median(parts, left)


def _part(change: ChangeHistory, lead: int) -> Part:
    told = lead_parts(
        coding=seconds(span(change.first_commit_at, change.opened_at)),
        pickup=seconds(span(change.opened_at, change.first_reviewed_at)),
        review=seconds(span(change.first_reviewed_at, change.merged_at)),
        deploy=seconds(span(change.merged_at, change.deployed_at)),
        of=seconds(lead),
    )
    return Part(item_id=change.change_id, value=seconds(lead), parts=told)


def frequency(history: History) -> Answer:
    """Successful production deployments a day of the window."""
    found = [each for each in _finished(history) if each.outcome == Outcome.SUCCESS]
    value = len(found) / (history.seconds / _DAY_SECONDS) if found else None
    items = tuple(Part(item_id=each.deployment_id) for each in found)
    return Answer(value=value, unit=Unit.PER_DAY, n=len(found), statistic="mean", items=items)


def fail_rate(history: History) -> Answer:
    """Production deployments that failed or needed intervention, of all that finished; beside it the certain ones."""
    found = _finished(history)
    certain = [each for each in found if each.outcome in _FAILED or (_failed(each) and each.confidence >= _CERTAIN)]
    answer = _share([(each, _failed(each)) for each in found])
    share = None if answer.value is None else len(certain) / len(found)
    return Answer(
        value=answer.value, unit=answer.unit, n=answer.n, statistic=answer.statistic, items=answer.items,
        left_out=_cancelled(history), beside={"certain_ratio": share},
    )  # fmt: skip


def rework(history: History) -> Answer:
    """Production deployments that an incident forced, of all that finished."""
    return _share([(each, each.is_rework) for each in _finished(history)])


def recovery(history: History) -> Answer:
    """Finish of a failed production deployment to its recovery, of those that recovered in the window."""
    parts, left = [], []
    for each in _ended(history):
        if not _failed(each):
            continue
        took = span(each.finished_at, each.recovered_at)
        if each.recovered_at is None and history.holds(each.finished_at):
            left.append(LeftOut(item_id=each.deployment_id, reason="not recovered yet"))
        elif took is not None and history.holds(each.recovered_at):
            parts.append(Part(item_id=each.deployment_id, value=seconds(took)))
    return _median(parts, left)


def restore(history: History) -> Answer:
    """A production incident's detection to its end, of those that ended in the window, whatever caused them."""
    parts, left = [], []
    for each in history.incidents:
        if each.environment not in {"", history.production}:
            continue
        took = span(each.detected_at, each.resolved_at)
        if each.resolved_at is None and history.holds(each.detected_at):
            left.append(LeftOut(item_id=each.incident_id, reason="not resolved yet"))
        elif took is not None and history.holds(each.resolved_at):
            parts.append(Part(item_id=each.incident_id, value=seconds(took)))
    return _median(parts, left)


def _ended(history: History) -> list[DeploymentHistory]:
    return [
        each
        for each in history.deployments
        if each.environment == history.production and each.outcome not in {None, Outcome.CANCELLED}
    ]


def _finished(history: History) -> list[DeploymentHistory]:
    return [each for each in _ended(history) if history.holds(each.finished_at)]


def _cancelled(history: History) -> tuple[LeftOut, ...]:
    return tuple(
        LeftOut(item_id=each.deployment_id, reason="was cancelled")
        for each in history.deployments
        if each.environment == history.production
        and each.outcome == Outcome.CANCELLED
        and history.holds(each.finished_at)
    )


def _failed(each: DeploymentHistory) -> bool:
    return each.outcome in _FAILED or each.caused_incident


def _share(judged: list[tuple[DeploymentHistory, bool]]) -> Answer:
    n = len(judged)
    value = sum(hit for _, hit in judged) / n if n >= _FEWEST else None
    items = tuple(Part(item_id=each.deployment_id, value=float(hit)) for each, hit in judged)
    return Answer(value=value, unit=Unit.RATIO, n=n, statistic="ratio", items=items)


def _median(parts: list[Part], left: list[LeftOut]) -> Answer:
    """The middle one in order, the lower of two: the smallest value that half of all do not exceed."""
    values = sorted(part.value for part in parts if part.value is not None)
    value = values[(len(values) - 1) // 2] if len(values) >= _FEWEST else None
    return Answer(
        value=value, unit=Unit.SECONDS, n=len(values), statistic="p50", items=tuple(parts), left_out=tuple(left)
    )


_LEAD: Final = Asking(
    Question.LEAD_TIME, lead_time, "change; first commit to production; median; first deployment left out"
)
_FREQUENCY: Final = Asking(Question.FREQUENCY, frequency, "successes a day of the window")
_FAIL: Final = Asking(
    Question.FAIL_RATE, fail_rate, "failed, or rolled back, reverted, hot-fixed, blamed; of all finished"
)
_RECOVERY: Final = Asking(Question.RECOVERY, recovery, "from the failed deployment's finish to its fix; median")
_RESTORE: Final = Asking(Question.RECOVERY, restore, "from the incident's detection, whatever caused it; median")
_REWORK: Final = Asking(Question.REWORK, rework, "deployments that an incident forced, of all finished")

DORA_2021: Final = Dialect(
    name="dora-2021",
    version="2021",
    summary="Accelerate State of DevOps 2021: four keys, time to restore service",
    source="https://dora.dev/research/2021/",
    askings=(_LEAD, _FREQUENCY, _FAIL, _RESTORE),
)
DORA_2023: Final = Dialect(
    name="dora-2023",
    version="2023",
    summary="DORA 2023: recovery is that of the failed deployment",
    source="https://dora.dev/research/2023/",
    askings=(_LEAD, _FREQUENCY, _FAIL, _RECOVERY),
)
DORA_2024: Final = Dialect(
    name="dora-2024",
    version="2024",
    summary="DORA 2024: with the rework rate, five",
    source="https://dora.dev/research/2024/",
    askings=(_LEAD, _FREQUENCY, _FAIL, _RECOVERY, _REWORK),
)
