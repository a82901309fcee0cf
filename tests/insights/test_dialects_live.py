"""The dialects that a stream's definition may choose say what is measured live, of the same rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeVar

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from insights.dialects.answer import Question
from insights.dialects.catalogue import dialect_answer, dialect_named
from insights.dialects.history import ChangeHistory, DeploymentHistory, History, IncidentHistory
from metrics.sketch import RELATIVE_ERROR
from metrics.windows import window_starts
from schemas.derived import Change, Deployment, Derived, Incident
from schemas.measurement import WINDOWS
from tests.builders.measured import DAY, HOUR, NOW, STREAM, change, defined, deployment, fed, incident
from tests.builders.random_rows import rows

_T = TypeVar("_T")

LIVE: Final = ("dora-2021", "dora-2023", "dora-2024")
STATISTICS: Final = {Question.FREQUENCY: "mean", Question.FAIL_RATE: "ratio", Question.REWORK: "ratio"}


def history(drawn: Iterable[Derived], window: str) -> History:
    """Return the history that the rows of the stream are, in a window up to now."""
    own = [row for row in drawn if row.value_stream == STREAM]
    return History(
        value_stream=STREAM,
        since=window_starts(NOW)[list(WINDOWS).index(window)],
        until=NOW,
        seconds=WINDOWS[window],
        changes=_told(own, Change, ChangeHistory),
        deployments=_told(own, Deployment, DeploymentHistory),
        incidents=_told(own, Incident, IncidentHistory),
    )


def _told(own: Iterable[Derived], kind: type[Derived], as_kind: type[_T]) -> tuple[_T, ...]:
    return tuple(msgspec.convert(row, as_kind, from_attributes=True) for row in own if isinstance(row, kind))


def differences(drawn: list[Derived], dialect: str) -> list[tuple[object, ...]]:
    """Return where the dialect says something else than the rolling measures of a stream that has chosen it."""
    measured = {
        (m.metric, m.window, m.statistic): m
        for m in fed(drawn, NOW, defined(dialect=dialect)).measure_all(NOW, {})
        if (m.value_stream, m.service, m.environment) == (STREAM, "", "production")
    }
    found: list[tuple[object, ...]] = []
    for asking in dialect_named(dialect).askings:
        for window in WINDOWS:
            live = measured.get((asking.question.value, window, STATISTICS.get(asking.question, "p50")))
            said = asking.answer(history(drawn, window))
            value = None if said.value is None else pytest.approx(said.value, rel=1.01 * RELATIVE_ERROR)
            if live is not None and (live.value, live.n) != (value, said.n):
                found.append((asking.question.value, window, live.value, live.n, said.value, said.n))
    return found


@given(rows(), st.sampled_from(LIVE))
@settings(max_examples=40, deadline=None)
def test_a_dialect_says_what_is_measured(drawn: list[Derived], dialect: str) -> None:
    """Every question in every window; durations within the sketch's error."""
    assert differences(drawn, dialect) == []


def busy() -> list[Derived]:
    """Return rows enough for every question to have an answer."""
    return [
        *(change(f"change:{n}", first_commit=NOW - n * HOUR - DAY, deployed=NOW - n * HOUR) for n in range(8)),
        *(
            deployment(
                f"deployment:{n}", finished=NOW - n * HOUR, caused_incident=n < 7, confidence=0.9,
                recovered=NOW - n * HOUR + n * 60_000_000, rework=n % 2 == 0,
            )
            for n in range(10)
        ),
        *(incident(f"incident:{n}", detected=NOW - DAY - n * HOUR, resolved=NOW - HOUR * n) for n in range(6)),
    ]  # fmt: skip


@pytest.mark.parametrize("dialect", LIVE)
def test_a_busy_day_is_measured_alike(dialect: str) -> None:
    """Where every question has an answer and none is unknown."""
    asked = history(busy(), "24h")
    questions = dialect_named(dialect).askings
    unknown = [each.question for each in questions if dialect_answer(asked, dialect, each.question).value is None]
    assert (unknown, differences(busy(), dialect)) == ([], [])
