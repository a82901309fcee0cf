"""What the tables are asked for an explanation: the measurement, and the rows that its window can hold; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import fields

from insights.explain.reading_of import Reads
from metrics import codes
from metrics.delivery_points import TIME_TO_RESTORE
from metrics.reading import Scope
from metrics.recompute import Asked
from schemas.derived import Change, Deployment, Derived, Incident, StepVisit, WorkItem

Row = Mapping[str, Any]
"""One row, columns by name."""

_COLUMNS: Final = """value, n, lower, upper, completeness, definition_version, generation, statistic,
    toUnixTimestamp(measured_at) AS measured_seconds, metric, step, window, kind, environment, service"""
_SERIES: Final = """value_stream = {stream:String} AND metric = {metric:String} AND step = {step:String}
    AND window = {window:String} AND environment = {environment:String} AND service = {service:String}"""

STREAMS_SQL: Final = "SELECT DISTINCT value_stream FROM vsm.measurements_current ORDER BY value_stream"
"""The streams that have measurements."""

OWNERS_SQL: Final = """
SELECT step, subject_id, item_id FROM vsm.step_visits_current
WHERE value_stream = {stream:String} AND step IN {steps:Array(String)} AND counted
    AND subject_id IN {subjects:Array(String)}
"""
"""With which item the visits of some entities are counted."""

MOVED: Final = """vsm.work_items_latest FINAL WHERE value_stream = {stream:String} AND moved_to IS NOT NULL
    AND generation = (SELECT argMax(generation, activated_at) FROM vsm.active)"""
"""The items that are known to have moved, to be read from."""

MOVED_SQL: Final = f"SELECT item_id, moved_to FROM {MOVED} AND item_id IN {{items:Array(String)}}"  # noqa: S608 - constants
"""Which items took the facts of others."""

THEN: Final = "fromUnixTimestamp64Micro({at:Int64}, 'UTC')"
"""The past time that is asked about."""

SHOWN_THEN: Final = f"(SELECT argMax(generation, activated_at) FROM vsm.activations WHERE activated_at <= {THEN})"  # noqa: S608 - constants
"""The generation that was shown then."""

_NAMES: Final[Mapping[type[Struct], str]] = {
    StepVisit: "step_visits",
    WorkItem: "work_items",
    Change: "changes",
    Deployment: "deployments",
    Incident: "incidents",
}
_UNREAD: Final = frozenset(
    {"value_stream", "withdrawn", "revision", "links", "blocked_spans", "repository", "artifact", "commit",
     "gap_micros", "gap_working_micros", "skewed", "started_by", "state"}
)  # fmt: skip
_BEGIN: Final = "coalesce(queued_at, started_at)"
_SINCE: Final = "fromUnixTimestamp64Micro({since:Int64})"

HELD: Final[Mapping[type[Struct], str]] = {
    StepVisit: f"step IN {{steps:Array(String)}} AND (finished_at IS NULL OR finished_at >= {_SINCE})",
    WorkItem: f"(finished_at IS NULL OR finished_at >= {_SINCE})",
    Change: f"(deployed_at >= {_SINCE} OR (deployed_at IS NULL"
    f" AND coalesce(merged_at, opened_at, first_commit_at) >= {_SINCE}))",
    Deployment: f"environment = {{environment:String}}"
    f" AND (finished_at IS NULL OR finished_at >= {_SINCE} OR recovered_at >= {_SINCE})",
    Incident: f"(resolved_at IS NULL OR resolved_at >= {_SINCE})",
}
"""The condition of the rows of a kind that a window from `since` on can hold."""


def measured_sql(at: str = "") -> str:
    """Return the question for all statistics of a metric's series: now, or as a board showed them `at` a time."""
    return f"SELECT {_COLUMNS} FROM {_measured_in(at)} WHERE {_SERIES} AND ({{all:Bool}} OR kind = {{kind:String}})"  # noqa: S608 - constants


def clock_sql(at: str = "") -> str:
    """Return the question when anything of a stream, '' any, was last measured, 0 before the first time."""
    of_stream = "{stream:String} IN ('', value_stream)"
    return f"SELECT toUnixTimestamp(max(measured_at)) AS newest FROM {_measured_in(at)} WHERE {of_stream}"  # noqa: S608 - constants


def _measured_in(at: str) -> str:
    return "vsm.measurements_current" if not at else f"vsm.measurements_as_of(at = '{at}')"


def seen_sql(kind: type[Derived], at: str = "") -> str:
    """Return the question how many opened whose rows are not read, since they ended before `since`."""
    begin = f"step IN {{steps:Array(String)}} AND counted AND {_BEGIN}" if kind is StepVisit else "started_at"
    return (
        f"SELECT count() AS seen FROM {source(kind, at)} WHERE value_stream = {{stream:String}} "  # noqa: S608 - constants
        f"AND {begin} IS NOT NULL AND ({{kind:String}} = '' OR kind = {{kind:String}}) AND finished_at < {_SINCE}"
    )


def kinds_of(asked: Asked, read: Reads) -> tuple[type[Derived], ...]:
    """Return the kinds of rows that a metric's points come from."""
    match asked.metric.scope:
        case Scope.STEP | Scope.STEP_NOW | Scope.MAP:
            return (StepVisit,)
        case Scope.FLOW | Scope.FLOW_NOW:
            return (WorkItem,)
        case _ if codes.CHANGED in read.plain:
            return (Change,)
        case _ if codes.RECOVERY in read.sketches and asked.stream.dialect == TIME_TO_RESTORE:
            return (Incident,)
        case _:
            return (Deployment,)


def rows_sql(kind: type[Derived], at: str = "") -> str:
    """Return the question for the rows of a kind that a window can hold: as known now, or as shown `at` a time.

    Takes stream, since, and steps or environment where the rows have them.
    """
    return (
        f"SELECT {columns(kind)} FROM {source(kind, at)} "  # noqa: S608 - constants
        f"WHERE value_stream = {{stream:String}} AND {HELD[kind]}"
    )


def keyed_sql(kind: type[Derived], key: str) -> str:
    """Return the question for the rows of some keys that a window can hold as they are known now; takes keys too."""
    return f"{rows_sql(kind)} AND {key} IN {{keys:Array(String)}}"


def keyed_then_sql(kind: type[Derived], key: str, order: str) -> str:
    """Return the same as they were known and shown at a time; `order` is what makes two rows the same. Takes at too.

    It is the `_as_of` view, of which a condition on keys would be looked at after all rows have been sorted.
    """
    return (
        f"SELECT {columns(kind)} FROM (SELECT * FROM vsm.{_NAMES[kind]} WHERE generation = {SHOWN_THEN}"  # noqa: S608 - constants
        f" AND known_at <= {THEN} AND value_stream = {{stream:String}} AND {key} IN {{keys:Array(String)}}"
        f" ORDER BY revision DESC LIMIT 1 BY {order}) WHERE NOT withdrawn AND {HELD[kind]}"
    )


def columns(kind: type[Derived], names: Sequence[str] = ()) -> str:
    """Return the columns that `rows_of` reads, in its order: those of some fields, or all that an explanation tells."""
    return ", ".join(selected(name) for name in names or _names(kind))


def source(kind: type[Derived], at: str = "") -> str:
    """Return the view of a kind of rows: as known now, or as shown `at` a time."""
    name = _NAMES[kind]
    return f"vsm.{name}_as_of(at = '{at}')" if at else f"vsm.{name}_current"


def rows_of(
    kind: type[Derived], stream: str, rows: Iterable[Sequence[object]], names: Sequence[str] = ()
) -> Iterator[Derived]:
    """Yield the rows of an answer to a question for `columns` as values; what was not asked for is as if unknown."""
    names = names or tuple(_names(kind))
    unasked = {field.name: "" for field in fields(kind) if field.required and field.name != "value_stream"}
    for row in rows:
        given: dict[str, Any] = {**unasked, **dict(zip(names, row, strict=True))}
        yield kind(value_stream=stream, **given)


def parameters(asked: Asked, since: int) -> dict[str, object]:
    """Return what the questions for rows take; `since` is the earliest window's start, microseconds UTC."""
    steps = [asked.step] if asked.metric.scope != Scope.MAP else [step.name for step in asked.stream.steps]
    return {
        "stream": asked.stream.name,
        "since": since,
        "steps": steps,
        "kind": asked.kind,
        "environment": asked.environment,
        "service": asked.service,
    }


def _names(kind: type[Struct]) -> Iterator[str]:
    return (field.name for field in fields(kind) if field.name not in _UNREAD)


def selected(name: str) -> str:
    """Return the expression of a field; it has no alias, which would stand for the column in the WHERE clause."""
    if name.endswith("_at"):
        return f"toUnixTimestamp64Micro({name})"
    if name.endswith("_micros"):
        return f"toInt64(round({name.removesuffix('_micros')}_seconds * 1000000))"
    return name
