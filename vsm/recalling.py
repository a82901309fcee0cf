"""Why a number that the engine sums is another than it was: only the rows that are listed are read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from insights.explain import questions as ask
from insights.explain import totals
from insights.explain.answer import Evidence
from insights.explain.differing import (
    differing,
    differing_parameters,
    differing_sql,
    head,
    why_went,
    why_went_sql,
)
from insights.explain.parts import identity, item_id
from insights.explain.reasons import owners
from insights.explain.since import Compared, Listing, Past, Then, changes, redefined, then
from schemas.derived import Derived
from vsm.store import Store
from vsm.summing import Found, elsewhere, since

_AT_ONCE: Final = 1_000
"""So many rows are asked for by name in one question."""


def recalled(store: Store, now: Found, before: Found, no_more: str, limit: int) -> Then:
    """Return what a number was as it was known `before`, and what has changed since, the first of it listed.

    `no_more` says what of it the definition does not have any more.
    """
    at = before.series.as_of or 0
    past, present = _past(store, before), _past(store, now)
    anew = redefined(past, present, no_more)
    told = {
        **differing_parameters(totals.parameters(now.series.asked), totals.parameters(before.series.asked, at)),
        "limit": limit,
        "anew": head(anew),
    }
    found = differing(store.query(differing_sql(now.series, before.series), told))
    names = found.examined(limit)
    rows = _named(store, now, before, sorted({name[0] for name in names}))
    evidence = [
        Evidence(
            asked=each.series.asked,
            rows=[row for row in own if identity(row) in names],
            counted_with={**owners(own), **elsewhere(store, each.series.asked, own)},
        )
        for each, own in zip((before, now), rows, strict=True)
    ]
    compared = Compared(
        then=evidence[0],
        now=evidence[1],
        at=at,
        redefined=anew,
        moved=moved(store, now.series.asked.stream.name, *rows),
    )
    went = why_went(store.query(why_went_sql(now.series, before.series), told)) if found.more_went else None
    listing: Listing = found.listing(changes(compared), anew, limit, went)
    return then(at, past, present, listing)


def moved(store: Store, stream: str, before: Iterable[Derived], now: Iterable[Derived]) -> Mapping[str, str]:
    """Return which items took the facts of those that are there no more."""
    gone = sorted({item_id(row) for row in before} - {item_id(row) for row in now})
    pages = (gone[begin : begin + _AT_ONCE] for begin in range(0, len(gone), _AT_ONCE))
    found = (row for page in pages for row in store.query(ask.MOVED_SQL, {"stream": stream, "items": page}))
    return {str(row["item_id"]): str(row["moved_to"]) for row in found}


def _past(store: Store, found: Found) -> Past:
    stored = found.stored
    version, generation = "", 0
    if stored is not None:
        version, generation = stored.definition_version, stored.generation
    else:
        version = min(since(store, found.series, 0).versions, default="")
    return Past(stored=stored, figure=found.figure, again=found.again.equal, version=version, generation=generation)


def _named(store: Store, now: Found, before: Found, keys: Sequence[str]) -> tuple[list[Derived], list[Derived]]:
    """Return the rows of some items then and now, as far as one of the windows can hold them."""
    of, start = now.series.of, before.series.asked.start
    asked = now.series.asked
    questions = (
        (ask.keyed_then_sql(of.kind, of.key, of.order), start),
        (ask.keyed_sql(of.kind, of.key), min(start, asked.start)),
    )

    def read(sql: str, since_: int) -> Iterator[Derived]:
        told = {**ask.parameters(asked, since_), "at": before.series.as_of or 0}
        for first in range(0, len(keys), _AT_ONCE):
            some = {**told, "keys": keys[first : first + _AT_ONCE]}
            yield from ask.rows_of(of.kind, asked.stream.name, store.ask(sql, some).rows)

    was, is_now = (list(read(*each)) for each in questions)
    return was, is_now
