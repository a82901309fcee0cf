"""A history in SQLite, and histories that hypothesis draws: for rules written anew in SQL."""

from __future__ import annotations

import sqlite3

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from insights.dialects.history import (
    ChangeHistory,
    Commit,
    DeploymentHistory,
    History,
    IncidentHistory,
)
from schemas.event import Outcome
from tests.builders.measured import DAY, HOUR, at

SINCE = at("2026-01-05 00:00")
UNTIL = at("2026-01-12 00:00")
_STEP = HOUR // 8 + 7_000_000
"""Seven minutes and a half and seven seconds: minutes are not whole, and instants coincide."""

_TABLES = """
CREATE TABLE deployments (id, service, environment, version, outcome, started, finished);
CREATE TABLE carried (deployment, change);
CREATE TABLE changes (id, service, environment, deployment, opened, answered, reviewed, approved, merged, deployed,
    censored);
CREATE TABLE commits (sha, change, authored);
CREATE TABLE incidents (id, detected, resolved);
CREATE TABLE causes (incident, sha);
"""


def tables(history: History) -> sqlite3.Connection:
    """Return a database in memory that holds the history."""
    store = sqlite3.connect(":memory:")
    store.executescript(_TABLES)
    commits = {(c.sha, x.change_id, c.authored_at) for x in history.changes for c in x.commits}
    store.executemany("INSERT INTO commits VALUES (?, ?, ?)", commits)
    store.executemany(
        "INSERT INTO deployments VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (d.deployment_id, d.service, d.environment, d.commit, d.outcome, d.started_at, d.finished_at)
            for d in history.deployments
        ],
    )
    carried = [(d.deployment_id, change) for d in history.deployments for change in d.change_ids]
    store.executemany("INSERT INTO carried VALUES (?, ?)", carried)
    store.executemany(
        "INSERT INTO changes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (c.change_id, c.service, c.environment, c.deployment_id, c.opened_at, c.first_answered_at,
             c.first_reviewed_at, c.first_approved_at, c.merged_at, c.deployed_at, c.left_censored)
            for c in history.changes
        ],
    )  # fmt: skip
    incidents = [(i.incident_id, i.detected_at, i.resolved_at) for i in history.incidents]
    store.executemany("INSERT INTO incidents VALUES (?, ?, ?)", incidents)
    causes = [(i.incident_id, sha) for i in history.incidents for sha in i.root_causes]
    store.executemany("INSERT INTO causes VALUES (?, ?)", causes)
    return store


def instants(first: int = SINCE - 3 * DAY) -> st.SearchStrategy[int]:
    """Draw an instant of the week or the three days before it."""
    return st.integers(0, (UNTIL - first) // _STEP).map(lambda n: first + n * _STEP)


@st.composite
def histories(draw: DrawFn) -> History:
    """Draw a week with some of everything, consistent where a database would be."""
    deployments = tuple(draw(_deployment(n)) for n in range(draw(st.integers(0, 9))))
    changes = tuple(draw(_change(n, deployments)) for n in range(draw(st.integers(0, 9))))
    carried = {
        d.deployment_id: tuple(c.change_id for c in changes if c.deployment_id == d.deployment_id) for d in deployments
    }
    return History(
        value_stream="checkout",
        since=SINCE,
        until=UNTIL,
        seconds=(UNTIL - SINCE) // 1_000_000,
        changes=changes,
        deployments=tuple(_carrying(d, carried[d.deployment_id]) for d in deployments),
        incidents=tuple(draw(_incident(n)) for n in range(draw(st.integers(0, 6)))),
    )


def _carrying(one: DeploymentHistory, changes: tuple[str, ...]) -> DeploymentHistory:
    return DeploymentHistory(
        deployment_id=one.deployment_id, service=one.service, environment=one.environment, commit=one.commit,
        started_at=one.started_at, finished_at=one.finished_at, outcome=one.outcome, left_censored=one.left_censored,
        change_ids=changes,
    )  # fmt: skip


@st.composite
def _deployment(draw: DrawFn, number: int) -> DeploymentHistory:
    finished = draw(instants()) + number
    return DeploymentHistory(
        deployment_id=f"D{number}",
        service=draw(st.sampled_from(["web", "api"])),
        environment=draw(st.sampled_from(["production", "production", "production", "staging"])),
        commit=draw(st.sampled_from(["v1", "v2", "v3"])),
        started_at=finished - HOUR,
        finished_at=finished,
        outcome=draw(st.sampled_from([Outcome.SUCCESS, Outcome.SUCCESS, Outcome.SUCCESS, Outcome.FAILURE])),
        left_censored=draw(st.booleans()),
    )


@st.composite
def _change(draw: DrawFn, number: int, deployments: tuple[DeploymentHistory, ...]) -> ChangeHistory:
    live = [d for d in deployments if d.outcome == Outcome.SUCCESS and d.environment == "production"]
    by = draw(st.sampled_from([None, *live]))
    known = [draw(st.none() | instants()) for _ in range(4)]
    authored = draw(st.lists(instants(), max_size=3))
    return ChangeHistory(
        change_id=f"m{number}",
        service="" if by is None else by.service,
        environment="" if by is None else by.environment,
        commits=tuple(Commit(sha=f"k{number}{place}", authored_at=when) for place, when in enumerate(authored)),
        first_commit_at=min(authored, default=None),
        opened_at=known[0],
        first_answered_at=known[1],
        first_reviewed_at=known[2],
        first_approved_at=known[3],
        merged_at=draw(instants()),
        deployed_at=None if by is None else by.finished_at,
        deployment_id=None if by is None else by.deployment_id,
        left_censored=by is not None and by.left_censored,
    )


@st.composite
def _incident(draw: DrawFn, number: int) -> IncidentHistory:
    detected = draw(instants())
    return IncidentHistory(
        incident_id=f"I{number}",
        detected_at=detected,
        resolved_at=draw(st.none() | st.integers(0, 40).map(lambda n: detected + n * _STEP)),
        root_causes=tuple(draw(st.lists(st.sampled_from(["k00", "k01", "k10", "k20"]), max_size=2, unique=True))),
    )
