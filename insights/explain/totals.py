"""What a long window of a step's visits comes to, summed by the engine: cells, totals, and conditions for lists; pure.

Above some ten thousand visits the rows are not read one by one; what is summed is held equal to the points of the rows
(`metrics.points`) by a property test.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from typing import Any, Final

from insights.explain.questions import columns, selected
from insights.explain.reading_of import Reads
from metrics import codes
from metrics.codes import WIDTH
from metrics.reading import Reading, Scope
from metrics.recompute import Asked, Tally, read
from metrics.sketch import BINS, EDGES
from metrics.windows import put
from schemas.derived import BRIDGED, StepVisit

_TOTAL: Final = WIDTH - 1
_BEGIN: Final = "coalesce(queued_at, started_at)"
_BEGINS: Final = f"if(finished_at < {_BEGIN}, finished_at, {_BEGIN})"
_NOW: Final = "fromUnixTimestamp64Micro({now:Int64})"
_MEASURED: Final = "fromUnixTimestamp64Micro({measured:Int64})"
_START: Final = "fromUnixTimestamp64Micro({start:Int64})"
_KIND: Final = "({kind:String} = '' OR ifNull(kind, '') = {kind:String})"
_ENDED: Final = f"ifNull(finished_at >= {_START} AND finished_at <= {_NOW}, false)"
_ARRIVED: Final = f"ifNull({_BEGINS} >= {_START} AND {_BEGINS} <= {_NOW}, false)"

_LEAD: Final = (
    f"if(queued_at IS NULL OR ifNull(outcome, '') = '{BRIDGED}', NULL,"
    " toUnixTimestamp64Micro(finished_at) - toUnixTimestamp64Micro(queued_at))"
)
_SPANS: Final[Mapping[int, str]] = {
    codes.WAIT: selected("wait_micros"),
    codes.PROCESS: selected("process_micros"),
    codes.BLOCKED: selected("blocked_micros"),
    codes.LEAD: _LEAD,
}
_COUNTS: Final = (
    (codes.ARRIVED, "arrived", _ARRIVED),
    (codes.COMPLETED, "completed", _ENDED),
    (codes.RETURNED, "judged", f"{_ENDED} AND returned"),
)
_PLAIN: Final = frozenset(code for code, _, _ in _COUNTS)
_NONE: Final = -2
LEFT_OUT: Final = (
    "item_id", "step", "visit", "subject_id", "counted", "kind", "queued_at", "started_at", "finished_at", "outcome",
)  # fmt: skip
"""The fields that tell why a visit is left out."""

_FROM: Final = """
FROM vsm.step_visits_latest FINAL
PREWHERE generation = (SELECT argMax(generation, activated_at) FROM vsm.active)
    AND value_stream = {stream:String} AND step = {step:String}
WHERE NOT withdrawn AND (finished_at IS NULL OR finished_at >= fromUnixTimestamp64Micro({start:Int64}))"""
"""The step is of the sorting key, so it may be looked at before revisions are; when a visit ended may not."""


def is_summed(asked: Asked, reads: Reads) -> bool:
    """Tell whether the engine can sum what the metric reads: a step's counts and elapsed spans in a window."""
    return (
        asked.metric.scope == Scope.STEP
        and bool(asked.window)
        and not reads.standing
        and reads.plain <= _PLAIN
        and len(reads.sketches) <= 1
        and reads.sketches <= _SPANS.keys()
    )


def parameters(asked: Asked) -> dict[str, object]:
    """Return what every question here takes."""
    return {
        "stream": asked.stream.name, "step": asked.step, "kind": asked.kind, "start": asked.start, "now": asked.now,
        "edges": list(EDGES),
    }  # fmt: skip


def sums_sql(reads: Reads) -> str:
    """Return the question for counts and durations, by the edge that a duration lies above, and for the left out.

    A visit that no duration stands for lies above -2, one that took no time above -1. One pass over the step gives it
    all.
    """
    spans = [_SPANS[sketch] for sketch in reads.sketches]
    behind = behind_sql(reads)
    span = f"if({behind}, assumeNotNull({spans[0]}), -1)" if spans else "toInt64(-1)"
    return (
        f"WITH {span} AS span "
        "SELECT multiIf(span < 0, -2, span = 0, -1, roundDown(span - 1, {edges:Array(Int64)})) AS above, "
        f"sumIf(span, span > 0) AS total, countIf({behind}) AS behind, "
        + "".join(f"countIf({_stands(when)}) AS {name}, " for name, when in _asked_counts(reads))
        + f"countIf({left_out_sql(reads)}) AS left_out {_FROM} GROUP BY above"
    )


def sums_columns(reads: Reads) -> list[str]:
    """Return the columns of the answer to `sums_sql`, in its order."""
    return ["above", "total", "behind", *(name for name, _ in _asked_counts(reads)), "left_out"]


def _asked_counts(reads: Reads) -> list[tuple[str, str]]:
    return [(name, when) for code, name, when in _COUNTS if code in reads.plain]


def since_sql() -> str:
    """Return the question what has become known of the rows since `measured`, and by which definitions they are."""
    return f"SELECT countIf(known_at > {_MEASURED}) AS later, groupUniqArray(definition_version) AS versions {_FROM}"


def list_sql(reads: Reads, *, behind: bool) -> str:
    """Return the question for the first rows that stand behind the number, or that are left out, by item and visit.

    Takes `limit` too. The table is in that order, so it is read no further than the last that is listed.
    """
    where = behind_sql(reads) if behind else left_out_sql(reads)
    names = () if behind else LEFT_OUT
    return f"SELECT {columns(StepVisit, names)} {_FROM} AND {where} ORDER BY item_id, visit LIMIT {{limit:UInt64}}"


def behind_sql(reads: Reads) -> str:
    """Return the condition of a visit that stands behind the number."""
    if reads.sketches:
        known = " OR ".join(f"ifNull({_SPANS[sketch]} >= 0, false)" for sketch in sorted(reads.sketches))
        return f"({_stands(_ENDED)} AND ({known}))"
    return f"({_stands(_ARRIVED if codes.ARRIVED in reads.plain else _ENDED)})"


def left_out_sql(reads: Reads) -> str:
    """Return the condition of a visit that is left out for a reason (`insights.explain.reasons`)."""
    if codes.ARRIVED in reads.plain:
        late = f"({_BEGIN} IS NULL OR {_BEGIN} > {_NOW})"
    else:
        late = f"(finished_at IS NULL OR finished_at >= {_START})"
    of_kind = f"if({{kind:String}} != '' AND ifNull(kind, '') != {{kind:String}}, kind IS NULL, NOT counted OR {late})"
    return f"(NOT {behind_sql(reads)} AND {of_kind})"


def tally_of(rows: Iterable[Mapping[str, Any]], reads: Reads) -> Tally:
    """Return the tally that the answer to `sums_sql` comes to."""
    tally = Tally()
    for row in rows:
        amounts = [(code, int(row[name])) for code, name, _ in _COUNTS if code in reads.plain]
        for sketch in reads.sketches:
            amounts += _of_sketch(sketch * WIDTH, row)
        put(tally.cell, amounts, 1)
    return tally


def _of_sketch(low: int, row: Mapping[str, Any]) -> list[tuple[int, int]]:
    above = int(row["above"])
    if above == _NONE:
        return []
    number = 0 if above < 0 else min(bisect_left(EDGES, above) + 1, BINS - 1)
    return [(low + number, int(row["behind"])), (low + _TOTAL, int(row["total"]))]


def readings(tally: Tally, asked: Asked) -> tuple[Reading, ...]:
    """Return what the tally gives."""
    return read([tally], asked)


def _stands(when: str) -> str:
    return f"counted AND {_KIND} AND {when}"
