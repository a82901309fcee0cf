"""The answers of every dialect beside one another; pure."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from insights.dialects.answer import Answer, Question
from insights.dialects.catalogue import DIALECTS
from insights.dialects.history import History


class Said(Struct, frozen=True, kw_only=True):
    """What a dialect says to a question, and in a few words why it is not what another one says."""

    dialect: str
    value: float | None
    unit: str
    n: int
    statistic: str
    says: str
    left_out: int
    beside: Mapping[str, float | None] = {}


class Compared(Struct, frozen=True, kw_only=True):
    """A question and what those dialects that answer it say."""

    question: str
    answers: tuple[Said, ...]


class Named(Struct, frozen=True, kw_only=True):
    """A dialect that was asked."""

    name: str
    version: str
    summary: str
    source: str


class Comparison(Struct, frozen=True, kw_only=True):
    """Every dialect's answers of a stream in a window; `since` and `until` are microseconds UTC."""

    value_stream: str
    window: str
    since: int
    until: int
    dialects: tuple[Named, ...]
    questions: tuple[Compared, ...]


def compared(history: History, window: str) -> Comparison:
    """Return what every dialect says of a history, question by question."""
    return Comparison(
        value_stream=history.value_stream,
        window=window,
        since=history.since,
        until=history.until,
        dialects=tuple(Named(name=d.name, version=d.version, summary=d.summary, source=d.source) for d in DIALECTS),
        questions=tuple(Compared(question=question.value, answers=_said(history, question)) for question in Question),
    )


def _said(history: History, question: Question) -> tuple[Said, ...]:
    askings = [(dialect.name, dialect.asking(question)) for dialect in DIALECTS]
    return tuple(_one(name, asking.says, asking.answer(history)) for name, asking in askings if asking is not None)


def _one(name: str, says: str, answer: Answer) -> Said:
    return Said(
        dialect=name,
        value=answer.value,
        unit=answer.unit.value,
        n=answer.n,
        statistic=answer.statistic,
        says=says,
        left_out=len(answer.left_out),
        beside=answer.beside,
    )
