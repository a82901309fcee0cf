"""Reads from the tables what stands behind a number, now and as it was known at a past time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from insights.explain import questions as ask
from insights.explain import totals
from insights.explain.answer import (
    SECOND,
    Evidence,
    Explanation,
    Figure,
    Measured,
    Recomputed,
    explanation,
    listed,
    measured,
    recomputed,
    unmeasured,
)
from insights.explain.naming import Unasked, Wanted, asked, known_streams, statistic_of
from insights.explain.once import RECORDED_SQL, Once, gone_stream, has_step, with_step
from insights.explain.parts import moment
from insights.explain.reading_of import reads
from insights.explain.since import Compared, Past, Then, changes, listing, redefined, then
from insights.explain.totals import Summed
from metrics.recompute import Asked
from schemas.definition import Definition, ValueStream
from schemas.derived import Derived, StepVisit, WorkItem
from vsm.recalling import moved, recalled
from vsm.store import NoSuchStream, Store
from vsm.summing import Found, elsewhere, explained, summed

NOT_YET: Final = "nothing is measured yet"
NOTHING: Final = "nothing was measured"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NEVER: Final = 2_200
"""The year before which the tables' times end, however long a window is."""


class Told(Struct, frozen=True):
    """A measurement, where there is one, and the rows of its window at its clock."""

    stored: Measured | None
    evidence: Evidence
    again: Recomputed


class Asking(Struct, frozen=True, kw_only=True):
    """What is asked for, since when it has changed (`as_of`), how much is listed, and what of it is no more."""

    wanted: Wanted
    as_of: int | None
    limit: int
    no_more: str = ""


def explain(
    store: Store, definition: Definition, wanted: Wanted, *, as_of: int | None = None, limit: int = 1_000
) -> Explanation:
    """Return the explanation of a number as it stands now; with `as_of` (microseconds UTC) also why it has changed.

    Of a past time also a stream or step can be asked for that there was then and is not any more.
    Raises NoSuchStream for a stream that there is not, Unasked for a metric, step or statistic, NotFromRows for what no
    rows give.
    """
    once = _once(store, definition, wanted, as_of)
    asking = Asking(wanted=wanted, as_of=as_of, limit=limit, no_more=once.no_more)
    series = totals.summed(asked(wanted, once.stream, 0))
    found = by_rows(store, once.stream, asking) if series is None else _by_sums(store, series, asking)
    return replace(found, no_more=once.no_more)


def micros_of(as_of: str) -> int:
    """Return a time in microseconds UTC. Raises Unasked for what is no time, or one that no table has."""
    try:
        at = datetime.fromisoformat(as_of)
    except ValueError:
        raise Unasked(f"'{as_of[:40]}' is no time: write 2026-03-03 or 2026-03-03T09:30Z") from None
    if not _EPOCH.year < at.year < _NEVER:
        raise Unasked(f"'{as_of[:40]}' is not a time from {_EPOCH.year + 1} to {_NEVER - 1}")
    return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - _EPOCH) // timedelta(microseconds=1)


def _once(store: Store, definition: Definition, wanted: Wanted, as_of: int | None) -> Once:
    """Return the stream asked of, with what it had `as_of` a time and has no more. Raises NoSuchStream."""
    recorded: list[dict[str, object]] = []
    stream = definition.stream(wanted.stream)
    if as_of is not None and (stream is None or not has_step(stream, wanted.step)):
        recorded = store.query(RECORDED_SQL, {"stream": wanted.stream, "at": as_of})
    found = gone_stream(wanted.stream, recorded) if stream is None else with_step(stream, wanted.step, recorded)
    if found is None:
        known = [each.name for each in definition.value_streams]
        known += [str(row["value_stream"]) for row in store.query(ask.STREAMS_SQL)]
        raise NoSuchStream(f"there is no value stream '{wanted.stream}'{known_streams(known)}")
    return found


def _by_sums(store: Store, series: Summed, asking: Asking) -> Explanation:
    """Return the explanation of a number whose rows the engine sums."""
    now = _found(store, series, asking)
    shown = explained(store, now, asking.wanted, asking.limit)
    if asking.as_of is None:
        return shown
    before = _found(store, series.known(asking.as_of), asking)
    return replace(shown, as_of=msgspec.to_builtins(recalled(store, now, before, asking.no_more, asking.limit)))


def _found(store: Store, series: Summed, asking: Asking) -> Found:
    at = "" if series.as_of is None else _text(series.as_of)
    stored, statistic = _measured(store, series.asked, asking.wanted, at)
    if stored is not None:
        clock = stored.measured_at
    else:
        clock = series.as_of if series.as_of is not None else _clock(store, series.asked.stream, "")
    return summed(store, series.at(clock), stored, statistic, NOTHING if at else asking.no_more or NOT_YET)


def by_rows(store: Store, stream: ValueStream, asking: Asking) -> Explanation:
    """Return the explanation of a number by reading its rows one by one. Raises as `explain` does."""
    found, statistic = _told(store, stream, asking, "", None)
    shown = explanation(
        replace(asking.wanted, statistic=statistic),
        found.evidence.asked,
        found.stored,
        found.again,
        listed(found.evidence, asking.limit),
    )
    if asking.as_of is None:
        return shown
    return replace(shown, as_of=msgspec.to_builtins(_then(store, stream, found, asking, asking.as_of)))


def _told(store: Store, stream: ValueStream, asking: Asking, at: str, now: int | None) -> tuple[Told, str]:
    """Return what was measured and the rows behind it, `at` a time or now; `now` is the clock where nothing was."""
    question = asked(asking.wanted, stream, now or 0)
    stored, statistic = _measured(store, question, asking.wanted, at)
    clock = stored.measured_at if stored is not None else now or _clock(store, stream, at)
    question = replace(question, now=clock)
    evidence = _evidence(store, question, question.start, at)
    if stored is None:
        note = NOTHING if at else asking.no_more or NOT_YET
        statistic, again = unmeasured(evidence.readings(), question, statistic, note)
        return Told(None, evidence, again), statistic
    evidence, again = recomputed(evidence, stored)
    return Told(stored, evidence, again), statistic


def _measured(store: Store, question: Asked, wanted: Wanted, at: str) -> tuple[Measured | None, str]:
    question.names  # noqa: B018 - raises for what no rows give, before anything is read
    rows = store.query(ask.measured_sql(at), {**ask.parameters(question, 0), **_series(question)})
    statistics = list(dict.fromkeys(str(row["statistic"]) for row in rows))
    statistic = statistic_of(wanted.statistic, statistics, question.metric.name)
    return next((measured(row) for row in rows if row["statistic"] == statistic), None), statistic


def _series(question: Asked) -> dict[str, object]:
    return {
        "metric": question.metric.name,
        "step": question.step,
        "window": question.window,
        "all": False,
    }


def _clock(store: Store, stream: ValueStream, at: str) -> int:
    """Return when a stream was last measured, else when any was; microseconds UTC, 0 before the first time."""
    for name in (stream.name, ""):
        if newest := int(str(store.query(ask.clock_sql(at), {"stream": name})[0]["newest"])):
            return newest * SECOND
    return 0


def _evidence(store: Store, question: Asked, since: int, at: str = "") -> Evidence:
    """Return the rows that enter a series from `since` on, as known `at` a time or now."""
    read = reads(question)
    told = ask.parameters(question, since)
    rows: list[Derived] = []
    seen = 0
    for kind in ask.kinds_of(question, read):
        rows += ask.rows_of(kind, question.stream.name, store.ask(ask.rows_sql(kind, at), told).rows)
        if not question.window and kind in {StepVisit, WorkItem}:
            seen += int(str(store.query(ask.seen_sql(kind, at), told)[0]["seen"]))
    return Evidence(asked=question, rows=rows, seen_before=seen, counted_with=elsewhere(store, question, rows))


def _then(store: Store, stream: ValueStream, now: Told, asking: Asking, as_of: int) -> Then:
    before, _ = _told(store, stream, asking, _text(as_of), as_of)
    whole = _evidence(store, now.evidence.asked, min(now.evidence.asked.start, before.evidence.asked.start))
    past, present = _past(before), _past(now)
    found = changes(
        Compared(
            then=before.evidence,
            now=whole,
            at=as_of,
            redefined=redefined(past, present, asking.no_more),
            moved=moved(store, stream.name, before.evidence.rows, whole.rows),
        )
    )
    return then(as_of, past, present, listing(found, asking.limit))


def _past(told: Told) -> Past:
    again, stored, rows = told.again, told.stored, told.evidence.rows
    if stored is None:
        figure = Figure(value=again.value, n=again.n, lower=again.lower, upper=again.upper)
        version = rows[0].definition_version if rows else ""
        return Past(stored=None, figure=figure, again=again.equal, version=version, generation=0)
    version, generation = stored.definition_version, stored.generation
    return Past(stored=stored, figure=stored.figure, again=again.equal, version=version, generation=generation)


def _text(micros: int) -> str:
    """Return a time as the views take it."""
    return str(moment(micros)).replace("T", " ").replace("Z", "")
