"""Items for the waste ledger: visits told by hours, and cases that hypothesis draws."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from insights.waste.case import Case, Failure, Run, Span
from insights.waste.ledger import ledger
from insights.waste.spans import joined
from schemas.definition import Step
from schemas.derived import BRIDGED, SENT_BACK, Change, StepVisit, WorkItem
from schemas.event import ActorClass
from tests.builders.derived_rows import T0

HOUR = 3_600_000_000
ITEM = "ticket:jira/CHK-1"
STEPS = {
    step.name: step
    for step in (
        Step(name="Backlog", value_adding=False, owner="product"),
        Step(name="Develop", owner="team"),
        Step(name="Review", owner="team"),
        Step(name="Build"),
        Step(name="Verify", owner="quality", wip_limit=2),
        Step(name="Deploy", owner="team", automatable=True),
    )
}


def at(hours: float) -> int:
    """Return the time so many hours after the start of everything."""
    return T0 + round(hours * HOUR)


def stay(
    step: str,
    *hours: float | None,
    number: int = 1,
    subject: str = "change:a/1",
    gap: float | None = None,
    blocked: Sequence[float] = (),
    **fields: object,
) -> StepVisit:
    """Return a visit queued, started and finished after so many hours (None: not known)."""
    queued, started, finished = (None if hour is None else at(hour) for hour in hours)
    return StepVisit(
        value_stream="checkout", item_id=ITEM, step=step, visit=number, subject_id=subject,
        queued_at=queued, started_at=started, finished_at=finished,
        gap_micros=None if gap is None else round(gap * HOUR),
        blocked_spans=tuple(at(hour) for hour in blocked), **fields,  # type: ignore[arg-type]
    )  # fmt: skip


def case(*visits: StepVisit, over: float | None = 10.0, state: str = "Done", **known: object) -> Case:
    """Return an item that began at the start of everything and was over after so many hours."""
    item = WorkItem(
        value_stream="checkout",
        item_id=ITEM,
        state=state,
        started_at=T0,
        finished_at=None if over is None else at(over),
    )
    return Case(item=item, visits=visits, steps=STEPS, **known)  # type: ignore[arg-type]


def told(of: Case) -> list[tuple[float, str, str, str]]:
    """Return the ledger of a case as (hours, category, step, evidence)."""
    return [(piece.micros / HOUR, piece.category.value, piece.step, piece.rule) for piece in ledger(of)]


_INSTANTS = st.integers(min_value=-5, max_value=60).map(lambda halves: T0 + halves * HOUR // 2 + halves % 3)
_MAYBE = st.one_of(st.none(), _INSTANTS)
_SPANS = st.tuples(_INSTANTS, _INSTANTS).map(lambda ends: Span(min(ends), max(ends)))
_SUBJECTS = st.sampled_from(["change:a/1", "change:a/2", "run:ci/x/1/1", "run:ci/x/1/2", "run:ci/x/2/1", "commit:ab"])
_OUTCOMES = st.sampled_from([None, "success", "failure", "abandoned", SENT_BACK, BRIDGED])


@st.composite
def stays(draw: DrawFn, number: int, *, in_order: bool = False) -> StepVisit:
    """A visit, its boundaries in any order and some unknown, as clocks and lost facts make them; or all in order."""
    blocked = sorted(draw(st.lists(_INSTANTS, max_size=5, unique=True)))
    known = draw(st.lists(_INSTANTS, min_size=3, max_size=3))
    ends = [at if draw(st.integers(0, 4)) else None for at in (sorted(known) if in_order else known)]
    return StepVisit(
        value_stream="checkout", item_id=ITEM, step=draw(st.sampled_from([*STEPS, "Gone"])), visit=number,
        subject_id=draw(_SUBJECTS), queued_at=ends[0], started_at=ends[1], finished_at=ends[2],
        outcome=draw(_OUTCOMES), gap_micros=draw(st.one_of(st.none(), st.integers(0, 9 * HOUR))),
        returned=draw(st.booleans()), blocked_spans=tuple(blocked),
        started_by=draw(st.sampled_from([*ActorClass, None])),
    )  # fmt: skip


@st.composite
def cases(draw: DrawFn, *, in_order: bool = False) -> Case:
    """A finished item of any visits, with everything that may speak about its time.

    The boundaries of its visits are all in order if they shall be.
    """
    over = draw(_SPANS)
    count = draw(st.integers(0, 7))
    merged = draw(st.lists(st.tuples(st.sampled_from("12"), _MAYBE, _MAYBE), max_size=3))
    failures = draw(st.lists(st.tuples(_INSTANTS, _MAYBE), max_size=2))
    return Case(
        item=WorkItem(
            value_stream="checkout", item_id=ITEM, state=draw(st.sampled_from([None, "Done", "abandoned"])),
            started_at=over.begin, finished_at=over.until,
        ),
        visits=[draw(stays(number + 1, in_order=in_order)) for number in range(count)],
        steps=STEPS,
        changes=[
            Change(value_stream="checkout", change_id=f"change:a/{n}", repository="a", merged_at=m, deployed_at=d)
            for n, m, d in merged
        ],
        failures=[Failure("change:a/1", begin, until) for begin, until in failures],
        crowded={"Verify": joined(draw(st.lists(_SPANS, max_size=3)))},
        elsewhere=draw(st.lists(_SPANS, max_size=3)),
        runs={"run:ci/x/1/1": Run("main", ("commit:ab",)), "run:ci/x/2/1": Run("main", ("commit:ab",))},
        released={"a": at(draw(st.integers(0, 40)))},
    )  # fmt: skip
