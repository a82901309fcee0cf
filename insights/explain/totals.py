"""What a number's rows come to, summed by the engine: the sums, and the conditions of the rows that are listed; pure.

Rows are not read one by one, so that millions of them take no longer than the engine needs to look at their columns.
What they add is said in `insights.explain.effects`; the metric's own function makes the number of it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from insights.explain.effects import BEGUN, ENDED, Effect, Effects, effects
from insights.explain.questions import SHOWN_THEN, THEN, columns, kinds_of
from insights.explain.questions import parameters as place
from insights.explain.reading_of import Reads, reads
from metrics import codes
from metrics.codes import WIDTH
from metrics.reading import Reading, Scope
from metrics.recompute import Asked, Tally, read
from metrics.sketch import BINS, EDGES
from metrics.slices import edges
from schemas.derived import StepVisit

_TOTAL: Final = WIDTH - 1
_START: Final = "{start:Int64}"
_NOW: Final = "{now:Int64}"
_OPEN: Final = f"ifNull(begun <= {_NOW}, false) AND NOT ifNull(ended <= {_NOW}, false)"
_STANDS: Final = frozenset(
    {codes.ARRIVED, codes.COMPLETED, codes.DONE, codes.RETURNED}
    | {codes.STANDING, codes.STANDING_MOMENT, codes.STANDING_BEGINS}
)
"""What is read of a window whose standing work is asked for."""
_STANDING: Final = (
    f"countIf(own AND ifNull(begun <= {_NOW}, false)) AS seen",
    f"groupArrayIf(assumeNotNull(begun), own AND {_OPEN}) AS begins",
)
_NOT_STANDING: Final = ("0 AS seen", "CAST([], 'Array(Int64)') AS begins")
LEFT_OUT: Final = (
    "item_id", "step", "visit", "subject_id", "counted", "kind", "queued_at", "started_at", "finished_at", "outcome",
)  # fmt: skip
"""The fields that tell why a visit is left out."""
_TOLD: Final = (
    "item_id", "step", "visit", "counted", "kind", "queued_at", "started_at", "finished_at", "outcome",
    "wait_micros", "process_micros", "blocked_micros", "returned", "evidence",
)  # fmt: skip
_TOLD_WORKING: Final = tuple(f"{part}_working_micros" for part in ("wait", "process", "blocked", "unaccounted"))
"""The fields that are told of a visit behind a number, the second of a stream with a calendar: each column of ten
million visits takes the engine as long as a small question."""


class Summed(Struct, frozen=True, kw_only=True):
    """A series that the engine can sum: what its metric reads, and what its rows add.

    `as_of`, microseconds UTC: of the rows as they were known and shown then; None: as they are now.
    """

    asked: Asked
    reads: Reads
    of: Effects
    as_of: int | None = None

    def at(self, now: int) -> Summed:
        """Return the series at another clock."""
        return replace(self, asked=replace(self.asked, now=now))

    def known(self, as_of: int) -> Summed:
        """Return the series as it was known at a time, microseconds UTC."""
        return replace(self, as_of=as_of)

    @property
    def sliced(self) -> bool:
        """Whether the sums are of each step, and of each slice of the window."""
        return self.asked.metric.scope == Scope.MAP

    @property
    def sketch(self) -> int | None:
        """The sketch that the metric reads; None without any."""
        if self.reads.standing:
            return codes.FLOW if self.asked.window and self.asked.metric.scope == Scope.FLOW else None
        return next(iter(self.reads.sketches), None)

    @property
    def plain(self) -> tuple[Effect, ...]:
        """What the metric reads of all that the rows add."""
        wanted = (_STANDS if self.asked.window else frozenset()) if self.reads.standing else self.reads.plain
        return tuple(effect for effect in self.of.plain if effect.code in wanted)


def summed(asked: Asked) -> Summed | None:
    """Return how the engine sums a series; None for one whose rows have to be read. Raises NotFromRows."""
    asked.names  # noqa: B018 - raises
    found = reads(asked)
    of = effects(kinds_of(asked, found)[0], asked, found)
    if of is None or len(found.sketches) > 1 or not found.sketches <= of.spans.keys():
        return None
    return Summed(asked=asked, reads=found, of=of)


def parameters(asked: Asked, as_of: int | None = None) -> dict[str, object]:
    """Return what every question here takes; `as_of` is the series'."""
    return {
        **place(asked, asked.start),
        "kind": asked.kind if asked.metric.by_kind else "",
        "start": asked.start,
        "now": asked.now,
        "edges": list(EDGES),
        "slice": _slice(asked),
        "production": asked.stream.production,
        "at": as_of or 0,
    }


def sums_sql(series: Summed) -> str:
    """Return the question for all that the rows come to, in one pass: `sums_columns` for each step, slice and bin."""
    keys = {"above": "CAST(-2, 'Int64')", "step_name": "''", "first": "CAST(-1, 'Int64')", "last": "CAST(-1, 'Int64')"}
    span = "CAST(-1, 'Int64')"
    if series.sketch is not None:
        known = series.of.spans[series.sketch]
        span = f"if({counts_at(ENDED)} AND ifNull({known} >= 0, false), assumeNotNull({known}), -1)"
        keys["above"] = "multiIf(span < 0, -2, span = 0, -1, roundDown(span - 1, {edges:Array(Int64)}))"
    if series.sliced:
        keys["step_name"] = "step"
        keys["first"], keys["last"] = (
            f"if({counts_at(at)}, intDiv(assumeNotNull({at}) - {_START}, {{slice:Int64}}), -1)" for at in (BEGUN, ENDED)
        )
    values = [
        *(f"{expression} AS {name}" for name, expression in keys.items()),
        "count() AS held_by_bin",
        "sum(toInt128(greatest(span, 0))) AS total",
        f"countIf({stands_behind(series)}) AS behind",
        f"countIf({_left_out(series)}) AS left_out",
        *(_STANDING if series.reads.standing else _NOT_STANDING),
        *(f"{_amount(effect)} AS {_name(effect)}" for effect in series.plain),
    ]
    held = " AND held" if series.asked.window else ""
    return (
        f"WITH {names_of(series)}, {span} AS span SELECT {', '.join(values)} {rows_from(series)}"
        f" WHERE NOT withdrawn{held} GROUP BY {', '.join(keys)}"
    )


def sums_columns(series: Summed) -> list[str]:
    """Return the columns of the answer to `sums_sql`, in its order."""
    plain = [_name(effect) for effect in series.plain]
    return [
        "above", "step_name", "first", "last", "held_by_bin", "total", "behind", "left_out", "seen", "begins", *plain,
    ]  # fmt: skip


def since_sql(series: Summed) -> str:
    """Return the question what has become known of the rows since `measured`, and by which definitions they are."""
    measured = "fromUnixTimestamp64Micro({measured:Int64})"
    return (
        f"WITH {names_of(series)} SELECT countIf(known_at > {measured}) AS later,"
        f" groupUniqArray(definition_version) AS versions {rows_from(series)} WHERE NOT withdrawn AND held"
    )


def list_sql(series: Summed, *, behind: bool, few: bool) -> str:
    """Return the question for the first rows that stand behind the number, or that are left out, in the table's order.

    Takes `limit` too. The table is in that order, so it is read no further than the last that is listed. Where all
    that there are are listed (`few`) it would be read to its end: then the keys of all revisions for which the
    condition holds, the newest or not, are found first, in few columns, and rows are read of those alone.
    """
    of = series.of
    where = f"NOT withdrawn AND {stands_behind(series) if behind else _left_out(series)}"
    found = f"{rows_from(series, final=False)} AND {where}"
    among = f" AND {of.key} IN (WITH {names_of(series)} SELECT {of.key} {found})" if few else ""
    told = columns(of.kind, list_names(series, behind=behind))
    return (
        f"WITH {names_of(series)} SELECT {told} {rows_from(series)}{among}"
        f" WHERE {where} ORDER BY {of.order} LIMIT {{limit:UInt64}}"
    )


def list_names(series: Summed, *, behind: bool) -> Sequence[str]:
    """Return the fields that a list reads, none for all."""
    if series.of.kind is not StepVisit:
        return ()
    working = () if series.asked.stream.calendar is None else _TOLD_WORKING
    return (*_TOLD, *working) if behind else LEFT_OUT


def readings(rows: Iterable[Mapping[str, Any]], series: Summed) -> tuple[Reading, ...]:
    """Return what the answer to `sums_sql` gives."""
    asked, width = series.asked, _slice(series.asked)
    names = [step.name for step in asked.stream.steps] if series.sliced else [""]
    tallies = {name: Tally(sliced=series.sliced) for name in names}
    for row in rows:
        tally = tallies[row["step_name"]]
        tally.stand(row["begins"], int(row["seen"]))
        tally.sum(asked.start, _of_sketch(row, series))
        for effect in series.plain:
            number = int(row["first" if effect.at == BEGUN else "last"])
            tally.sum(asked.start + max(0, number) * width, [(effect.code, int(row[_name(effect)]))])
    return read([tallies[name] for name in names], asked)


def counts(rows: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    """Return how many rows stand behind the number, and how many are left out for a reason."""
    return sum(int(row["behind"]) for row in rows), sum(int(row["left_out"]) for row in rows)


def _slice(asked: Asked) -> int:
    """Return the length of a slice of the window, microseconds; 1 without a window."""
    bounds = edges(asked.place, asked.now) if asked.window else (0, 1)
    return bounds[1] - bounds[0]


def _of_sketch(row: Mapping[str, Any], series: Summed) -> list[tuple[int, int]]:
    above, sketch = int(row["above"]), series.sketch
    if sketch is None or above < -1:
        return []
    number = 0 if above < 0 else min(bisect_left(EDGES, above) + 1, BINS - 1)
    low = sketch * WIDTH
    return [(low + number, int(row["held_by_bin"])), (low + _TOTAL, int(row["total"]))]


def names_of(series: Summed) -> str:
    """Return the names that conditions and amounts are said in: a row's two instants, and what it is."""
    of = series.of
    return f"{of.begun} AS begun, {of.ended} AS ended, {of.own} AS own, {of.held} AS held"


def rows_from(series: Summed, *, final: bool = True) -> str:
    """Return the rows of the stream as they are known now, all revisions of them, or as they were known once.

    The step is of the sorting key, so it may be looked at before revisions are; when a row ended may not.
    """
    step = " AND step IN {steps:Array(String)}" if series.of.kind is StepVisit else ""
    if series.as_of is not None:
        return f"FROM ({_once_known(series.of, step)})"
    where = "FINAL PREWHERE" if final else "WHERE"
    return (
        f"FROM vsm.{series.of.table} {where} generation = (SELECT argMax(generation, activated_at)"  # noqa: S608 - constants
        f" FROM vsm.active) AND value_stream = {{stream:String}}{step}"
    )


def _once_known(of: Effects, step: str) -> str:
    """Return the question for rows as they were known: the newest, and of those known later the revision of before.

    What is of the newest revisions is read as it is read of now; the table of all revisions is read for few rows.
    """
    own = f"generation = {SHOWN_THEN} AND value_stream = {{stream:String}}{step}"
    newest = f"FROM vsm.{of.table} FINAL PREWHERE {own} WHERE known_at"
    return (
        f"SELECT * {newest} <= {THEN} UNION ALL SELECT * FROM (SELECT * FROM vsm.{of.table.removesuffix('_latest')}"  # noqa: S608 - constants
        f" WHERE {own} AND known_at <= {THEN} AND ({of.order}) IN (SELECT {of.order} {newest} > {THEN})"
        f" ORDER BY revision DESC LIMIT 1 BY {of.order})"
    )


def counts_at(at: str) -> str:
    """Return the condition that a row counts at one of its instants: it is of the series, and that is in the window."""
    return f"(own AND ifNull({at} >= {_START} AND {at} <= {_NOW}, false))"


def _amount(effect: Effect) -> str:
    when = f"{counts_at(effect.at)} AND {effect.when}"
    if effect.amount == "1":
        return f"countIf({when})"
    return f"sumIf(toInt128(ifNull({effect.amount}, 0)), {when})"


def _name(effect: Effect) -> str:
    return f"{effect.at}_{effect.code}"


def stands_behind(series: Summed) -> str:
    """Return the condition of a row that stands behind the number (`insights.explain.reading_of.amount`)."""
    found = series.reads
    if found.standing:
        passed = f" OR {counts_at(BEGUN)} OR {counts_at(ENDED)}" if series.asked.window else ""
        return f"(held AND ((own AND {_OPEN}){passed}))"
    if found.sketches:
        known = " OR ".join(f"ifNull({series.of.spans[sketch]} >= 0, false)" for sketch in sorted(found.sketches))
        return f"({counts_at(ENDED)} AND ({known}))"
    primary = found.primary()
    each = {f"({counts_at(effect.at)} AND {effect.when})" for effect in series.of.plain if effect.code in primary}
    return f"({' OR '.join(sorted(each)) or 'false'})"


def _left_out(series: Summed) -> str:
    """Return the condition of a row that is left out for a reason (`insights.explain.reasons`)."""
    return f"(held AND NOT {stands_behind(series)} AND ifNull({series.of.left_out}, false))"
