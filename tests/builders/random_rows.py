"""Rows that hypothesis draws: times before, inside and after every window, with the gaps and oddities rows may have."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from schemas.derived import Change, Deployment, Derived, Incident, StepVisit, WorkItem
from schemas.event import Outcome, WorkKind
from tests.builders.measured import DAY, HOUR, MINUTE, NOW, change, deployment, incident, item, visit

INSTANTS = st.one_of(
    st.integers(min_value=NOW - 200 * DAY, max_value=NOW + 2 * DAY),
    st.integers(min_value=NOW - 26 * HOUR, max_value=NOW + HOUR),
    st.integers(min_value=-70, max_value=5).map(lambda minutes: NOW + minutes * MINUTE),
)
SPANS = st.one_of(st.integers(min_value=0, max_value=3 * HOUR), st.integers(min_value=0, max_value=100 * DAY))
MAYBE = st.one_of(st.none(), SPANS)
STEPS = ("Backlog", "Review", "Deploy")


@st.composite
def visits(draw: DrawFn) -> StepVisit:
    """One visit, some of its times unknown."""
    queued = draw(INSTANTS)
    started = queued + draw(SPANS)
    known = draw(st.lists(st.booleans(), min_size=3, max_size=3))
    return visit(
        f"ticket:{draw(st.integers(0, 9))}",
        draw(st.sampled_from(STEPS)),
        queued=queued if known[0] else None,
        started=started if known[1] else None,
        finished=started + draw(SPANS) if known[2] else None,
        returned=draw(st.booleans()),
        counted=draw(st.sampled_from([True, True, True, False])),
        kind=draw(st.sampled_from([*WorkKind, None])),
        blocked_micros=draw(MAYBE),
        wait_working_micros=draw(MAYBE),
        unaccounted_working_micros=draw(MAYBE),
        process_working_micros=draw(MAYBE),
    )


@st.composite
def items(draw: DrawFn) -> WorkItem:
    """One work item, finished or not."""
    created = draw(INSTANTS)
    started = created + draw(SPANS)
    span = draw(SPANS)
    return item(
        f"ticket:{draw(st.integers(0, 9))}",
        created=created,
        started=started,
        finished=started + span if draw(st.booleans()) else None,
        kind=draw(st.sampled_from([*WorkKind, None])),
        active=draw(st.sampled_from([None, span // 3])),
        unaccounted=draw(st.sampled_from([0, span // 4])),
        flow_working_micros=draw(MAYBE),
        effort_micros=draw(MAYBE),
        handoffs=draw(st.sampled_from([None, 0, 1, 7])),
    )


@st.composite
def changes(draw: DrawFn) -> Change:
    """One change, deployed or not."""
    first = draw(INSTANTS)
    return change(
        f"change:{draw(st.integers(0, 9))}",
        first_commit=draw(st.sampled_from([first, None])),
        deployed=draw(st.sampled_from([first + draw(SPANS), None])),
        service=draw(st.sampled_from(["web", "api", ""])),
        left_censored=draw(st.booleans()),
        environment=draw(st.sampled_from(["production", "staging"])),
        opened_at=draw(st.sampled_from([first + draw(SPANS), first - 1, None])),
        first_reviewed_at=draw(st.sampled_from([first + draw(SPANS), None])),
        merged_at=draw(st.sampled_from([first + draw(SPANS), None])),
    )


@st.composite
def deployments(draw: DrawFn) -> Deployment:
    """One deployment of any outcome."""
    finished = draw(INSTANTS)
    return deployment(
        f"deployment:{draw(st.integers(0, 9))}",
        finished=draw(st.sampled_from([finished, None])),
        service=draw(st.sampled_from(["web", "api"])),
        outcome=draw(st.sampled_from([*Outcome, Outcome.SUCCESS, None])),
        environment=draw(st.sampled_from(["production", "production", "staging"])),
        caused_incident=draw(st.booleans()),
        confidence=draw(st.sampled_from([0.0, 0.5, 1.0])),
        recovered=draw(st.sampled_from([finished + draw(SPANS), None])),
        rework=draw(st.booleans()),
        left_censored=draw(st.sampled_from([False, False, True])),
        change_ids=draw(st.sampled_from([(), ("change:1",), ("change:1", "change:2", "change:3")])),
    )


@st.composite
def incidents(draw: DrawFn) -> Incident:
    """One incident, over or not."""
    detected = draw(INSTANTS)
    return incident(
        f"incident:{draw(st.integers(0, 9))}",
        detected=detected,
        resolved=draw(st.sampled_from([detected + draw(SPANS), None])),
        service=draw(st.sampled_from(["web", ""])),
    )


def rows() -> SearchStrategy[list[Derived]]:
    """A set of rows of any kind; several of a kind, so that some metrics have enough."""
    return st.tuples(
        st.lists(visits(), max_size=14),
        st.lists(items(), max_size=7),
        st.lists(changes(), max_size=7),
        st.lists(deployments(), max_size=7),
        st.lists(incidents(), max_size=7),
    ).map(lambda parts: [row for part in parts for row in part])
