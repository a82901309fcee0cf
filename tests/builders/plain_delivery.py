"""The delivery metrics straight from their definitions, over plain lists of rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from schemas.definition import ValueStream
from schemas.derived import Change, Deployment, Derived, Incident
from tests.builders.measured import DAY, MICROS
from tests.builders.plain_statistics import Answer, Span, amounts, durations, ratio

Named = tuple[str, str]
"""(metric, statistic)."""


def of_environment(
    rows: Iterable[Derived], stream: ValueStream, environment: str, service: str, span: Span
) -> Iterator[tuple[Named, Answer]]:
    """Yield what is said of an environment's deployments, of one service or ('') all, in a window."""
    here = [r for r in rows if _is_of(r, environment) and service in ("", getattr(r, "service", ""))]
    deployments = [r for r in here if isinstance(r, Deployment)]
    finished = [r for r in deployments if r.outcome not in (None, "cancelled") and r.finished_at is not None]
    yield from _deployments([r for r in finished if span.holds(r.finished_at)], span)
    restored = stream.dialect == "dora-2021"
    incidents = [r for r in here if isinstance(r, Incident)]
    yield from durations(
        "failed_deployment_recovery_seconds",
        _restored(incidents, span) if restored else _recovered(finished, span),
    )
    if environment != stream.production:
        return
    if stream.dialect == "dora-2024":
        inside = [r for r in finished if span.holds(r.finished_at)]
        yield ("deployment_rework_ratio", "ratio"), ratio(sum(r.is_rework for r in inside), len(inside))
    yield from _changes([r for r in here if isinstance(r, Change) and span.holds(r.deployed_at)])


def _is_of(row: Derived, environment: str) -> bool:
    if isinstance(row, Incident):
        return environment == "production"
    return isinstance(row, Change | Deployment) and row.environment == environment


def _failed(row: Deployment) -> bool:
    return row.caused_incident or row.outcome in ("failure", "error")


def _deployments(inside: Sequence[Deployment], span: Span) -> Iterator[tuple[Named, Answer]]:
    good = [row for row in inside if row.outcome == "success"]
    per_day = len(good) / (span.length / MICROS / 86_400) if good else None
    yield ("deployment_frequency_per_day", "mean"), (per_day, len(good))
    yield ("change_fail_ratio", "ratio"), ratio(sum(_failed(row) for row in inside), len(inside))
    if span.length >= 5 * DAY:  # fewer days than the least n say nothing
        days = {row.finished_at // DAY for row in good if row.finished_at is not None}
        whole = span.now // DAY - span.start // DAY + 1 if days else 0
        yield ("deployment_days_ratio", "ratio"), ratio(len(days), whole)
    batches = [len(row.change_ids) for row in good if row.change_ids and not row.left_censored]
    yield from amounts("deployment_batch_size", batches)


def _recovered(finished: Sequence[Deployment], span: Span) -> list[int | None]:
    return [
        row.recovered_at - row.finished_at
        for row in finished
        if _failed(row) and row.finished_at is not None
        if row.recovered_at is not None and span.holds(row.recovered_at)
    ]


def _restored(incidents: Sequence[Incident], span: Span) -> list[int | None]:
    return [
        row.resolved_at - row.detected_at
        for row in incidents
        if row.resolved_at is not None and row.detected_at is not None and span.holds(row.resolved_at)
    ]


def _changes(deployed: Iterable[Change]) -> Iterator[tuple[Named, Answer]]:
    changes = [row for row in deployed if not row.left_censored]
    parts = {
        "coding": [_cut(r, r.first_commit_at, _earlier(r.opened_at, r.merged_at)) for r in changes],
        "pickup": [_cut(r, _earlier(r.opened_at, r.merged_at), r.first_reviewed_at) for r in changes],
        "review": [_cut(r, r.first_reviewed_at, r.merged_at) for r in changes],
        "deploy": [_cut(r, r.merged_at, r.deployed_at) for r in changes],
    }
    for part, spans in parts.items():
        yield from durations(f"change_{part}_seconds", spans)
    leads = [_between(row.first_commit_at, row.deployed_at) for row in changes]
    yield from durations("change_lead_time_seconds", leads)
    known = [sum(part or 0 for part in each) for each in zip(*parts.values(), strict=True)]
    left = [None if lead is None else lead - sum_ for lead, sum_ in zip(leads, known, strict=True)]
    yield from durations("change_unaccounted_seconds", left)


def _earlier(opened: int | None, merged: int | None) -> int | None:
    """A change merged before it was told to be open was open until then."""
    return opened if opened is None or merged is None or opened <= merged else merged


def _cut(row: Change, start: int | None, end: int | None) -> int | None:
    """What of a part lies between the first commit and the deployment."""
    if _between(start, end) is None or start is None or end is None or row.deployed_at is None:
        return None
    before = 0 if row.first_commit_at is None else max(0, row.first_commit_at - start)
    return max(0, end - start - before - max(0, end - row.deployed_at))


def _between(start: int | None, end: int | None) -> int | None:
    return None if start is None or end is None or end < start else end - start
