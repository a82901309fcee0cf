"""All series of one stream, moved by rows and by the clock; pure."""

from __future__ import annotations

from typing import Final

from metrics.point import FLOW, Point, named, service_series, step_series
from metrics.points import points
from metrics.windows import BUCKETS, window_starts
from processors.series import Ahead, Series
from processors.windows import EVERY_WINDOW
from schemas.definition import ValueStream
from schemas.derived import Update
from schemas.measurement import WINDOWS

SERVICES_MOST: Final = 100
"""Services measured for themselves in one stream, the first by name; all of them count for the stream."""

_ALL: Final = service_series("")


class StreamSeries:
    """What rows said of one stream, up to the clock.

    Steps, items and all services together always have a series; kinds of work, single services and environments before
    production while they have rows.
    """

    def __init__(self, stream: ValueStream, now: int | None) -> None:
        """Start empty at the clock's `now`; None: not known yet, every point waits for it."""
        self._stream = stream
        self._now = now
        self._ahead = Ahead()
        self._names: tuple[str, ...] | None = None
        self.by_name: dict[str, Series] = {}
        for name in (*(step_series(step.name) for step in stream.steps), FLOW, _ALL):
            self._series(name)

    def observe(self, update: Update) -> bool:
        """Take back the points of the row before, add those of the row after; tell whether anything changed."""
        gone, come = points(update.before, self._stream), points(update.after, self._stream)
        if gone == come:
            return False
        for point in gone:
            if point not in come:
                self._move(point, -1)
        for point in come:
            if point not in gone:
                self._move(point, 1)
        return True

    def advance(self, now: int) -> None:
        """Move the clock on; it never goes back."""
        if self._now is None:
            for series in self.by_name.values():
                series.windows.advance(now)
        self._now = now
        for point, times in self._ahead.reached(now):
            self._apply(point, times)
        for series in self.by_name.values():
            series.windows.advance(now)

    def measured(self) -> tuple[str, ...]:
        """Return the names of the series that are measured, in a fixed order: not more than SERVICES_MOST services."""
        if self._names is None:
            services = sorted(name for name in self.by_name if name.startswith(_ALL) and name != _ALL)
            others = [name for name in self.by_name if not name.startswith(_ALL)]
            self._names = (*others, _ALL, *services[:SERVICES_MOST])
        return self._names

    def drop_empty(self) -> None:
        """Forget services and environments of which no window holds anything, and kinds of work that have no rows."""
        for name in [name for name, series in self.by_name.items() if _is_over(name, series)]:
            gone = self.by_name.pop(name)
            self._names = None
            if (whole := _whole_of(name)) is not None:
                self.by_name[whole].leave(gone)

    def observed(self, now: int) -> tuple[float, ...] | None:
        """Return, for each window, the share of its buckets since the first point up to now; None before any."""
        kept = [series.windows for name, series in self.by_name.items() if name in self._always]
        if any(windows.older for windows in kept):
            return (1.0,) * len(WINDOWS)
        firsts = [first for windows in kept if (first := windows.first()) is not None]
        if not firsts:
            return None
        deepest, start = max(level for level, _ in firsts), min(start for _, start in firsts)
        return tuple(
            1.0 if level < deepest else _share_since(start, window_start, now, bucket)
            for level, (window_start, bucket) in enumerate(zip(window_starts(now), BUCKETS, strict=True))
        )

    def next_change(self, now: int) -> int | None:
        """Return the earliest clock at which something changes though no row does; None when nothing can."""
        whole = [series.windows for name, series in self.by_name.items() if _is_whole(name)]
        edges = [edge for windows in whole if (edge := windows.next_edge()) is not None]
        ahead = self._ahead.next()
        if ahead is not None:
            edges.append(ahead)
        for share, bucket in zip(self.observed(now) or (), BUCKETS, strict=False):
            if share < 1:
                edges.append((now // bucket + 1) * bucket)
        return min(edges, default=None)

    @property
    def _always(self) -> set[str]:
        return {step_series(step.name) for step in self._stream.steps} | {FLOW, _ALL}

    def _move(self, point: Point, sign: int) -> None:
        if self._now is None or point.at > self._now:
            self._ahead.put(point, sign)
        else:
            self._apply(point, sign)

    def _apply(self, point: Point, sign: int) -> None:
        self._series(point.series).apply(point, sign, holding=not point.also)
        if point.also:
            self._series(point.also).apply(point, sign)

    def _series(self, name: str) -> Series:
        series = self.by_name.get(name)
        if series is None:
            series = self.by_name[name] = Series()
            series.touched = True
            series.windows.dirty = EVERY_WINDOW
            if self._now is not None:
                series.windows.advance(self._now)
            self._names = None
            if (whole := _whole_of(name)) is not None:
                self.by_name[whole].join(series)
        return series


def _is_whole(name: str) -> bool:
    """Tell whether a series is no part of another, which has all of its points too."""
    family, kind, label = named(name)
    return not kind and (family != "service" or not label)


def _whole_of(name: str) -> str | None:
    """Return the series of all work that a kind of work's is a part of; None for what is no kind's."""
    family, kind, label = named(name)
    return f"{family}:{label}" if kind else None


def _is_over(name: str, series: Series) -> bool:
    family, kind, label = named(name)
    if kind:
        return series.is_new()
    return (family == "environment" or (family == "service" and bool(label))) and series.is_empty()


def _share_since(start: int, window_start: int, now: int, bucket: int) -> float:
    newest, oldest = now // bucket, window_start // bucket
    return min(1.0, (newest - start // bucket + 1) / (newest - oldest + 1))
