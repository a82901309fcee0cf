"""All series of one stream, moved by rows and by the clock; pure."""

from __future__ import annotations

from typing import Final

from metrics.points import FLOW, Point, points, service_series, step_series
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
    """What rows said of one stream, up to the clock. Steps, items and all services together always have a series."""

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
            self._series(point.series).apply(point, times)
        for series in self.by_name.values():
            series.windows.advance(now)

    def measured(self) -> tuple[str, ...]:
        """Return the names of the series that are measured, in a fixed order: not more than SERVICES_MOST services."""
        if self._names is None:
            services = sorted(name for name in self.by_name if name.startswith(_ALL) and name != _ALL)
            others = [name for name in self.by_name if not name.startswith(_ALL)]
            self._names = (*others, _ALL, *services[:SERVICES_MOST])
        return self._names

    def drop_empty_services(self) -> None:
        """Forget the services of which no window holds anything any more."""
        for name in [n for n, s in self.by_name.items() if n.startswith(_ALL) and n != _ALL and s.is_empty()]:
            del self.by_name[name]
            self._names = None

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
        edges = [edge for series in self.by_name.values() if (edge := series.windows.next_edge()) is not None]
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
            self._series(point.series).apply(point, sign)

    def _series(self, name: str) -> Series:
        series = self.by_name.get(name)
        if series is None:
            series = self.by_name[name] = Series()
            series.touched = True
            series.windows.dirty = EVERY_WINDOW
            if self._now is not None:
                series.windows.advance(self._now)
            self._names = None
        return series


def _share_since(start: int, window_start: int, now: int, bucket: int) -> float:
    newest, oldest = now // bucket, window_start // bucket
    return min(1.0, (newest - start // bucket + 1) / (newest - oldest + 1))
