"""One stream's measurements: what has to be said of its series now; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from metrics.codes import Held
from metrics.point import named, step_series
from metrics.reading import Basis, Metric, Scope, StepTally
from metrics.recompute import available_micros
from metrics.slices import edges
from metrics.targets import targeted
from metrics.windows import window_starts
from processors.measuring import NOW, Measuring, Quality, Signs, feed_key, measuring
from processors.said import Block
from processors.selection import IN_WINDOW, NOW_SCOPE, Labels, Selection
from processors.stream_series import StreamSeries
from schemas.definition import ValueStream
from schemas.derived import Update
from schemas.measurement import WINDOWS, Measurement

__all__ = ["Board", "Signs"]

_SECOND: Final = 1_000_000
_NAMES: Final = (*WINDOWS, "")
_SECONDS: Final = (*WINDOWS.values(), 0)
_MAP: Final = "map:"
_FEED: Final = "feed:"
_TICKING: Final = "~"
"""Behind the name of a series: the block of what the clock moves too."""


def _whole_second(now: int) -> int:
    return now // _SECOND * _SECOND


class Board:
    """One stream: takes rows, says measurements, a function of the rows it holds, the clock and the signs."""

    def __init__(self, stream: ValueStream, definition_version: str, generation: int, now: int | None) -> None:
        self._stream = stream
        self._version = definition_version
        self._generation = generation
        self._series = StreamSeries(stream, now)
        self._selection = Selection(stream)
        self._targets = {name: targeted(stream, name) for name in ("", *(step.name for step in stream.steps))}
        self._available: dict[int, tuple[int, int]] = {}
        self._blocks: dict[tuple[str, int], Block] = {}
        self._tallies: dict[tuple[str, int], Mapping[int, int]] = {}
        self._quality: Quality | None = None
        self._feed_said: tuple[int | None, int, int] | None = None
        self.next_at = 0
        """The earliest clock at which there is something to say though no row changes."""

    def observe(self, update: Update) -> bool:
        """Take one row's change; tell whether anything measured may have changed."""
        return self._series.observe(update)

    def measure(self, now: int, signs: Signs | None, *, everything: bool = False) -> list[Measurement]:
        """Return what changed, is due, or (`everything`) all of it, at the clock's `now`."""
        self._series.advance(now)
        self._series.drop_empty()
        visit = measuring(now, signs, self._series.observed(now), self._quality, everything=everything)
        self._quality = visit.quality
        said = [m for name in self._series.measured() for m in self._say_series(visit, name)]
        said += self._say_map(visit)
        said += self._say_feed(visit, feed_key(signs))
        said += self._retract_unmeasured(now)
        self._settle()
        self.next_at = self._next_at(now)
        return said

    def feed_changed(self, signs: Signs | None) -> bool:
        """Tell whether the signs differ from those last said."""
        return feed_key(signs) != self._feed_said

    def _say_series(self, visit: Measuring, name: str) -> Iterator[Measurement]:
        series, what = self._series.by_name[name], named(name)
        stale = visit.stale() | series.windows.dirty
        yield from self._say_windows(visit, name, stale)
        if what.family in NOW_SCOPE:
            block = self._block(name, NOW)
            if series.touched or visit.is_stale(NOW) or block.is_due(visit.now):
                basis = self._basis(visit, NOW, name, {})
                metrics = self._selection.of(NOW_SCOPE[what.family], what).steady
                yield from self._say(visit, block, metrics, basis, NOW, self._selection.labels(what))

    def _say_windows(self, visit: Measuring, name: str, stale: int) -> Iterator[Measurement]:
        what = named(name)
        selected, labels = self._selection.of(IN_WINDOW[what.family], what), self._selection.labels(what)
        steady = [self._block(name, window) for window in range(NOW)]
        ticking = [self._block(name + _TICKING, window) for window in range(NOW)] if selected.ticking else []
        fresh = stale | sum(1 << w for w, block in enumerate(ticking) if block.is_due(visit.now))
        cells = self._series.by_name[name].windows.cells() if fresh & (1 << NOW) - 1 else []
        for window in range(NOW):
            if fresh >> window & 1:
                basis = self._basis(visit, window, name, cells[window])
            if stale >> window & 1:
                if what.family == "step" and not what.kind:
                    self._tallies[name, window] = basis.held.counts()
                yield from self._say(visit, steady[window], selected.steady, basis, window, labels)
            elif steady[window].is_due(visit.now):
                yield from steady[window].repeat(visit.now, _whole_second(visit.now))
            if ticking and fresh >> window & 1:
                yield from self._say(visit, ticking[window], selected.ticking, basis, window, labels)

    def _say_map(self, visit: Measuring) -> Iterator[Measurement]:
        names = [(step, step_series(step.name)) for step in self._stream.steps]
        touched = any(self._series.by_name[n].touched or self._series.by_name[n].windows.dirty for _, n in names)
        metrics = self._selection.of(Scope.MAP).steady
        for window in range(NOW):
            block = self._block(_MAP, window)
            if not (touched or visit.is_stale(window) or block.is_due(visit.now)):
                continue
            tallies = tuple(
                StepTally(
                    step=step.name,
                    counts=self._tallies[name, window],
                    open=self._series.by_name[name].open,
                    is_inlet=index == 0 and not step.value_adding,
                    slices=self._series.by_name[name].windows.slices(window, visit.now),
                )
                for index, (step, name) in enumerate(names)
            )
            basis = Basis(
                now=visit.now,
                window_start=window_starts(visit.now)[window],
                seconds=_SECONDS[window],
                steps=tallies,
                edges=edges(window, visit.now),
            )
            yield from self._say(visit, block, metrics, basis, window, Labels())

    def _say_feed(self, visit: Measuring, key: tuple[int | None, int, int]) -> Iterator[Measurement]:
        changed = key != self._feed_said
        self._feed_said = key
        for window, basis in enumerate(visit.feeds):
            block = self._block(_FEED, window)
            if changed or visit.is_stale(window) or block.is_due(visit.now):
                metrics = self._selection.of(Scope.FEED_NOW if window == NOW else Scope.FEED).steady
                yield from self._say(visit, block, metrics, basis, window, None)

    def _say(
        self,
        visit: Measuring,
        block: Block,
        metrics: tuple[Metric, ...],
        basis: Basis,
        window: int,
        labels: Labels | None,
    ) -> list[Measurement]:
        """Say some metrics; of the feed itself, which has no labels, no completeness is said."""
        quality = None if labels is None else visit.quality[window]
        measured = self._measurements(metrics, basis, window, labels or Labels(), quality)
        return block.say(measured, visit.now, everything=visit.everything)

    def _measurements(
        self, metrics: tuple[Metric, ...], basis: Basis, window: int, labels: Labels, quality: float | None
    ) -> Iterator[Measurement]:
        measured_at = _whole_second(basis.now)
        for metric in metrics:
            for reading in metric.compute(basis):
                yield Measurement(
                    measured_at=measured_at,
                    value_stream=self._stream.name,
                    step=reading.step or labels.step,
                    metric=metric.name,
                    window=_NAMES[window],
                    statistic=reading.statistic,
                    kind=reading.kind or labels.kind,
                    environment=labels.environment,
                    service=labels.service,
                    value=reading.value,
                    n=reading.n,
                    lower=reading.lower,
                    upper=reading.upper,
                    completeness=None if quality is None else quality * reading.known,
                    definition_version=self._version,
                    generation=self._generation,
                )

    def _basis(self, visit: Measuring, window: int, name: str, cell: Mapping[int, int]) -> Basis:
        series, what = self._series.by_name[name], named(name)
        return Basis(
            now=visit.now,
            window_start=0 if window == NOW else window_starts(visit.now)[window],
            seconds=_SECONDS[window],
            cell=cell,
            held=Held(cell),
            open=series.open,
            earliest=series.begins.earliest() if window == NOW else None,
            begins=series.begins_sum,
            opened_before=series.begins.earlier_than,
            begins_at=series.begins.at,
            available_micros=0 if window == NOW else self._available_micros(window, visit.now),
            targets=self._targets.get(what.label, {}) if what.family in NOW_SCOPE else {},
            seen=series.seen,
        )

    def _available_micros(self, window: int, now: int) -> int:
        """Return the working time in a window's length from its start, remembered until it moves."""
        start = window_starts(now)[window]
        known = self._available.get(window)
        if known is None or known[0] != start:
            known = self._available[window] = start, available_micros(self._stream, start, _SECONDS[window])
        return known[1]

    def _block(self, name: str, window: int) -> Block:
        block = self._blocks.get((name, window))
        if block is None:
            block = self._blocks[name, window] = Block(len(self._blocks))
        return block

    def _retract_unmeasured(self, now: int) -> list[Measurement]:
        """Say of services that are no longer measured that they are unknown, and forget what was said."""
        names = {*(each for name in self._series.measured() for each in (name, name + _TICKING)), _MAP, _FEED}
        gone = [key for key in self._blocks if key[0] not in names]
        for key in gone:
            self._tallies.pop(key, None)
        return [m for key in gone for m in self._blocks.pop(key).retract(_whole_second(now))]

    def _settle(self) -> None:
        for name in self._series.measured():
            series = self._series.by_name[name]
            series.touched = False
            series.windows.dirty = 0

    def _next_at(self, now: int) -> int:
        times = [block.due_at for block in self._blocks.values() if block.due_at is not None]
        change = self._series.next_change(now)
        return min(times if change is None else [*times, change], default=1 << 62)
