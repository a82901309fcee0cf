"""Reads the cases of the waste ledger from the tables, a page of items at a time, and adds their ledgers up."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, cast

from msgspec import Struct
from msgspec.structs import replace

from insights.waste import questions as ask
from insights.waste.case import Case, Failure, Span
from insights.waste.questions import Asked
from insights.waste.sums import By, Price, Report, Sums
from insights.waste.switching import ELSEWHERE_SQL
from insights.waste.tally import tally
from metrics.windows import window_starts
from schemas.definition import Definition, Step, ValueStream, standard_map
from schemas.derived import Change, StepVisit, WorkItem
from schemas.measurement import WINDOWS
from vsm.store import Store

CERTAIN: Final = 0.9
"""From this confidence on a deployment counts as failed by what is laid to it: explicit links, rollbacks, reverts."""

FIRST_PAGE: Final = 250
"""Items of the first page at most."""
_GROWTH: Final = 2
"""Each page has so many times as many items as the one before, up to the greatest.

It takes about as long as all before it, and what is begun in time ends in twice that.
"""

_LAST: Final = "\U0010ffff"
"""Sorts after every id."""


_Ends = tuple["array[int]", "array[int]"]
"""When spans begin and end: sixteen bytes a span, since those of all items are held at once."""
_NEVER: Final[_Ends] = (array("q"), array("q"))


class _Whole(Struct, frozen=True):
    """What is the same for every page."""

    stream: ValueStream
    items: int
    earliest: int
    crowded: Mapping[str, list[Span]]
    released: Mapping[str, int]
    elsewhere: Mapping[str, _Ends]


def stream_of(definition: Definition, name: str) -> ValueStream:
    """Return the definition's stream, or, where it has none of that name, one with the standard map."""
    found = definition.stream(name)
    if found is not None:
        return found
    bare = ValueStream(name=name, select=(), steps=())
    return ValueStream(name=name, select=(), steps=standard_map(bare.environments))


def asked_of(stream: str, window: str, until: int) -> Asked:
    """Return the question for the items that were over in a rolling window, which begins where the measured one does.

    `until` is microseconds UTC, `window` one of `WINDOWS`.
    """
    return Asked(stream=stream, since=window_starts(until)[list(WINDOWS).index(window)], until=until)


def price_of(stream: ValueStream) -> Price | None:
    """Return what the stream's time costs, None where it is not priced."""
    return None if stream.cost_per_hour is None else Price(stream.cost_per_hour, stream.currency)


def report(
    store: Store,
    stream: ValueStream,
    asked: Asked,
    by: By,
    version: str,
    *,
    advance: Callable[[], None] = lambda: None,
    late: Callable[[], bool] = lambda: False,
    most: int | None = None,
) -> Report:
    """Return the sums of the window's ledgers, of their groups so many at `most`.

    `advance` is called after each item. Once it is `late` no further page of items is read, and the report says how
    many are missing. Raises BadQuery.
    """
    sums = Sums(by)
    whole = _whole(store, stream, asked)
    for case in _cases(store, whole, asked, late):
        sums.add(case.item, tally(case))
        advance()
    found = sums.report(asked.stream, (asked.since, asked.until), price_of(stream), version, most)
    return replace(found, unread=max(0, whole.items - found.items - found.unstarted))


def streams(store: Store) -> list[str]:
    """Return the streams that have items, by name. Raises BadQuery."""
    return [str(row["value_stream"]) for row in store.query(ask.ITEM_STREAMS_SQL)]


def count(store: Store, asked: Asked) -> int:
    """Return how many items are asked for. Raises BadQuery."""
    return int(str(store.query(ask.EXTENT_SQL, asked.parameters())[0]["items"]))


def cases(store: Store, stream: ValueStream, asked: Asked) -> Iterator[Case]:
    """Yield the cases of the items asked for, in the order of their ids; a page of them is held at once."""
    yield from _cases(store, _whole(store, stream, asked), asked, lambda: False)


def _cases(store: Store, whole: _Whole, asked: Asked, late: Callable[[], bool]) -> Iterator[Case]:
    """Yield the cases, of no further page once it is late. The first page is small, so that there is soon an answer."""
    after, size = "", min(asked.page, FIRST_PAGE)
    while True:
        told = {**asked.parameters(after=after), "page": size}
        items = [ask.item(line, asked.stream) for line in store.ask(ask.ITEMS_SQL, told).rows]
        if items:
            last = items[-1].item_id
            yield from _page(store, whole, items, asked.parameters(after=after, last=last, earliest=whole.earliest))
            after = last
        if len(items) < size or late():
            return
        size = min(asked.page, size * _GROWTH)


def _whole(store: Store, stream: ValueStream, asked: Asked) -> _Whole:
    (row,) = store.query(ask.EXTENT_SQL, asked.parameters())
    earliest = int(str(row["earliest"]))
    limits = {step.name: step.wip_limit for step in stream.steps if step.wip_limit is not None}
    crossings: Iterable[Mapping[str, Any]] = ()
    if limits:
        told = asked.parameters(earliest=earliest, steps=list(limits), limits=list(limits.values()))
        crossings = store.query(ask.CROWDED_SQL, told)
    return _Whole(
        stream=stream,
        items=int(str(row["items"])),
        earliest=earliest,
        crowded=ask.crowded(crossings, asked.until),
        elsewhere=_elsewhere(store, asked.parameters(earliest=earliest, after="", last=_LAST)),
        released={
            str(row["repository"]): int(str(row["released"]))
            for row in store.query(ask.RELEASED_SQL, asked.parameters())
        },
    )


def _elsewhere(store: Store, told: Mapping[str, object]) -> dict[str, _Ends]:
    """Return by item when its worker was on another: asked once, since it takes everybody's facts of the window."""
    return {
        str(item_id): (array("q", cast("list[int]", begins)), array("q", cast("list[int]", ends)))
        for item_id, begins, ends in store.ask(ELSEWHERE_SQL, told).rows
    }


def _page(store: Store, whole: _Whole, items: list[WorkItem], told: Mapping[str, object]) -> Iterator[Case]:
    stream = whole.stream
    steps: dict[str, Step] = {step.name: step for step in stream.steps}
    visits: dict[str, list[StepVisit]] = {}
    for line in store.ask(ask.VISITS_SQL, told).rows:
        visit = ask.visit(line, stream.name)
        visits.setdefault(visit.item_id, []).append(visit)
    changes: dict[str, list[Change]] = {}
    for line in store.ask(ask.CHANGES_SQL, told).rows:
        change = ask.change(line, stream.name)
        changes.setdefault(change.change_id, []).append(change)
    failures: dict[str, list[Failure]] = {}
    for row in store.query(ask.FAILURES_SQL, {**told, "production": stream.production, "certain": CERTAIN}):
        failures.setdefault(str(row["change_id"]), []).append(ask.failure(row))
    runs = {str(row["subject_id"]): ask.run(row) for row in store.query(ask.RUNS_SQL, told)}
    for item in items:
        members = (item.item_id, *item.links)
        yield Case(
            item=item,
            visits=visits.get(item.item_id, []),
            steps=steps,
            changes=[change for member in members for change in changes.get(member, ())],
            failures=[failure for member in members for failure in failures.get(member, ())],
            crowded=whole.crowded,
            elsewhere=list(map(Span, *whole.elsewhere.get(item.item_id, _NEVER))),
            runs=runs,
            released=whole.released,
        )
