"""One stream's measurements: what has to be said of its series now; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Protocol

from msgspec import Struct
from msgspec.structs import replace

from metrics import of_scope
from metrics.codes import Held
from metrics.feed import sound
from metrics.points import step_series
from metrics.reading import Basis, Scope, StepTally
from metrics.windows import window_starts
from processors.said import Block
from processors.series import Series
from processors.stream_series import StreamSeries
from processors.windows import EVERY_WINDOW
from schemas.definition import ValueStream
from schemas.derived import Update
from schemas.measurement import WINDOWS, Measurement

_SECOND: Final = 1_000_000
_NAMES: Final = (*WINDOWS, "")
_SECONDS: Final = (*WINDOWS.values(), 0)
_NOW: Final = len(WINDOWS)
"""The place after the windows: what has no window."""
_MAP: Final = "map:"
_FEED: Final = "feed:"
_METRICS: Final = {scope: of_scope(scope) for scope in Scope}
_IN_WINDOW: Final = {"step": Scope.STEP, "flow": Scope.FLOW, "service": Scope.SERVICE}
_NOW_SCOPE: Final = {"step": Scope.STEP_NOW, "flow": Scope.FLOW_NOW}


class Signs(Protocol):
    """What is known of a stream's facts as a whole; microseconds UTC."""

    @property
    def newest_occurred_at(self) -> int | None:
        """When the newest fact occurred."""

    @property
    def facts(self) -> int:
        """How many facts there are."""

    @property
    def implausible(self) -> int:
        """How many of them derive nothing for their time."""

    @property
    def squeezed(self) -> int:
        """How many of them are no longer held."""


class _Visit(Struct, frozen=True, kw_only=True):
    """One measuring of one stream. `renewed`: the completeness of everything changed."""

    now: int
    feed: Basis
    observed: tuple[float, ...] | None
    renewed: bool
    everything: bool

    def completeness(self, scope: Scope, window: int) -> float | None:
        """Return how complete the facts behind a measurement are; None where unknown, or of the feed itself."""
        if scope in {Scope.FEED, Scope.FEED_NOW} or self.observed is None:
            return None
        return sound(self.feed) * (1.0 if window == _NOW else self.observed[window])

    def feed_in(self, window: int) -> Basis:
        """Return the feed's basis in a window."""
        observed = None if self.observed is None or window == _NOW else self.observed[window]
        return replace(self.feed, observed=observed)


def _feed_key(signs: Signs | None) -> tuple[int | None, int, int]:
    if signs is None:
        return None, 0, 0
    return signs.newest_occurred_at, signs.facts, signs.implausible + signs.squeezed


def _whole_second(now: int) -> int:
    return now // _SECOND * _SECOND


class Board:
    """One stream: takes rows, says measurements, a function of the rows it holds, the clock and the signs."""

    def __init__(self, stream: ValueStream, definition_version: str, generation: int, now: int | None) -> None:
        self._stream = stream
        self._version = definition_version
        self._generation = generation
        self._series = StreamSeries(stream, now)
        self._blocks: dict[tuple[str, int], Block] = {}
        self._tallies: dict[tuple[str, int], Mapping[int, int]] = {}
        self._quality: tuple[tuple[float, ...] | None, float] | None = None
        self._feed_said: tuple[int | None, int, int] | None = None
        self.next_at = 0
        """The earliest clock at which there is something to say though no row changes."""

    def observe(self, update: Update) -> bool:
        """Take one row's change; tell whether anything measured may have changed."""
        return self._series.observe(update)

    def measure(self, now: int, signs: Signs | None, *, everything: bool = False) -> list[Measurement]:
        """Return what changed, is due, or (`everything`) all of it, at the clock's `now`."""
        self._series.advance(now)
        self._series.drop_empty_services()
        feed = self._feed(now, signs)
        observed = self._series.observed(now)
        renewed = (observed, sound(feed)) != self._quality
        self._quality = (observed, sound(feed))
        visit = _Visit(now=now, feed=feed, observed=observed, renewed=renewed, everything=everything)
        said = [m for name in self._series.measured() for m in self._say_series(visit, name)]
        said += self._say_map(visit)
        said += self._say_feed(visit)
        said += self._retract_unmeasured(now)
        self._settle()
        self.next_at = self._next_at(now)
        return said

    def feed_changed(self, signs: Signs | None) -> bool:
        """Tell whether the signs differ from those last said."""
        return _feed_key(signs) != self._feed_said

    def _say_series(self, visit: _Visit, name: str) -> Iterator[Measurement]:
        series = self._series.by_name[name]
        family, _, label = name.partition(":")
        stale = EVERY_WINDOW if visit.everything or visit.renewed else series.windows.dirty
        cells = series.windows.cells() if stale else []
        for window in range(_NOW):
            block = self._block(name, window)
            if stale >> window & 1:
                basis = self._basis(visit, window, series, cells[window])
                self._tallies[name, window] = basis.held.counts()
                yield from self._say(visit, block, _IN_WINDOW[family], window, basis, label)
            elif block.is_due(visit.now):
                yield from block.repeat(visit.now, _whole_second(visit.now))
        if family in _NOW_SCOPE:
            block = self._block(name, _NOW)
            if series.touched or visit.everything or visit.renewed or block.is_due(visit.now):
                basis = self._basis(visit, _NOW, series, {})
                yield from self._say(visit, block, _NOW_SCOPE[family], _NOW, basis, label)

    def _say_map(self, visit: _Visit) -> Iterator[Measurement]:
        names = [(step, step_series(step.name)) for step in self._stream.steps]
        touched = any(self._series.by_name[n].touched or self._series.by_name[n].windows.dirty for _, n in names)
        for window in range(_NOW):
            block = self._block(_MAP, window)
            if not (touched or visit.everything or visit.renewed or block.is_due(visit.now)):
                continue
            tallies = tuple(
                StepTally(
                    step=step.name,
                    counts=self._tallies[name, window],
                    open=self._series.by_name[name].open,
                    is_inlet=index == 0 and not step.value_adding,
                )
                for index, (step, name) in enumerate(names)
            )
            basis = Basis(
                now=visit.now,
                window_start=window_starts(visit.now)[window],
                seconds=_SECONDS[window],
                steps=tallies,
            )
            yield from self._say(visit, block, Scope.MAP, window, basis, "")

    def _say_feed(self, visit: _Visit) -> Iterator[Measurement]:
        key = (visit.feed.newest_occurred_at, visit.feed.facts, visit.feed.lost_facts)
        changed = visit.everything or visit.renewed or key != self._feed_said
        self._feed_said = key
        for window in range(_NOW + 1):
            block = self._block(_FEED, window)
            if changed or block.is_due(visit.now):
                scope = Scope.FEED_NOW if window == _NOW else Scope.FEED
                yield from self._say(visit, block, scope, window, visit.feed_in(window), "")

    def _say(
        self, visit: _Visit, block: Block, scope: Scope, window: int, basis: Basis, label: str
    ) -> list[Measurement]:
        measured = self._measurements(visit, scope, window, basis, label)
        return block.say(measured, visit.now, everything=visit.everything)

    def _measurements(
        self, visit: _Visit, scope: Scope, window: int, basis: Basis, label: str
    ) -> Iterator[Measurement]:
        quality = visit.completeness(scope, window)
        of_service = scope == Scope.SERVICE
        measured_at = _whole_second(visit.now)
        for metric in _METRICS[scope]:
            for reading in metric.compute(basis):
                yield Measurement(
                    measured_at=measured_at,
                    value_stream=self._stream.name,
                    step=reading.step or ("" if of_service else label),
                    metric=metric.name,
                    window=_NAMES[window],
                    statistic=reading.statistic,
                    kind=reading.kind,
                    environment=self._stream.production if of_service else "",
                    service=label if of_service else "",
                    value=reading.value,
                    n=reading.n,
                    lower=reading.lower,
                    upper=reading.upper,
                    completeness=None if quality is None else quality * reading.known,
                    definition_version=self._version,
                    generation=self._generation,
                )

    def _basis(self, visit: _Visit, window: int, series: Series, cell: Mapping[int, int]) -> Basis:
        return Basis(
            now=visit.now,
            window_start=0 if window == _NOW else window_starts(visit.now)[window],
            seconds=_SECONDS[window],
            cell=cell,
            held=Held(cell),
            open=series.open,
            earliest=series.begins.earliest() if window == _NOW else None,
            seen=series.seen,
        )

    def _feed(self, now: int, signs: Signs | None) -> Basis:
        newest, facts, lost = _feed_key(signs)
        return Basis(now=now, newest_occurred_at=newest, facts=facts, lost_facts=lost)

    def _block(self, name: str, window: int) -> Block:
        block = self._blocks.get((name, window))
        if block is None:
            block = self._blocks[name, window] = Block(len(self._blocks))
        return block

    def _retract_unmeasured(self, now: int) -> list[Measurement]:
        """Say of services that are no longer measured that they are unknown, and forget what was said."""
        names = {*self._series.measured(), _MAP, _FEED}
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
