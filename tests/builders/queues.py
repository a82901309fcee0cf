"""A small queueing simulator: work that passes the steps of a map in series, with a constraint planted or none; seeded.

A step has servers and a service time; where it has no limit of servers it is a mere delay. What happens is exact
queueing (first come, first served), so that queues, starved steps and their noise are what they are in real streams.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from math import log
from random import Random

from msgspec import Struct
from msgspec.structs import replace

from schemas.derived import StepVisit, WorkItem
from tests.builders.measured import HOUR, NOW, item, visit

STEPS = ("Develop", "Review", "Build", "Verify", "Deploy")
"""The steps of the builders' map that work passes in series; all but its inlet."""

SPREAD = 0.6
"""Sigma of the lognormal service times: half of them within a factor of 1.5 around the median."""


class Station(Struct, frozen=True, kw_only=True):
    """One step: its median service time in hours, how many are served at a time (None: all that come).

    From `since` hours on (None: never) the service time is `then_hours`.
    """

    hours: float
    servers: int | None = 1
    since: float | None = None
    then_hours: float = 0.0

    def at(self, now: float) -> float:
        """Return the median service time at an instant (hours)."""
        return self.then_hours if self.since is not None and now >= self.since else self.hours


class Line(Struct, frozen=True, kw_only=True):
    """A stream: its steps, hours between arrivals (mean, exponential), hours of run before now, and what goes wrong.

    `abandoned` is the share of the items that never leave the first step. From `surge_at` hours on arrivals come
    `surge` times as often.
    """

    stations: Mapping[str, Station]
    every: float = 18.0
    run: float = 78 * 24.0
    abandoned: float = 0.0
    surge: float = 1.0
    surge_at: float = 0.0


class Passing(Struct, frozen=True):
    """One visit in hours of the run."""

    item: int
    step: str
    queued: float
    started: float
    finished: float


def balanced(every: float = 18.0, load: float = 0.6, run: float = 78 * 24.0) -> Line:
    """All steps alike: each is busy for `load` of the time."""
    each = Station(hours=every * load / _mean_over_median())
    return Line(stations=dict.fromkeys(STEPS, each), every=every, run=run)


def delays(hours: Sequence[float], every: float = 18.0, run: float = 78 * 24.0) -> Line:
    """Steps that are mere delays of so many hours, the median; none is short of capacity."""
    stations = {step: Station(hours=each, servers=None) for step, each in zip(STEPS, hours, strict=True)}
    return Line(stations=stations, every=every, run=run)


def with_load(line: Line, step: str, load: float, since: float | None = None) -> Line:
    """Let one step be busy for `load` of the time (over 1: its queue grows for ever), from `since` hours on."""
    hours = line.every * load / _mean_over_median()
    old = line.stations[step]
    new = replace(old, hours=hours) if since is None else replace(old, since=since, then_hours=hours)
    return replace(line, stations={**line.stations, step: new})


def simulate(line: Line, seed: int) -> list[StepVisit | WorkItem]:
    """Return the rows of a run that ends at `NOW`; what is not over by then is open."""
    passings = list(_passings(line, Random(seed)))
    return [*(_visit(line, each) for each in passings if each.queued <= line.run), *_items(line, passings)]


def _passings(line: Line, random: Random) -> Iterator[Passing]:
    arriving = list(_arrivals(line, random))
    left_out = {number for number, _ in arriving if random.random() < line.abandoned}
    for step, station in line.stations.items():
        free = [0.0] * (station.servers or 0)
        leaving = []
        for number, queued in arriving:
            started = queued if station.servers is None else max(queued, heapq.heappop(free))
            service = station.at(started) * random.lognormvariate(0, SPREAD)
            if station.servers is not None:
                heapq.heappush(free, started + service)
            never = number in left_out
            yield Passing(number, step, queued, started, float("inf") if never else started + service)
            if not never:
                leaving.append((number, started + service))
        left_out = set()
        arriving = sorted(leaving, key=lambda pair: (pair[1], pair[0]))


def _arrivals(line: Line, random: Random) -> Iterator[tuple[int, float]]:
    at, number = 0.0, 0
    while at < line.run:
        often = line.surge if line.surge != 1 and at >= line.surge_at else 1.0
        at += -log(1 - random.random()) * line.every / often
        number += 1
        yield number, at


def _visit(line: Line, each: Passing) -> StepVisit:
    begin = NOW - int(line.run * HOUR)

    def known(hours: float) -> int | None:
        return begin + int(hours * HOUR) if hours <= line.run else None

    return visit(
        f"ticket:{each.item}",
        each.step,
        queued=known(each.queued),
        started=known(each.started),
        finished=known(each.finished),
    )


def _items(line: Line, passings: Sequence[Passing]) -> Iterator[WorkItem]:
    begin = NOW - int(line.run * HOUR)
    first = {each.item: each.queued for each in reversed(passings)}
    last = {each.item: each.finished for each in passings if each.step == STEPS[-1]}
    for number, queued in sorted(first.items()):
        if queued <= line.run:
            end = last.get(number, float("inf"))
            finished = begin + int(end * HOUR) if end <= line.run else None
            yield item(f"ticket:{number}", started=begin + int(queued * HOUR), finished=finished)


def _mean_over_median() -> float:
    return float(2.718281828459045 ** (SPREAD**2 / 2))
