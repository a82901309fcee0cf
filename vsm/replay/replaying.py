"""A replay of a log under a new definition beside the live one: read in bulk, compared at one clock, kept on disk."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from processors.replay import Replay
from schemas.codec import BadRecord, Codec
from schemas.definition import Definition
from schemas.event import FlowEvent
from schemas.log import Record
from schemas.state import EntityRecord
from vsm.replay.difference import Difference, StreamDifference, differing
from vsm.replay.rerouting import Place, Places, Rerouting, Services
from vsm.sharing import shared

_TOLD: Final = 1_000

Advance = Callable[[int], None]
"""Says that so much more is done."""


def _unseen(_what: str, _total: int) -> AbstractContextManager[Advance]:
    return nullcontext(lambda _by: None)


class Routes(Struct, kw_only=True):
    """How many copies of events the new routing makes that are not in the log, and how many it no longer makes.

    A copy that is claimed as another service is one of each.
    """

    gained: int = 0
    lost: int = 0


class Compared(Struct, kw_only=True):
    """What a replay came to: the difference, the routes, and what could not be read (`unreadable`, `failed`)."""

    name: str
    config: str
    difference: Difference
    routes: Routes
    unreadable: int = 0
    failed: int = 0


class Moved(Struct, frozen=True, array_like=True):
    """What two replays took in since they were last asked: records, places, and the counts so far."""

    live: list[EntityRecord]
    next: list[EntityRecord]
    there: dict[Place, Services]
    wanted: dict[Place, Services]
    events: int
    unreadable: int
    failed: tuple[int, int]


class Both:
    """Replays one log under two definitions at once: as it was routed for the live one, routed anew for the next."""

    def __init__(self, live: Definition, after: Definition, since: int | None = None) -> None:
        """Start empty; only facts received at `since` (microseconds UTC) or later are taken."""
        self._definitions = live, after
        self._live, self._next = Replay(live), Replay(after)
        self._routing = Rerouting(after)
        self._since = since
        self._there, self._wanted = Places(), Places()
        self._streams = frozenset(stream.name for stream in after.value_streams)
        self.events = 0
        self.unreadable = 0

    def take(self, event: FlowEvent) -> None:
        """Take one event of the log."""
        if self._since is not None and event.received_at < self._since:
            return
        self.events += 1
        self._live.take(event)
        if event.value_stream in self._streams:
            self._there.see(event)
        for copy in self._routing.copies(event):
            if copy.value_stream in self._streams:
                self._wanted.see(copy)
            self._next.take(copy)

    def moved(self) -> Moved:
        """Return what has come since this was last asked."""
        return Moved(
            live=self._live.moved(),
            next=self._next.moved(),
            there=self._there.moved(),
            wanted=self._wanted.moved(),
            events=self.events,
            unreadable=self.unreadable,
            failed=(self._live.failed, self._next.failed),
        )

    def restore(self, moved: Moved) -> None:
        """Take what `moved` gave, in the same order."""
        for replay, records in ((self._live, moved.live), (self._next, moved.next)):
            for record in records:
                replay.restore(record)
        self._there.restore(moved.there)
        self._wanted.restore(moved.wanted)
        self.events, self.unreadable = moved.events, moved.unreadable
        self._live.failed, self._next.failed = moved.failed

    def routes(self) -> Routes:
        """Return how the new routing differs, for the streams of the new definition."""
        return Routes(gained=self._wanted.beyond(self._there), lost=self._there.beyond(self._wanted))

    def compared(
        self,
        now_micros: int,
        workers: int = 1,
        bar: Callable[[str, int], AbstractContextManager[Advance]] = _unseen,
    ) -> tuple[Difference, int]:
        """Return the difference at a clock, and how many facts could not be kept; not to be used after that.

        The streams are shared out among so many processes, and `bar` is told as they are compared. Raises WorkerDied.
        """
        sizes = Counter(self._live.sizes())
        sizes.update(self._next.sizes())
        found: dict[str, StreamDifference] = {}
        with shared(partial(self._stream, now_micros), sizes, workers) as each, bar("compared", len(sizes)) as advance:
            for name, stream in each:
                found[name] = stream
                advance(1)
        streams = [found[name] for name in sorted(found)]
        difference = Difference(
            measured_at=now_micros,
            live_version=self._definitions[0].version,
            next_version=self._definitions[1].version,
            events=self.events,
            rows=[row for stream in streams for row in stream.rows],
            series=[series for stream in streams for series in stream.series],
            equal_rows=sum(stream.equal_rows for stream in streams),
            equal_series=sum(stream.equal_series for stream in streams),
        )
        return difference, self._next.failed

    def _stream(self, now_micros: int, stream: str) -> StreamDifference:
        live, after = (definition.stream(stream) for definition in self._definitions)
        if live == after and self._live.records(stream) == self._next.records(stream):
            found = self._next.finish_stream(stream, now_micros)  # what it comes to once it comes to twice
            return differing(found, found)
        return differing(self._live.finish_stream(stream, now_micros), self._next.finish_stream(stream, now_micros))


def read_into(
    both: Both,
    records: Iterable[Record],
    codec: Codec,
    advance: Advance,
    read: Callable[[int, int], None],
) -> None:
    """Give every event of the records over; `read` hears of each record's partition and offset then."""
    told = 0
    for told, record in enumerate(records, 1):
        try:
            both.take(codec.decode(record.value, FlowEvent))
        except BadRecord:
            both.unreadable += 1
        read(record.partition, record.offset)
        if told % _TOLD == 0:
            advance(_TOLD)
    advance(told % _TOLD)


def keep(folder: Path, compared: Compared) -> Path:
    """Write what a replay came to, whole or not at all; return the file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{compared.name}.json"
    fresh = path.with_suffix(".new")
    fresh.write_bytes(msgspec.json.encode(compared))
    fresh.replace(path)
    return path


def kept(folder: Path, name: str) -> Compared | None:
    """Return what the replay of that name came to, None when there is none."""
    path = folder / f"{name}.json"
    return msgspec.json.decode(path.read_bytes(), type=Compared) if path.exists() else None


def forgotten(folder: Path, name: str) -> bool:
    """Delete what the replay of that name came to, or had come to when it was killed; return whether there was any."""
    path, progress = folder / f"{name}.json", folder / f"{name}.progress"
    there = path.exists() or progress.exists()
    path.unlink(missing_ok=True)
    shutil.rmtree(progress, ignore_errors=True)
    return there


def forget_progress(folder: Path) -> None:
    """Delete what replays had read when they were killed: it may hold what is to be forgotten."""
    for progress in folder.glob("*.progress"):
        shutil.rmtree(progress, ignore_errors=True)


def lines(compared: Compared) -> Sequence[str]:
    """Return a table of what differs, and a line of what does not."""
    found = compared.difference
    told = [f"{found.events} copies of events replayed under {found.next_version}, beside {found.live_version}"]
    told += [
        f"{r.value_stream}  {r.table:<12} live {r.live}, next {r.next}: "
        f"{r.came} came, {r.went} went, {r.changed} changed"
        for r in found.rows
    ]
    for s in found.series:
        named = " ".join(x for x in (s.step, s.metric, s.window, s.statistic, s.kind, s.environment, s.service) if x)
        change = "" if s.change is None else f"  ({s.change:+.6g})"
        told.append(
            f"{s.value_stream}  {named}: {_text(s.live)} (n {s.live_n}) -> {_text(s.next)} (n {s.next_n}){change}"
        )
    told.append(f"equal: {found.equal_rows} rows, {found.equal_series} series")
    if compared.routes.gained or compared.routes.lost:
        told.append(f"routing: {compared.routes.gained} copies of events more, {compared.routes.lost} fewer")
    if compared.unreadable or compared.failed:
        told.append(f"left out: {compared.unreadable} unreadable records, {compared.failed} facts that cannot be kept")
    return told


def _text(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.6g}"
