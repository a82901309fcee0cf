"""The batch definition of any measurement: rows, a stream's definition and a clock in, a metric's readings out; pure.

Points, codes and the metric's own function are those of the rolling measures, so there is one definition. Here nothing
rolls: whoever wants to know why a number is what it is hands in the rows behind it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from msgspec import Struct

from metrics.calendar import working_micros
from metrics.codes import Held
from metrics.point import Point, environment_series, flow_series, service_series, step_series
from metrics.points import points
from metrics.reading import Basis, Metric, Reading, Scope, StepTally
from metrics.slices import Slice, edges, slice_of, slices
from metrics.targets import targeted
from metrics.windows import Cell, put, window_starts
from schemas.definition import ValueStream
from schemas.derived import Derived
from schemas.measurement import WINDOWS

_NAMES: Final = tuple(WINDOWS)
_MICROS: Final = 1_000_000

NOT_FROM_ROWS: Final = (Scope.FEED, Scope.FEED_NOW)
"""What is measured of facts, not of rows."""

NOW_SCOPES: Final = (Scope.STEP_NOW, Scope.FLOW_NOW, Scope.FEED_NOW)
"""What has no window."""


class NotFromRows(ValueError):  # noqa: N818 - shown to the user as it is
    """The metric is measured of facts as a whole: no rows give it."""


class Asked(Struct, frozen=True, kw_only=True):
    """Which series of a metric, at which clock (`now`, microseconds UTC).

    `window` is '' for a value of now; '' in `step kind service` means all. `environment` '' is production.
    """

    stream: ValueStream
    metric: Metric
    now: int
    window: str = ""
    step: str = ""
    kind: str = ""
    environment: str = ""
    service: str = ""

    @property
    def start(self) -> int:
        """The instant from which on the window holds what happened; the clock itself for a value of now."""
        return window_starts(self.now)[self.place] if self.window else self.now

    @property
    def place(self) -> int:
        """The window's place among the windows, the shortest first. Raises ValueError for a value of now."""
        return _NAMES.index(self.window)

    @property
    def seconds(self) -> int:
        """The window's length, 0 for a value of now."""
        return WINDOWS.get(self.window, 0)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the series whose points it is made of: one, or those of a map's steps. Raises NotFromRows."""
        match self.metric.scope:
            case Scope.STEP | Scope.STEP_NOW:
                return (step_series(self.step, self.kind),)
            case Scope.FLOW | Scope.FLOW_NOW:
                return (flow_series(self.kind if self.metric.by_kind else ""),)
            case Scope.SERVICE if self.environment in {"", self.stream.production}:
                return (service_series(self.service),)
            case Scope.SERVICE:
                return (environment_series(self.environment),)
            case Scope.MAP:
                return tuple(step_series(step.name) for step in self.stream.steps)
            case _:
                raise NotFromRows(f"{self.metric.name} is measured of the facts themselves: no items stand behind it")

    def placed(self, row: Derived) -> tuple[Point, ...]:
        """Return a row's points that lie in the series and not after the clock."""
        names = self.names
        return tuple(
            point
            for point in points(row, self.stream)
            if point.at <= self.now and (point.series in names or (point.also and point.also in names))
        )


class Tally:
    """What the points of one series come to: the window's cell, and what is open now."""

    def __init__(self, *, sliced: bool = False) -> None:
        """Start empty; `sliced`: what happened in each slice of the window is asked for too."""
        self._sliced = sliced
        self.cell: Cell = {}
        self.seen = 0
        """How many opened, in the window or before."""
        self._begins: Counter[int] = Counter()
        self._slices: list[tuple[int, Slice]] = []

    def add(self, point: Point, start: int) -> None:
        """Add a point that is not after the clock; `start` is the window's."""
        if point.at >= start:
            put(self.cell, point.amounts, 1)
            if self._sliced:
                self._slices.append((point.at, slice_of(dict(point.amounts))))
        if point.opens:
            self._begins[point.begin] += point.opens
            self.seen += point.opens > 0

    def sum(self, at: int, amounts: Sequence[tuple[int, int]]) -> None:
        """Add what somebody else has summed over points of one slice of the window, which begins at `at`."""
        put(self.cell, amounts, 1)
        if self._sliced:
            self._slices.append((at, slice_of(dict(amounts))))

    def stand(self, begins: Iterable[int], seen: int) -> None:
        """Add what is open now, by when it began; `seen` counts all that opened until now."""
        self._begins.update(begins)
        self.seen += seen

    def basis(self, asked: Asked) -> Basis:
        """Return what the metric is computed from."""
        begins = self.begins()
        return Basis(
            now=asked.now,
            window_start=asked.start if asked.window else 0,
            seconds=asked.seconds,
            cell=self.cell,
            held=Held(self.cell),
            open=len(begins),
            earliest=begins[0] if begins else None,
            begins=sum(begins),
            opened_before=lambda instant: bisect_left(begins, instant),
            begins_at=lambda places: [begins[place] for place in places],
            available_micros=available_micros(asked.stream, asked.start, asked.seconds),
            targets=targeted(asked.stream, asked.step),
            seen=self.seen,
        )

    def step_tally(self, asked: Asked, place: int) -> StepTally:
        """Return what a map knows of its step at a place."""
        step = asked.stream.steps[place]
        return StepTally(
            step=step.name,
            counts=Held(self.cell).counts(),
            open=sum(self._begins.values()),
            is_inlet=place == 0 and not step.value_adding,
            slices=slices(asked.place, asked.now, self._slices),
        )

    def begins(self) -> list[int]:
        """Return when each thing that is open now began, ascending."""
        return sorted(self._begins.elements())


def available_micros(stream: ValueStream, start: int, seconds: int) -> int:
    """Return the working time in the `seconds` from a window's start, elapsed without a calendar; microseconds."""
    length = seconds * _MICROS
    return length if stream.calendar is None else working_micros(stream.calendar, start, start + length)


def recompute(rows: Iterable[Derived], asked: Asked, seen_before: int = 0) -> tuple[Reading, ...]:
    """Return all of the metric's readings over some rows of the stream; unknown where they are too few.

    Rows that no point of the series or window comes from change nothing. `seen_before` counts what opened of rows that
    are not handed in since they ended before the window. Raises NotFromRows.
    """
    names = asked.names
    start = asked.start if asked.window else asked.now + 1
    tallies = {name: Tally(sliced=asked.metric.scope == Scope.MAP) for name in names}
    stream, now = asked.stream, asked.now
    for row in rows:
        for point in points(row, stream):
            if point.at <= now:
                for name in (point.series, point.also):
                    if name in tallies:
                        tallies[name].add(point, start)
    return read([tallies[name] for name in names], asked, seen_before)


def read(tallies: Sequence[Tally], asked: Asked, seen_before: int = 0) -> tuple[Reading, ...]:
    """Return the metric's readings of the tallies of its series, in the order of `asked.names`."""
    if asked.metric.scope != Scope.MAP:
        tallies[0].seen += seen_before
        return tuple(asked.metric.compute(tallies[0].basis(asked)))
    basis = Basis(
        now=asked.now,
        window_start=asked.start,
        seconds=asked.seconds,
        steps=tuple(_step_tallies(tallies, asked)),
        edges=edges(asked.place, asked.now),
    )
    return tuple(asked.metric.compute(basis))


def _step_tallies(tallies: Sequence[Tally], asked: Asked) -> Iterator[StepTally]:
    for place, tally in enumerate(tallies):
        yield tally.step_tally(asked, place)
