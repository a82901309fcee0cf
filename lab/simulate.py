"""Simulates the organisation: deliveries in the order of their arrival, and the truth beside them."""

from __future__ import annotations

import heapq
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from lab.books import Books
from lab.chance import Chance
from lab.desk import Desk, Numbers
from lab.keeping import IN_ONE_FILE, Keeper
from lab.organisation import DAY, LEAD_IN, MERGE_WINDOW, SPAN_DAYS, STREAMS, Stream, services
from lab.payloads import github
from lab.sending import MICROS, Outbox, SentDelivery
from lab.service import Ended, Service
from lab.spill import Timeline
from lab.truth import TrueChange, TrueDeployment, TrueIncident, TrueItem, TrueOrigin, Truth

DEFAULT_END: Final = 1_767_225_600
"""2026-01-01T00:00Z in seconds."""

_ITEMS_PER_SERVICE: Final = 300
_MOST_SERVICES: Final = 64
_ITEMS_PER_RELEASE: Final = 2.5
BEYOND: Final = 4 * DAY
"""How far past the end releases are planned: what they begin before it stays unfinished."""
_SLICES_PER_ITEM: Final = 0.01

Book = Callable[[str, Ended], None]


class Run(Struct, frozen=True, kw_only=True):
    """What every service of a run shares: the seed, the span in seconds, the timeline and the books."""

    seed: int
    start: int
    end: int
    timeline: Timeline
    book: Book


def deliveries(seed: int, items: int, end_micros: int, streams: Sequence[Stream] = STREAMS) -> Iterator[SentDelivery]:
    """Yield the deliveries of about `items` work items, in the order of arrival, the last event at about the end."""
    decode = msgspec.json.Decoder(SentDelivery).decode
    return (decode(line) for line in lines(seed, items, end_micros // MICROS, lambda _stream, _ended: None, streams))


def write(
    seed: int,
    items: int,
    out_dir: Path,
    end_micros: int,
    progress: Callable[[int, int], None] | None = None,
    *,
    in_one_file: int = IN_ONE_FILE,
    streams: Sequence[Stream] = STREAMS,
) -> Truth:
    """Write `deliveries.jsonl` and `truth.json` into `out_dir` (made if missing) and return the truth.

    Above `in_one_file` items the entities stand in `truth-items.jsonl`, one `{"entity": NAME, "value": {...}}` a line.
    `progress` gets (items written, items asked). Raises OSError.
    """
    out_dir.mkdir(parents=True, exist_ok=True)
    end = end_micros // MICROS
    with (out_dir / "deliveries.jsonl").open("wb") as sent, Keeper(out_dir, apart=items > in_one_file) as keeper:
        books = Books(end, keeper.keep, streams)
        count = 0
        for line in lines(seed, items, end, books.book, streams):
            sent.write(line + b"\n")
            count += 1
            if progress is not None and count % 1_000 == 0:
                progress(min(keeper.items, items), items)
        truth = Truth(
            seed=seed, items_asked=items, end_micros=end_micros, deliveries=count, streams=books.streams(),
            items=tuple(keeper.of(TrueItem)), changes=tuple(keeper.of(TrueChange)),
            deployments=tuple(keeper.of(TrueDeployment)), incidents=tuple(keeper.of(TrueIncident)),
            origins=tuple(keeper.of(TrueOrigin)),
        )  # fmt: skip
    (out_dir / "truth.json").write_bytes(msgspec.json.encode(truth))
    if progress is not None:
        progress(items, items)
    return truth


def lines(seed: int, items: int, end: int, book: Book, streams: Sequence[Stream] = STREAMS) -> Iterator[bytes]:
    """Yield deliveries as lines of JSON in the order of arrival; `book(stream, what)` gets what is over meanwhile."""
    start = end - SPAN_DAYS * DAY
    slices = max(64, int(items * _SLICES_PER_ITEM))
    with tempfile.TemporaryDirectory(prefix="vsm-lab-") as directory:
        timeline = Timeline(Path(directory), start * MICROS, SPAN_DAYS * DAY * MICROS // slices)
        run = Run(seed=seed, start=start, end=end, timeline=timeline, book=book)
        hello = Outbox(Chance(seed, "ping").random, end, timeline.put)
        hello.send(start, "github", github.headers("ping", hello.guid()), github.ping(start))
        lives = [
            life
            for index, stream in enumerate(streams)
            for life in _stream(run, stream, _share(items, index, len(streams)))
        ]
        turns = [(next(life), index) for index, life in enumerate(lives)]
        heapq.heapify(turns)
        while turns:
            frontier, index = heapq.heappop(turns)
            yield from timeline.drain(frontier * MICROS)
            following = next(lives[index], None)
            if following is not None:
                heapq.heappush(turns, (following, index))
        yield from timeline.drain(None)


def _stream(run: Run, stream: Stream, items: int) -> list[Iterator[int]]:
    count = min(_MOST_SERVICES, max(2, items // _ITEMS_PER_SERVICE))
    tracker, own = Numbers(), [Numbers() for _ in range(count)]
    return [
        _service(run, stream, name, _share(items, index, count), (tracker, own[0 if stream.repository else index]))
        for index, name in enumerate(services(stream, count))
    ]


def _service(run: Run, stream: Stream, name: str, items: int, numbers: tuple[Numbers, Numbers]) -> Iterator[int]:
    chance = Chance(run.seed, name)
    desk = Desk(stream, name, chance, Outbox(chance.random, run.end, run.timeline.put), *numbers)
    first_cut = run.start + LEAD_IN + MERGE_WINDOW + chance.between(0, 2 * DAY)
    last_cut = run.end + chance.between(DAY // 4, BEYOND)
    room = last_cut - first_cut
    releases = max(3, min(int(items / _ITEMS_PER_RELEASE), room // stream.min_period))
    period = room // (releases - 1)
    quotas = [_share(items, index, releases) for index in range(releases)]
    return Service(desk, first_cut, period, quotas, run.start, lambda ended: run.book(stream.name, ended)).live()


def _share(whole: int, index: int, parts: int) -> int:
    return whole // parts + (index < whole % parts)
