"""A stream as it was at a past time, as far as what was recorded then tells: for numbers that are no more; pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from insights.explain.questions import Row
from schemas.definition import ROUTE_TO_LIVE, Calendar, Step, ValueStream

RECORDED_SQL: Final = """
SELECT DISTINCT step, environment, metric LIKE '%_working_seconds' AS is_working,
    metric = 'change_lead_time_seconds' AS is_production
FROM vsm.measurements_as_of(at = fromUnixTimestamp64Micro({at:Int64}, 'UTC'))
WHERE value_stream = {stream:String}
UNION DISTINCT
SELECT DISTINCT step, '', false, false FROM vsm.step_visits
WHERE value_stream = {stream:String} AND known_at <= fromUnixTimestamp64Micro({at:Int64}, 'UTC')
"""
"""Of which steps and environments a stream had numbers or visits at a time; takes stream and at, microseconds UTC."""

_ALWAYS: Final = Calendar(zone="UTC", hours=tuple((day, 0, 24 * 60) for day in range(7)))
"""Which hours were worked is not recorded; the working times of rows are."""


class Once(Struct, frozen=True):
    """A stream to ask a number of, and what of it is no more, in words; '' where it is all there."""

    stream: ValueStream
    no_more: str = ""


def has_step(stream: ValueStream, step: str) -> bool:
    """Tell whether a stream has a step, '' being none in particular."""
    return not step or any(each.name.casefold() == step.casefold() for each in stream.steps)


def with_step(stream: ValueStream, step: str, recorded: Iterable[Row]) -> Once:
    """Return a stream with a step that it has, or had when this was recorded; as it is where it had none such."""
    if has_step(stream, step):
        return Once(stream)
    name = next((str(row["step"]) for row in recorded if str(row["step"]).casefold() == step.casefold()), None)
    if name is None:
        return Once(stream)
    return Once(
        replace(stream, steps=(*stream.steps, Step(name=name))), f"the definition has no step '{name}' any more"
    )


def gone_stream(name: str, recorded: Iterable[Row]) -> Once | None:
    """Return a stream that the definition does not have, of what was recorded; None where nothing was.

    Its steps stand in the order of their names, production last among its environments. Its targets are not known.
    """
    rows = list(recorded)
    if not rows:
        return None
    steps = sorted({str(row["step"]) for row in rows} - {""})
    production = {str(row["environment"]) for row in rows if row["is_production"]} - {""}
    others = {str(row["environment"]) for row in rows} - {""} - production
    stream = ValueStream(
        name=name,
        select=(),
        steps=tuple(Step(name=step) for step in steps),
        environments=(*sorted(others), *sorted(production)) or ROUTE_TO_LIVE,
        calendar=_ALWAYS if any(row["is_working"] for row in rows) else None,
    )
    return Once(stream, f"the definition has no value stream '{name}' any more")
