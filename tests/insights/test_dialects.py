"""Every dialect says what its definition gives, worked by hand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from insights.dialects.answer import Answer, Question
from insights.dialects.catalogue import DIALECTS, UnknownDialect, dialect_answer
from insights.dialects.history import History
from tests.builders.dialect_histories import FOLDER, WEEK, Expected, history, nothing, week, worked

NAMES = [dialect.name for dialect in DIALECTS]


def expectations() -> Iterator[tuple[str, str, str, History, Expected]]:
    """Yield every expectation: dialect, case, question, history, what is to be said."""
    for name in NAMES:
        found = worked(name)
        yield from ((name, WEEK, question, week(), each) for question, each in found.week.items())
        yield from ((name, "empty", question, nothing(), each) for question, each in found.empty.items())
        for case in found.cases:
            own = history(case.history)
            yield from ((name, case.name, question, own, each) for question, each in case.expected.items())


ALL = list(expectations())


def said(answer: Answer, expected: Expected) -> tuple[object, ...]:
    """Return what an answer says of what is expected."""
    value = None if answer.value is None or expected.value is None else pytest.approx(answer.value, rel=1e-9)
    known = (answer.value is None, value, answer.n)
    return known if expected.left_out is None else (*known, sorted(each.item_id for each in answer.left_out))


@pytest.mark.parametrize(
    ("name", "case", "question", "asked", "expected"), ALL, ids=[f"{each[0]}-{each[1]}-{each[2]}" for each in ALL]
)
def test_the_answer_is_the_worked_one(name: str, case: str, question: str, asked: History, expected: Expected) -> None:
    """Value, n, and those left out where they are told."""
    assert case
    told = (expected.value is None, expected.value, expected.n)
    whole = told if expected.left_out is None else (*told, sorted(expected.left_out))
    assert said(dialect_answer(asked, name, question), expected) == whole


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("part", ["week", "empty"])
def test_every_question_of_a_dialect_is_worked(name: str, part: str) -> None:
    """Of the week, and of a week in which nothing happened."""
    dialect = next(each for each in DIALECTS if each.name == name)
    assert set(getattr(worked(name), part)) == {each.question.value for each in dialect.askings}


def test_every_file_is_of_a_dialect() -> None:
    """Nothing is worked for nobody, and names are not given twice."""
    assert sorted([*NAMES, WEEK]) == sorted(path.stem for path in FOLDER.glob("*.json"))


@pytest.mark.parametrize("name", NAMES)
def test_parts_of_a_lead_time_never_come_to_more_than_it(name: str) -> None:
    """Whatever is known of an item, what is in no part is told and not below zero."""
    dialect = next(each for each in DIALECTS if each.name == name)
    asking = dialect.asking(Question.LEAD_TIME)
    items = () if asking is None else asking.answer(week()).items
    assert all((each.parts["unaccounted_seconds"] or 0.0) >= 0.0 for each in items)


def test_the_parts_are_as_devlake_has_them() -> None:
    """Coding, pickup by whoever answered first, review and deploy, minutes rounded up."""
    first = dialect_answer(week(), "devlake-2023", "change_lead_time").items[0]
    assert list(first.parts.values()) == [3600.0, 300.0, 75300.0, 7200.0, 0.0]


@pytest.mark.parametrize(
    ("dialect", "metric", "says"),
    [
        ("devlake", "change_lead_time", "did you mean devlake-20"),
        ("xx", "change_lead_time", "known: dora-2021, dora-2023"),
        ("gitlab", "deployment_rework", "gitlab does not answer 'deployment_rework'; it answers: change_lead_time_sec"),
        ("gitlab", "x", "gitlab does not answer 'x'"),
    ],
)
def test_what_there_is_not_is_said(dialect: str, metric: str, says: str) -> None:
    """With what there is."""
    with pytest.raises(UnknownDialect, match=says):
        dialect_answer(nothing(), dialect, metric)
