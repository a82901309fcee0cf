"""Visits whose number has changed: what was known first, what came later, and what another definition made."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from insights.explain.answer import Explanation
from insights.explain.naming import Wanted
from metrics.intervals import events
from schemas.definition import Definition, ValueStream, standard_map
from schemas.derived import BRIDGED, StepVisit, revision
from schemas.measurement import Measurement
from tests.builders.derived_rows import T0
from vsm.explaining import explain
from vsm.store import Store

HOUR = 3_600_000_000
DAY = 24 * HOUR
NOW = T0 // 1_000_000 * 1_000_000
THEN = NOW - 2 * DAY
STREAM = ValueStream(
    name="checkout", select=(), steps=standard_map(("staging", "production")), environments=("staging", "production")
)
DEFINITION = Definition(version="v2", value_streams=(STREAM,))


def stay(name: str, begin: int, end: int | None, known: int, **fields: object) -> StepVisit:
    """Return a visit of Review that waited half of its time."""
    half = None if end is None else (end - begin) // 2
    given: dict[str, object] = {
        "subject_id": f"change:{name}", "queued_at": begin, "started_at": None if half is None else begin + half,
        "finished_at": end, "wait_micros": half, "process_micros": None if half is None else (end or 0) - begin - half,
        "revision": revision(1, 1), "visit": 1, "definition_version": "v1", "step": "Review", **fields,
    }  # fmt: skip
    return StepVisit(value_stream="checkout", item_id=name, known_at=known, **given)  # type: ignore[arg-type]


def said(at: int, n: int, **fields: object) -> Measurement:
    """Return a measurement of Review's completions over 30 days."""
    lower, upper = events(n)
    given: dict[str, object] = {"definition_version": "v1", "generation": 1, "lower": lower, "upper": upper, **fields}
    series = {"metric": "step_completions", "statistic": "count", "window": "30d", "step": "Review"}
    return Measurement(measured_at=at, value_stream="checkout", value=float(n), n=n, **series, **given)  # type: ignore[arg-type]


FIRST: Sequence[Struct] = [
    *(stay(f"old{n}", NOW - 31 * DAY - HOUR, NOW - 31 * DAY, NOW - 31 * DAY) for n in range(2)),
    *(stay(f"mid{n}", NOW - 9 * DAY, NOW - 8 * DAY, NOW - 8 * DAY) for n in range(5)),
    stay("open", NOW - 5 * DAY, None, NOW - 5 * DAY),
    stay("twin", NOW - 9 * DAY, NOW - 8 * DAY, NOW - 8 * DAY, counted=False, subject_id="change:mid0"),
    stay("gone", NOW - 9 * DAY, NOW - 8 * DAY, NOW - 8 * DAY),
    stay("blind", NOW - 9 * DAY, NOW - 8 * DAY, NOW - 8 * DAY, started_at=None, wait_micros=None, process_micros=None),
    said(THEN - 60 * 1_000_000, 9),
]
SECOND: Sequence[Struct] = [
    stay("open", NOW - 5 * DAY, NOW - DAY, NOW - DAY, revision=revision(1, 2)),
    stay("late", NOW - 7 * DAY, NOW - 6 * DAY, NOW - DAY, revision=revision(1, 3)),
    stay("gone", NOW - 9 * DAY, NOW - 8 * DAY, NOW - DAY, revision=revision(1, 4), withdrawn=True),
    stay("late2", NOW - 7 * DAY, NOW - 6 * DAY, NOW - DAY, revision=revision(1, 5)),
    stay("bridge", NOW - 3 * DAY, NOW - DAY, NOW - DAY, outcome=BRIDGED),
    said(NOW, 10),
]


def derived_anew(version: str) -> Sequence[Struct]:
    """Return what the next generation makes of it, under a version of the definition."""
    return [
        *(stay(f"mid{n}", NOW - 9 * DAY, NOW - 8 * DAY, NOW - 8 * DAY, revision=revision(2, 1),
               definition_version=version) for n in range(3)),
        said(NOW, 3, generation=2, definition_version=version),
    ]  # fmt: skip


def found(store: Store, metric: str = "step_completions", as_of: int | None = None, **more: str) -> Explanation:
    """Explain a metric of Review."""
    return explain(store, DEFINITION, Wanted(stream="checkout", metric=metric, step="Review", **more), as_of=as_of)
