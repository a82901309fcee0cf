"""The metrics straight from their definitions, over plain lists of rows: slow, and without sketches or buckets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from math import ceil, prod

from metrics.windows import LENGTHS, window_starts
from schemas.derived import Change, Deployment, Derived, StepVisit, WorkItem
from schemas.measurement import WINDOWS
from tests.builders.measured import DEFINITION, MICROS, STREAM

Key = tuple[str, str, str, str, str, str]
"""(step, metric, window, statistic, kind, service)."""

Answers = dict[Key, tuple[float | None, int]]
"""Value and n of each series."""

QUANTILES = {"p50": 50, "p85": 85, "p95": 95}
KINDS = ("feature", "defect", "risk", "debt")


def answers(rows: Sequence[Derived], now: int) -> Answers:
    """Return every series of the one stream `STREAM`, the feed's left out."""
    found: Answers = {}
    for window, start, length in zip(WINDOWS, window_starts(now), LENGTHS, strict=True):

        def within(instant: int | None, start: int = start) -> bool:
            return instant is not None and start <= instant <= now

        for (step, metric, statistic, kind, service), answer in _windowed(rows, within, start, now, length):
            found[step, metric, window, statistic, kind, service] = answer
    for (step, metric), answer in _standing(rows, now):
        found[step, metric, "", "now", "", ""] = answer
    return found


Short = tuple[str, str, str, str, str]
Within = Callable[[int | None], bool]


def _windowed(
    rows: Sequence[Derived], within: Within, start: int, now: int, length: int
) -> Iterator[tuple[Short, tuple[float | None, int]]]:
    for step in _steps():
        for (metric, statistic), answer in _step(_visits(rows, step), within):
            yield (step, metric, statistic, "", ""), answer
    yield from _map(rows, within, start, now)
    yield from _flow([row for row in rows if isinstance(row, WorkItem)], within)
    services = {row.service for row in rows if isinstance(row, Change | Deployment)} | {""}
    for service in services:
        for (metric, statistic), answer in _dora(_of(rows, service), within, length):
            yield ("", metric, statistic, "", service), answer


def _steps() -> list[str]:
    stream = DEFINITION.stream(STREAM)
    assert stream is not None
    return [step.name for step in stream.steps]


def _visits(rows: Iterable[Derived], step: str) -> list[StepVisit]:
    return [row for row in rows if isinstance(row, StepVisit) and row.step == step and row.counted]


def _begin(row: StepVisit) -> int | None:
    return row.queued_at if row.queued_at is not None else row.started_at


def _step(visits: Sequence[StepVisit], within: Within) -> Iterator[tuple[tuple[str, str], tuple[float | None, int]]]:
    done = [v for v in visits if within(v.finished_at)]
    yield from _durations("step_wait_seconds", [v.wait_micros for v in done])
    yield from _durations("step_process_seconds", [v.process_micros for v in done])
    leads = [v.finished_at - v.queued_at for v in done if v.finished_at is not None and v.queued_at is not None]
    yield from _durations("step_lead_seconds", leads)
    yield ("step_completions", "count"), _count(len(done))
    yield ("step_arrivals", "count"), _count(sum(within(_begin(v)) for v in visits))
    yield ("step_complete_accurate_ratio", "ratio"), _ratio(sum(not v.returned for v in done), len(done))


def _map(
    rows: Sequence[Derived], within: Within, start: int, now: int
) -> Iterator[tuple[Short, tuple[float | None, int]]]:
    done = [[v for v in _visits(rows, step) if within(v.finished_at)] for step in _steps()]
    used = [visits for visits in done if visits]
    n = min((len(visits) for visits in used), default=0)
    rolled = prod(sum(not v.returned for v in visits) / len(visits) for visits in used)
    yield ("", "rolled_complete_accurate_ratio", "ratio", "", ""), (rolled if n >= 5 else None, n)
    stays = {step: _stays(_visits(rows, step), start, now) for step in _steps()[1:]}
    whole = sum(sum(stay) for stay in stays.values())
    for step, stay in stays.items():
        value = sum(stay) / whole if len(stay) >= 5 and whole else None
        yield (step, "constraint_score", "ratio", "", ""), (value, len(stay))


def _stays(visits: Iterable[StepVisit], start: int, now: int) -> list[int]:
    """Return how long each visit that was open in the window stood in it."""
    stays = []
    for row in visits:
        begin = _begin(row)
        end = now if row.finished_at is None else min(row.finished_at, now)
        if begin is not None and begin <= now and end >= start:
            stays.append(end - max(begin, start))
    return stays


def _flow(items: Sequence[WorkItem], within: Within) -> Iterator[tuple[Short, tuple[float | None, int]]]:
    done = [i for i in items if within(i.finished_at)]
    spans = [i.finished_at - i.started_at for i in done if i.finished_at is not None and i.started_at is not None]
    for (metric, statistic), answer in _durations("flow_time_seconds", spans):
        yield ("", metric, statistic, "", ""), answer
    yield ("", "flow_velocity", "count", "", ""), _count(len(done))
    parted = [i for i in done if i.process_micros is not None]
    active = sum(i.process_micros or 0 for i in parted)
    charged = sum((i.process_micros or 0) + (i.wait_micros or 0) + (i.blocked_micros or 0) for i in parted)
    order = sum((i.finished_at or 0) - min(i.created_at or 0, i.started_at or 0) for i in parted)
    for metric, whole in (("flow_efficiency_ratio", charged), ("activity_ratio", order)):
        value = active / whole if len(parted) >= 5 and whole else None
        yield ("", metric, "ratio", "", ""), (value, len(parted))
    kinds = [i.kind for i in done if i.kind is not None]
    for kind in KINDS:
        yield ("", "flow_distribution_ratio", "ratio", kind, ""), _ratio(kinds.count(kind), len(kinds))  # type: ignore[arg-type]


def _of(rows: Iterable[Derived], service: str) -> list[Change | Deployment]:
    return [
        row
        for row in rows
        if isinstance(row, Change | Deployment) and row.environment == "production" and service in ("", row.service)
    ]


def _dora(
    rows: Sequence[Change | Deployment], within: Within, length: int
) -> Iterator[tuple[tuple[str, str], tuple[float | None, int]]]:
    finished = [
        row
        for row in rows
        if isinstance(row, Deployment) and row.outcome not in (None, "cancelled") and row.finished_at is not None
    ]
    inside = [row for row in finished if within(row.finished_at)]
    failed = [row for row in finished if row.caused_incident or row.outcome in ("failure", "error")]
    n = sum(row.outcome == "success" for row in inside)
    per_day = n / (length / MICROS / 86_400) if n else None
    yield ("deployment_frequency_per_day", "mean"), (per_day, n)
    yield ("change_fail_ratio", "ratio"), _ratio(sum(row in failed for row in inside), len(inside))
    yield ("deployment_rework_ratio", "ratio"), _ratio(sum(row.is_rework for row in inside), len(inside))
    recovered = [
        row.recovered_at - row.finished_at
        for row in failed
        if row.recovered_at is not None and row.finished_at is not None and within(row.recovered_at)
    ]
    yield from _durations("failed_deployment_recovery_seconds", recovered)
    changes = [r for r in rows if isinstance(r, Change) and within(r.deployed_at) and not r.left_censored]
    leads = [r.deployed_at - r.first_commit_at for r in changes if r.deployed_at and r.first_commit_at]
    yield from _durations("change_lead_time_seconds", leads)


def _standing(rows: Sequence[Derived], now: int) -> Iterator[tuple[tuple[str, str], tuple[float | None, int]]]:
    for step in _steps():
        begun = [(b, v.finished_at) for v in _visits(rows, step) if (b := _begin(v)) is not None and b <= now]
        open_ = [begin for begin, end in begun if end is None or end > now]
        yield (step, "step_work_in_progress"), (float(len(open_)) if begun else None, len(begun))
        oldest = (now - min(open_)) / MICROS if open_ else None
        yield (step, "step_oldest_age_seconds"), (oldest, len(open_))
    items = [row for row in rows if isinstance(row, WorkItem) and row.started_at is not None and row.started_at <= now]
    load = sum(row.finished_at is None or row.finished_at > now for row in items)
    yield ("", "flow_load"), (float(load) if items else None, len(items))


def _durations(metric: str, spans: Iterable[int | None]) -> Iterator[tuple[tuple[str, str], tuple[float | None, int]]]:
    known = sorted(span for span in spans if span is not None and span >= 0)
    n = len(known)
    for statistic, percent in QUANTILES.items():
        value = known[ceil(n * percent / 100) - 1] / MICROS if n >= 5 else None
        yield (metric, statistic), (value, n)
    yield (metric, "mean"), (sum(known) / n / MICROS if n >= 5 else None, n)


def _count(n: int) -> tuple[float | None, int]:
    return (float(n) if n else None), n


def _ratio(hits: int, n: int) -> tuple[float | None, int]:
    return (hits / n if n >= 5 else None), n
