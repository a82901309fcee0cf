"""The critical path of an item, its effort, and how often its work was handed over."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from processors.handoffs import handoffs
from processors.paths import effort, path_process
from processors.steps import Plan, Visit
from schemas.definition import ROUTE_TO_LIVE, Calendar, standard_map
from schemas.event import ActorClass, FlowEvent, WorkKind
from tests.builders import engine_events as say
from tests.builders.engine_rows import derived, one_stream

STEPS = standard_map(ROUTE_TO_LIVE)
PLAN = Plan(STEPS)
OWNED = Plan([replace(s, owner={"Review": "reviewers", "Build": "platform"}.get(s.name)) for s in STEPS])


def visit(step: str, queued: int | None, started: int | None, finished: int | None, worker: int = 0) -> Visit:
    """A stay by its boundaries, of an account."""
    stay = Visit(step=step, number=1, subject="change:a/1", before=None, queued=queued, started=started)
    stay.finished, stay.worker = finished, worker
    return stay


def test_what_ran_beside_a_longer_visit_is_not_on_the_critical_path() -> None:
    """A build during the review costs effort, and no time: 4 + 4 + 2 are on the path, 2 are not."""
    visits = [
        visit("Develop", 0, 0, 4),
        visit("Review", 4, 6, 10),
        visit("Build", 5, 5, 7),
        visit("Deploy", 10, 10, 12),
    ]
    assert (path_process(PLAN, visits, 12), effort(visits)) == (10, 12)


def test_of_visits_that_ended_together_the_later_of_the_map_is_on_the_path() -> None:
    """Before it comes what had ended by its begin, not what ended with it."""
    visits = [visit("Review", 0, 0, 10), visit("Build", 6, 7, 10), visit("Develop", 0, 2, 5)]
    assert path_process(PLAN, visits, 10) == 3 + 3


def test_what_ended_after_the_item_was_done_is_not_on_its_path() -> None:
    """It is effort all the same."""
    visits = [visit("Deploy", 0, 1, 4), visit("Build", 3, 3, 9)]
    assert (path_process(PLAN, visits, 4), effort(visits)) == (3, 9)


def test_a_path_without_a_known_process_time_is_unknown() -> None:
    """Not zero: nobody saw anybody work."""
    visits = [visit("Review", 0, None, 4)]
    assert (path_process(PLAN, visits, 4), effort(visits)) == (None, None)


TIMES = st.lists(st.integers(min_value=0, max_value=40), min_size=3, max_size=3).map(sorted)


@given(st.lists(st.tuples(st.sampled_from([s.name for s in STEPS]), TIMES), min_size=1, max_size=12))
def test_the_path_is_no_longer_than_the_flow_time_nor_than_the_effort(told: list[tuple[str, list[int]]]) -> None:
    """Its visits do not overlap, and each is one of the item's."""
    visits = [visit(step, *times) for step, times in told]
    begin, end = min(t[0] for _, t in told), max(t[2] for _, t in told)
    found = path_process(PLAN, visits, end)
    assert found is not None
    assert 0 <= found <= min(end - begin, effort(visits) or 0)


@pytest.mark.parametrize(
    ("workers", "expected"),
    [((1, 1, 1), 0), ((1, 2, 1), 2), ((1, 0, 2), None), ((1, 1, 0), 0), ((0, 0, 0), None), ((3,), None)],
)
def test_work_is_handed_over_where_another_account_starts_the_next_visit(
    workers: tuple[int, ...], expected: int | None
) -> None:
    """An account that is not known cannot be told from another, and where no pair can be judged it is unknown."""
    visits = [visit(STEPS[i].name, i, i, i + 1, worker) for i, worker in enumerate(workers)]
    assert handoffs(PLAN, visits) == expected


def test_work_is_handed_over_where_the_steps_have_different_owners() -> None:
    """From Develop, which has none, to Review nothing is known; from Review to Build it is handed over."""
    visits = [visit("Develop", 0, 0, 1), visit("Review", 1, 1, 2), visit("Build", 2, 2, 3)]
    assert handoffs(OWNED, visits) == 1


def test_another_account_and_another_owner_are_one_hand_over() -> None:
    """A pair of visits counts once, and the order of begins makes the pairs."""
    visits = [visit("Build", 2, 2, 3, worker=8), visit("Review", 1, 1, 2, worker=7)]
    assert handoffs(OWNED, visits) == 1


def _by(event: FlowEvent, actor: str | None, actor_class: ActorClass = ActorClass.HUMAN) -> FlowEvent:
    return replace(event, actor=actor, actor_class=actor_class)


STORY = (
    _by(say.created("CHK-1", 0), "planner"),
    _by(say.committed("c1", 1, say.named("CHK-1")), "author"),
    _by(say.opened(1, 3, say.named("CHK-1")), "author"),
    _by(say.reviewed(1, 4), "reviewer"),
    _by(say.merged(1, 5, "m1"), "reviewer"),
    _by(say.run("started", 1, 6, "m1"), "runner", ActorClass.BOT),
    say.run("finished", 1, 7, "m1"),
    say.closed("CHK-1", 8),
)


def test_only_people_and_agents_hand_work_over() -> None:
    """From the author to the reviewer; the backlog was never started, and a robot is nobody that work passes to."""
    assert derived(*STORY).item(say.ticket("CHK-1")).handoffs == 1


def test_whoever_sends_work_back_does_not_work_on_it() -> None:
    """The second development was opened by the reviewer's verdict: whose it is nobody told."""
    told = derived(*STORY[:3], _by(say.reviewed(1, 4, "changes_requested"), "reviewer"))
    assert told.item(say.ticket("CHK-1")).handoffs == 1


def test_a_visit_says_of_what_kind_it_is_and_who_started_it() -> None:
    """The item's kind, and the class of the actor; nobody, where it was never started."""
    told = derived(*STORY)
    visits = [v for step in ("Backlog", "Develop", "Review", "Build") for v in told.visits(step)]
    assert [(v.kind, v.started_by) for v in visits] == [
        (WorkKind.FEATURE, None),
        (WorkKind.FEATURE, ActorClass.HUMAN),
        (WorkKind.FEATURE, ActorClass.HUMAN),
        (WorkKind.FEATURE, ActorClass.BOT),
    ]


def test_an_item_has_its_path_effort_and_working_time_when_it_is_finished() -> None:
    """Two hours of development, one of review, one of building, in a row; working time by the stream's calendar."""
    always = Calendar(zone="UTC", hours=tuple((day, 0, 1440) for day in range(7)))
    item = derived(*STORY, definition=one_stream(calendar=always)).item(say.ticket("CHK-1"))
    found = (item.path_process_micros, item.effort_micros, item.flow_working_micros)
    assert found == (4 * say.HOUR, 4 * say.HOUR, 8 * say.HOUR)


def test_an_open_item_has_neither_path_nor_effort_nor_working_time() -> None:
    """They are parts of a flow time that is not known yet."""
    always = Calendar(zone="UTC", hours=tuple((day, 0, 1440) for day in range(7)))
    item = derived(*STORY[:-1], definition=one_stream(calendar=always)).item(say.ticket("CHK-1"))
    assert (item.path_process_micros, item.effort_micros, item.flow_working_micros) == (None, None, None)
