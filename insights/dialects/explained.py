"""A dialect's number with the items behind it, in the shape of an explanation; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from insights.dialects.answer import Answer, Asking, Dialect
from insights.dialects.history import History


class Defined(Struct, frozen=True, kw_only=True):
    """The definition behind a dialect's number."""

    name: str
    version: str
    text: str
    source: str


class DialectExplanation(Struct, frozen=True, kw_only=True):
    """A dialect's number, the items behind it with their parts, and those left out; lists are cut, totals are not.

    Times are microseconds UTC.
    """

    value_stream: str
    metric: str
    dialect: str
    window: str
    since: int
    until: int
    value: float | None
    n: int
    unit: str
    statistic: str
    definition: Defined
    items_total: int
    left_out_total: int
    items: Sequence[Mapping[str, object]]
    left_out: Sequence[Mapping[str, str]]
    beside: Mapping[str, float | None] = {}


def explained(history: History, window: str, dialect: Dialect, asking: Asking, limit: int) -> DialectExplanation:
    """Return what a dialect says of a history, with at most `limit` items behind it."""
    answer: Answer = asking.answer(history)
    return DialectExplanation(
        value_stream=history.value_stream,
        metric=asking.question.value,
        dialect=dialect.name,
        window=window,
        since=history.since,
        until=history.until,
        value=answer.value,
        n=answer.n,
        unit=answer.unit.value,
        statistic=answer.statistic,
        definition=Defined(name=dialect.name, version=dialect.version, text=_first_line(asking), source=dialect.source),
        items_total=len(answer.items),
        left_out_total=len(answer.left_out),
        items=[{"item_id": each.item_id, "value": each.value, **each.parts} for each in answer.items[:limit]],
        left_out=[{"item_id": each.item_id, "reason": each.reason} for each in answer.left_out[:limit]],
        beside=answer.beside,
    )


def _first_line(asking: Asking) -> str:
    return (asking.answer.__doc__ or asking.says).strip().split("\n", maxsplit=1)[0]
