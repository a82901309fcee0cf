"""Reads from the tables what stands behind a number, now and as it was known at a past time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

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
from insights.explain.parts import moment
from insights.explain.reading_of import reads
from insights.explain.since import Compared, Then, changes, difference, reasons
from metrics.recompute import Asked
from schemas.definition import Definition, ValueStream, derived_version
from schemas.derived import Derived, StepVisit, WorkItem
from vsm.store import NoSuchStream, Store
from vsm.summing import MOST_SUBJECTS, NOT_YET, elsewhere, summed

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NEVER: Final = 2_200
"""The year before which the tables' times end, however long a window is."""


class Told(Struct, frozen=True):
    """A measurement, where there is one, and the rows of its window at its clock."""

    stored: Measured | None
    evidence: Evidence
    again: Recomputed


def explain(
    store: Store, definition: Definition, wanted: Wanted, *, as_of: int | None = None, limit: int = 1_000
) -> Explanation:
    """Return the explanation of a number as it stands now; with `as_of` (microseconds UTC) also why it has changed.

    Raises NoSuchStream for a stream that there is not, Unasked for a metric, step or statistic, NotFromRows for what no
    rows give.
    """
    stream = definition.stream(wanted.stream)
    if stream is None:
        known = [each.name for each in definition.value_streams]
        known += [str(row["value_stream"]) for row in store.query(ask.STREAMS_SQL)]
        raise NoSuchStream(f"there is no value stream '{wanted.stream}'{known_streams(known)}")
    if as_of is None and (told := _summed(store, stream, wanted, limit)) is not None:
        return told
    found, statistic = _told(store, stream, wanted, "", None)
    shown = explanation(
        replace(wanted, statistic=statistic),
        found.evidence.asked,
        found.stored,
        found.again,
        listed(found.evidence, limit),
    )
    if as_of is None:
        return shown
    return replace(shown, as_of=msgspec.to_builtins(_then(store, stream, wanted, found, as_of, limit)))


def micros_of(as_of: str) -> int:
    """Return a time in microseconds UTC. Raises Unasked for what is no time, or one that no table has."""
    try:
        at = datetime.fromisoformat(as_of)
    except ValueError:
        raise Unasked(f"'{as_of[:40]}' is no time: write 2026-03-03 or 2026-03-03T09:30Z") from None
    if not _EPOCH.year < at.year < _NEVER:
        raise Unasked(f"'{as_of[:40]}' is not a time from {_EPOCH.year + 1} to {_NEVER - 1}")
    return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - _EPOCH) // timedelta(microseconds=1)


def _summed(store: Store, stream: ValueStream, wanted: Wanted, limit: int) -> Explanation | None:
    """Return the explanation of a number whose rows the engine can sum; None for any other."""
    question = asked(wanted, stream, 0)
    if (series := totals.summed(question)) is None:
        return None
    stored, statistic = _measured(store, question, wanted, "")
    clock = stored.measured_at if stored is not None else _clock(store, stream, "")
    return summed(store, series.at(clock), replace(wanted, statistic=statistic), stored, limit)


def _told(store: Store, stream: ValueStream, wanted: Wanted, at: str, now: int | None) -> tuple[Told, str]:
    """Return what was measured and the rows behind it, `at` a time or now; `now` is the clock where nothing was."""
    question = asked(wanted, stream, now or 0)
    stored, statistic = _measured(store, question, wanted, at)
    clock = stored.measured_at if stored is not None else now or _clock(store, stream, at)
    question = replace(question, now=clock)
    evidence = _evidence(store, question, question.start, at)
    if stored is None:
        note = "nothing was measured" if at else NOT_YET
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
    newest = store.query(ask.clock_sql(at), {"stream": stream.name})[0]["newest"]
    return int(str(newest)) * SECOND


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


def _then(store: Store, stream: ValueStream, wanted: Wanted, now: Told, as_of: int, limit: int) -> Then:
    at = str(moment(as_of)).replace("T", " ").replace("Z", "")
    before, _ = _told(store, stream, wanted, at, as_of)
    whole = _evidence(store, now.evidence.asked, min(now.evidence.asked.start, before.evidence.asked.start))
    gone = {getattr(row, "item_id", "") for row in before.evidence.rows} - {
        getattr(row, "item_id", "") for row in whole.rows
    }
    moved = {
        str(row["item_id"]): str(row["moved_to"])
        for row in store.query(ask.MOVED_SQL, {"stream": stream.name, "items": sorted(gone)[:MOST_SUBJECTS]})
    }
    found = changes(Compared(then=before.evidence, now=whole, at=as_of, redefined=_redefined(before, now), moved=moved))
    figure = _figure(before)
    stored = before.stored
    kinds = [str(each["change"]) for each in found]
    return Then(
        at=str(moment(as_of)),
        measured_at=None if stored is None else moment(stored.measured_at),
        value=figure.value,
        n=figure.n,
        lower=figure.lower,
        upper=figure.upper,
        completeness=None if stored is None else stored.completeness,
        definition_version="" if stored is None else stored.definition_version,
        generation=0 if stored is None else stored.generation,
        recomputed=None if stored is None else before.again.equal,
        difference=difference(_figure(now), figure),
        came=kinds.count("came"),
        went=kinds.count("went"),
        changed=kinds.count("changed"),
        why=reasons(found),
        changes=found[:limit],
    )


def _figure(told: Told) -> Figure:
    if told.stored is not None:
        return told.stored.figure
    return Figure(value=told.again.value, n=told.again.n, lower=told.again.lower, upper=told.again.upper)


def _redefined(before: Told, now: Told) -> str:
    """Return why the rows of now are others than those of then: another definition, or the same derived anew."""
    old, new = _version(before), _version(now)
    is_told = bool(old[1] and new[1])  # before anything was measured nothing says of which generation rows are
    is_same = derived_version(old[0]) == derived_version(new[0])
    if not old[0] or (is_same and (old[1] == new[1] or not is_told)):
        return ""
    if is_same:
        return f"derived anew: by the same definition (generation {old[1]} then, {new[1]} now)"
    return f"redefined: definition {old[0]} (generation {old[1]}) then, {new[0]} ({new[1]}) now"


def _version(told: Told) -> tuple[str, int]:
    if told.stored is not None:
        return told.stored.definition_version, told.stored.generation
    rows: Any = told.evidence.rows
    return (rows[0].definition_version, 0) if rows else ("", 0)
