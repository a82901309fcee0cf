"""Reads a stream's history from the tables and asks dialects of it."""

from __future__ import annotations

from typing import Final

from insights.dialects import questions as ask
from insights.dialects.assembly import QUESTIONS, Span, assembled
from insights.dialects.catalogue import asking_named, dialect_named
from insights.dialects.comparison import Comparison, compared
from insights.dialects.explained import DialectExplanation, explained
from insights.dialects.history import History
from insights.explain.naming import Unasked, Wanted
from metrics.windows import window_starts
from schemas.definition import Definition
from schemas.measurement import WINDOWS
from vsm.store import NoSuchStream, Store

_UNTOLD: Final = ("step", "kind", "service", "environment", "statistic")


def history(store: Store, definition: Definition, stream: str, window: str, now: int | None = None) -> History:
    """Return what happened in a stream in a rolling window up to `now` (microseconds UTC).

    Without `now` the clock is that of its last measuring, or, before there was one, its newest fact.

    Raises NoSuchStream for a stream that has no facts, naming those that have.
    """
    (first,) = store.query(ask.FIRST_SEEN_SQL, {"stream": stream})
    if not first["facts"]:
        known = ", ".join(str(row["value_stream"]) for row in store.query(ask.STREAMS_SQL)) or "none yet"
        raise NoSuchStream(f"nothing is known of value stream '{stream}'; known: {known}")
    clock = now or _measured_at(store, stream) or int(str(first["last_seen_at"]))
    defined = definition.stream(stream)
    span = Span(
        stream=stream,
        since=window_starts(clock)[list(WINDOWS).index(window)],
        until=clock,
        seconds=WINDOWS[window],
        production="production" if defined is None else defined.production,
        first_seen_at=int(str(first["first_seen_at"])),
    )
    return assembled(span, {name: store.query(sql, span.parameters()) for name, sql in QUESTIONS.items()})


def _measured_at(store: Store, stream: str) -> int | None:
    (last,) = store.query(ask.CLOCK_SQL, {"stream": stream})
    return int(str(last["clock"])) if last["measurements"] else None


def compare(store: Store, definition: Definition, stream: str, window: str, now: int | None = None) -> Comparison:
    """Return what every dialect says of a stream. Raises NoSuchStream for a stream that has no facts."""
    return compared(history(store, definition, stream, window, now), window)


def by_dialect(store: Store, definition: Definition, wanted: Wanted, dialect: str, limit: int) -> DialectExplanation:
    """Return a dialect's number and what is behind it, of the whole stream in production.

    Raises UnknownDialect for a dialect or metric that there is not, Unasked for what a dialect does not tell apart,
    NoSuchStream for a stream that has no facts.
    """
    named = dialect_named(dialect)
    asking = asking_named(named, wanted.metric)
    if strange := [name for name in _UNTOLD if getattr(wanted, name)]:
        raise Unasked(f"a dialect speaks of the whole stream by its own statistic: leave --{strange[0]} out")
    if wanted.window not in WINDOWS:
        raise Unasked(f"there is no window '{wanted.window}'; known: {', '.join(WINDOWS)}")
    return explained(history(store, definition, wanted.stream, wanted.window), wanted.window, named, asking, limit)
