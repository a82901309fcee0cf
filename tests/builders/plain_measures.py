"""The metrics straight from their definitions, over plain lists of rows: slow, and without sketches or buckets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import prod

from metrics.windows import LENGTHS, window_starts
from schemas.definition import Definition, ValueStream
from schemas.derived import Change, Deployment, Derived, Incident, StepVisit, WorkItem
from schemas.measurement import WINDOWS
from tests.builders.measured import DAY, HOUR, MICROS, MINUTE, STREAM
from tests.builders.plain_delivery import of_environment
from tests.builders.plain_statistics import QUANTILES, Answer, Span, amounts, count, durations, over, ratio, takt

Key = tuple[str, str, str, str, str, str, str]
"""(step, metric, window, statistic, kind, environment, service)."""

Answers = dict[Key, Answer]
"""Value and n of each series."""

Short = tuple[str, str]
"""(metric, statistic)."""

KINDS = ("feature", "defect", "risk", "debt")
_UNITS = {"m": MINUTE, "h": HOUR, "d": DAY}


def answers(rows: Sequence[Derived], now: int, definition: Definition) -> Answers:
    """Return every series of the one stream `STREAM`, the feed's left out."""
    stream = definition.stream(STREAM)
    assert stream is not None
    plain = _Plain(rows, stream, now)
    found: Answers = {}
    for window, start, length in zip(WINDOWS, window_starts(now), LENGTHS, strict=True):
        for (step, metric, statistic, kind, environment, service), answer in plain.windowed(Span(start, now, length)):
            found[step, metric, window, statistic, kind, environment, service] = answer
    for (step, metric, statistic, kind), answer in plain.standing():
        found[step, metric, "", statistic, kind, "", ""] = answer
    return found


class _Plain:
    def __init__(self, rows: Sequence[Derived], stream: ValueStream, now: int) -> None:
        self.stream = stream
        self.now = now
        self.rows = rows
        self.visits = [row for row in rows if isinstance(row, StepVisit) and row.counted]
        self.items = [row for row in rows if isinstance(row, WorkItem)]

    def windowed(self, span: Span) -> Iterator[tuple[tuple[str, str, str, str, str, str], Answer]]:
        for kind in ("", *KINDS):
            for step in self.stream.steps:
                visits = [v for v in self.visits if v.step == step.name and kind in ("", v.kind)]
                for (metric, statistic), answer in self.of_step(step.name, visits, span):
                    yield (step.name, metric, statistic, kind, "", ""), answer
            for (metric, statistic), answer in self.of_flow([i for i in self.items if kind in ("", i.kind)], span):
                yield ("", metric, statistic, kind, "", ""), answer
        yield from self.of_kinds(span)
        yield from self.of_map(span)
        for environment, service in self.places():
            for (metric, statistic), answer in of_environment(self.rows, self.stream, environment, service, span):
                yield ("", metric, statistic, "", environment, service), answer

    def places(self) -> set[tuple[str, str]]:
        services = {row.service for row in self.rows if isinstance(row, Change | Deployment | Incident)} | {""}
        production = self.stream.production
        return {(production, service) for service in services} | {(other, "") for other in self.stream.environments}

    def of_step(self, step: str, visits: Sequence[StepVisit], span: Span) -> Iterator[tuple[Short, Answer]]:
        done = [v for v in visits if span.holds(v.finished_at)]
        measured: dict[str, list[int | None]] = {
            "wait": [v.wait_micros for v in done],
            "process": [v.process_micros for v in done],
            "lead": [_lead(v) for v in done],
        }
        for part, spans in measured.items():
            yield from durations(f"step_{part}_seconds", spans)
            yield from self.met(f"{step}.{part}", f"step_{part}_met_ratio", spans)
        yield from durations("step_blocked_seconds", [v.blocked_micros for v in done])
        if self.stream.calendar is not None:
            yield from durations("step_wait_working_seconds", [v.wait_working_micros for v in done])
            yield from durations("step_process_working_seconds", [v.process_working_micros for v in done])
            yield from durations("step_lead_working_seconds", [_lead_working(v) for v in done])
        arrivals = sum(span.holds(_begin(v)) for v in visits)
        yield ("step_completions", "count"), count(len(done))
        yield ("step_arrivals", "count"), count(arrivals)
        yield ("step_takt_seconds", "mean"), takt(self.available(span), arrivals)
        yield ("step_complete_accurate_ratio", "ratio"), ratio(sum(not v.returned for v in done), len(done))

    def of_flow(self, items: Sequence[WorkItem], span: Span) -> Iterator[tuple[Short, Answer]]:
        done = [i for i in items if span.holds(i.finished_at)]
        spans = [None if i.finished_at is None or i.started_at is None else i.finished_at - i.started_at for i in done]
        yield from durations("flow_time_seconds", spans)
        yield from self.met("flow_time", "flow_time_met_ratio", spans)
        if self.stream.calendar is not None:
            yield from durations("flow_time_working_seconds", [i.flow_working_micros for i in done])
        yield from durations("flow_effort_seconds", [i.effort_micros for i in done])
        hands = amounts("flow_handoffs", [i.handoffs for i in done])
        yield from ((name, answer) for name, answer in hands if name[1] != "p95")
        arrivals = sum(span.holds(_started(i)) for i in items)
        yield ("flow_velocity", "count"), count(len(done))
        yield ("flow_arrivals", "count"), count(arrivals)
        yield ("takt_seconds", "mean"), takt(self.available(span), arrivals)
        parted = [i for i in done if i.process_micros is not None]
        active = sum(i.process_micros or 0 for i in parted)
        charged = sum((i.process_micros or 0) + (i.wait_micros or 0) + (i.blocked_micros or 0) for i in parted)
        yield ("flow_efficiency_ratio", "ratio"), over(active, charged, len(parted))
        pathed = [i for i in done if i.path_process_micros is not None]
        path = sum(i.path_process_micros or 0 for i in pathed)
        order = sum((i.finished_at or 0) - min(i.created_at or 0, i.started_at or 0) for i in pathed)
        yield ("activity_ratio", "ratio"), over(path, order, len(pathed))

    def of_kinds(self, span: Span) -> Iterator[tuple[tuple[str, str, str, str, str, str], Answer]]:
        kinds = [str(i.kind) for i in self.items if span.holds(i.finished_at) and i.kind is not None]
        for kind in KINDS:
            answer = ratio(kinds.count(kind), len(kinds))
            yield ("", "flow_distribution_ratio", "ratio", kind, "", ""), answer

    def of_map(self, span: Span) -> Iterator[tuple[tuple[str, str, str, str, str, str], Answer]]:
        steps = [[v for v in self.visits if v.step == step.name] for step in self.stream.steps]
        done = [[v for v in visits if span.holds(v.finished_at)] for visits in steps]
        used = [visits for visits in done if visits]
        n = min((len(visits) for visits in used), default=0)
        rolled = prod(sum(not v.returned for v in visits) / len(visits) for visits in used)
        yield ("", "rolled_complete_accurate_ratio", "ratio", "", "", ""), (rolled if n >= 5 else None, n)
        stays = [_stays(visits, span) for visits in steps[1:]]
        whole = sum(sum(stay) for stay in stays)
        for step, stay in zip(self.stream.steps[1:], stays, strict=True):
            value = sum(stay) / whole if len(stay) >= 5 and whole else None
            yield (step.name, "constraint_score", "ratio", "", "", ""), (value, len(stay))

    def standing(self) -> Iterator[tuple[tuple[str, str, str, str], Answer]]:
        for kind in ("", *KINDS):
            for step in self.stream.steps:
                of_step = [v for v in self.visits if v.step == step.name and kind in ("", v.kind)]
                begun = [(b, v.finished_at) for v in of_step if (b := _begin(v)) is not None and b <= self.now]
                open_ = self.open(begun)
                wip = float(len(open_)) if begun else None
                yield (step.name, "step_work_in_progress", "now", kind), (wip, len(begun))
                oldest = (self.now - min(open_)) / MICROS if open_ else None
                yield (step.name, "step_oldest_age_seconds", "now", kind), (oldest, len(open_))
                for statistic, answer in self.ages(open_):
                    yield (step.name, "step_age_seconds", statistic, kind), answer
            items = [i for i in self.items if kind in ("", i.kind)]
            started = [(s, i.finished_at) for i in items if (s := _started(i)) is not None and s <= self.now]
            open_ = self.open(started)
            yield ("", "flow_load", "now", kind), (float(len(open_)) if started else None, len(started))
            for statistic, answer in self.ages(open_):
                yield ("", "flow_age_seconds", statistic, kind), answer

    def open(self, begun: Iterable[tuple[int, int | None]]) -> list[int]:
        return [begin for begin, end in begun if end is None or end > self.now]

    def ages(self, begins: Iterable[int]) -> Iterator[tuple[str, Answer]]:
        for (_, statistic), answer in durations("age", [self.now - begin for begin in begins]):
            if statistic in QUANTILES:
                yield statistic, answer

    def met(self, prefix: str, metric: str, spans: Iterable[int | None]) -> Iterator[tuple[Short, Answer]]:
        known = [each for each in spans if each is not None and each >= 0]
        for statistic in QUANTILES:
            target = self.stream.targets.get(f"{prefix}_{statistic}")
            if target is not None:
                most = int(target[:-1]) * _UNITS[target[-1]]
                yield (metric, statistic), ratio(sum(each <= most for each in known), len(known))

    def available(self, span: Span) -> int:
        """The window's length; by a calendar its whole minutes that work, one by one."""
        if self.stream.calendar is None:
            return span.length
        return sum(_works(self.stream, at) for at in range(span.start, span.start + span.length, HOUR)) * HOUR


def _works(stream: ValueStream, at: int) -> bool:
    """Whether an hour, which begins at an instant, is one of working time; the calendar is UTC's, in whole hours."""
    assert stream.calendar is not None
    weekday, minute = (at // DAY + 3) % 7, at % DAY // MINUTE
    return any(day == weekday and start <= minute < end for day, start, end in stream.calendar.hours)


def _begin(row: StepVisit) -> int | None:
    begin = row.queued_at if row.queued_at is not None else row.started_at
    return begin if begin is None or row.finished_at is None else min(begin, row.finished_at)


def _started(row: WorkItem) -> int | None:
    return row.started_at


def _lead(row: StepVisit) -> int | None:
    return None if row.finished_at is None or row.queued_at is None else row.finished_at - row.queued_at


def _lead_working(row: StepVisit) -> int | None:
    parts = (row.wait_working_micros, row.process_working_micros, row.blocked_working_micros)
    known = [part for part in (*parts, row.unaccounted_working_micros) if part is not None]
    return sum(known) if known and row.queued_at is not None else None


def _stays(visits: Iterable[StepVisit], span: Span) -> list[int]:
    """Return how long each visit that was open in the window stood in it."""
    stays = []
    for row in visits:
        begin = _begin(row)
        end = span.now if row.finished_at is None else min(row.finished_at, span.now)
        if begin is not None and begin <= span.now and end >= span.start:
            stays.append(end - max(begin, span.start))
    return stays
