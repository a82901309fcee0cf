"""Reads the cases of the waste ledger from the tables, a page of items at a time, and adds their ledgers up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from msgspec import Struct

from insights.waste import questions as ask
from insights.waste.case import Case, Failure, Span
from insights.waste.ledger import ledger
from insights.waste.questions import Asked
from insights.waste.sums import By, Price, Report, Sums
from insights.waste.switching import ELSEWHERE_SQL
from metrics.windows import window_starts
from schemas.definition import Definition, Step, ValueStream, standard_map
from schemas.derived import Change, StepVisit, WorkItem
from schemas.measurement import WINDOWS
from vsm.store import Store

CERTAIN: Final = 0.9
"""From this confidence on a deployment counts as failed by what is laid to it: explicit links, rollbacks, reverts."""

_LAST: Final = "\U0010ffff"
"""Sorts after every id."""


class _Whole(Struct, frozen=True):
    """What is the same for every page."""

    stream: ValueStream
    earliest: int
    crowded: Mapping[str, list[Span]]
    released: Mapping[str, int]
    elsewhere: Mapping[str, list[Span]]


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
    most: int | None = None,
) -> Report:
    """Return the sums of the window's ledgers, of their groups so many at `most`.

    `advance` is called after each item. Raises BadQuery.
    """
    sums = Sums(by)
    for case in cases(store, stream, asked):
        sums.add(case.item, ledger(case))
        advance()
    return sums.report(asked.stream, (asked.since, asked.until), price_of(stream), version, most)


def streams(store: Store) -> list[str]:
    """Return the streams that have items, by name. Raises BadQuery."""
    return [str(row["value_stream"]) for row in store.query(ask.ITEM_STREAMS_SQL)]


def count(store: Store, asked: Asked) -> int:
    """Return how many items are asked for. Raises BadQuery."""
    return int(str(store.query(ask.EXTENT_SQL, asked.parameters())[0]["items"]))


def cases(store: Store, stream: ValueStream, asked: Asked) -> Iterator[Case]:
    """Yield the cases of the items asked for, in the order of their ids; a page of them is held at once."""
    whole = _whole(store, stream, asked)
    after = ""
    while True:
        items = [ask.item(row, asked.stream) for row in store.query(ask.ITEMS_SQL, asked.parameters(after=after))]
        if items:
            last = items[-1].item_id
            yield from _page(store, whole, items, asked.parameters(after=after, last=last, earliest=whole.earliest))
            after = last
        if len(items) < asked.page:
            return


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
        earliest=earliest,
        crowded=ask.crowded(crossings, asked.until),
        elsewhere=_elsewhere(store, asked.parameters(earliest=earliest, after="", last=_LAST)),
        released={
            str(row["repository"]): int(str(row["released"]))
            for row in store.query(ask.RELEASED_SQL, asked.parameters())
        },
    )


def _elsewhere(store: Store, told: Mapping[str, object]) -> dict[str, list[Span]]:
    """Return by item when its worker was on another: asked once, since it takes everybody's facts of the window."""
    found: dict[str, list[Span]] = {}
    for row in store.query(ELSEWHERE_SQL, told):
        found.setdefault(str(row["item_id"]), []).append(Span(int(str(row["begin"])), int(str(row["until"]))))
    return found


def _page(store: Store, whole: _Whole, items: list[WorkItem], told: Mapping[str, object]) -> Iterator[Case]:
    stream = whole.stream
    steps: dict[str, Step] = {step.name: step for step in stream.steps}
    visits: dict[str, list[StepVisit]] = {}
    for row in store.query(ask.VISITS_SQL, told):
        visits.setdefault(str(row["item_id"]), []).append(ask.visit(row, stream.name))
    changes: dict[str, list[Change]] = {}
    for row in store.query(ask.CHANGES_SQL, told):
        changes.setdefault(str(row["change_id"]), []).append(ask.change(row, stream.name))
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
            elsewhere=whole.elsewhere.get(item.item_id, ()),
            runs=runs,
            released=whole.released,
        )
