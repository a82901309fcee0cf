"""Dialects asked of the tables: the history that they hold, the command, the explanation, the read API."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from msgspec import Struct
from typer.testing import CliRunner

from insights.dialects.history import Commit, History
from insights.explain.naming import Unasked
from schemas.definition import Definition
from schemas.derived import Change, Deployment, Incident, WorkItem, revision
from schemas.event import ActorClass, FlowEvent, Link, LinkKind, LinkMethod, Outcome, WorkKind
from tests.builders.derived_rows import fact
from tests.builders.measured import at
from tests.builders.stored_rows import stored
from vsm.board.openapi import described
from vsm.board.reader import Reader
from vsm.board.routes import ROUTES
from vsm.cli import app
from vsm.comparing import history
from vsm.store import NoSuchStream, Store, open_store

pytestmark = pytest.mark.timeout(180)
KNOWN: dict[str, object] = {"value_stream": "checkout", "revision": revision(1, 1), "known_at": at("2026-01-01 00:00")}
CHANGE = "change:g/acme/app/1"
UNTIL = "2026-01-12 00:00"


def said(name: str, kind: str, when: str, subject: str = CHANGE, **fields: object) -> FlowEvent:
    """Return a fact at a time that is written."""
    happened = fact(name, type=kind, occurred_at=at(when), received_at=at(when), subject_id=subject)
    return msgspec.structs.replace(happened, **fields)


def link(uri: str, kind: LinkKind) -> tuple[Link, ...]:
    """Return the only link of a fact."""
    return (Link(uri=uri, kind=kind, method=LinkMethod.COMMIT),)


def by(actor: str | None, actor_class: ActorClass = ActorClass.HUMAN) -> dict[str, Any]:
    """Return who is said to have done it."""
    return {"actor": actor, "actor_class": actor_class}


ROWS: Sequence[Struct] = [
    Change(change_id=CHANGE, service="web", environment="production", opened_at=at("2026-01-05 09:00"),
           first_commit_at=at("2026-01-05 08:00"), first_reviewed_at=at("2026-01-05 12:00"),
           merged_at=at("2026-01-05 14:00"), deployed_at=at("2026-01-05 15:00"), deployment_id="d1", **KNOWN),  # type: ignore[arg-type]
    Change(change_id="change:g/acme/app/0", service="web", environment="production", merged_at=at("2025-01-05 14:00"),
           deployed_at=at("2025-01-05 15:00"), deployment_id="d0", **KNOWN),  # type: ignore[arg-type]
    Deployment(deployment_id="d0", service="web", environment="production", outcome=Outcome.SUCCESS, commit="v0",
               finished_at=at("2025-01-05 15:00"), change_ids=("change:g/acme/app/0",), **KNOWN),  # type: ignore[arg-type]
    Deployment(deployment_id="d1", service="web", environment="production", outcome=Outcome.SUCCESS, commit="v1",
               finished_at=at("2026-01-05 15:00"), change_ids=(CHANGE,), **KNOWN),  # type: ignore[arg-type]
    Incident(incident_id="incident:p/1", service="web", environment="production", detected_at=at("2026-01-06 00:00"),
             resolved_at=at("2026-01-06 02:00"), **KNOWN),  # type: ignore[arg-type]
    Incident(incident_id="incident:p/0", service="web", environment="production", detected_at=at("2025-01-06 00:00"),
             resolved_at=at("2025-01-06 02:00"), **KNOWN),  # type: ignore[arg-type]
    WorkItem(item_id="ticket:j/1", kind=WorkKind.DEFECT, created_at=at("2026-01-04 00:00"),
             started_at=at("2026-01-05 00:00"), finished_at=at("2026-01-06 00:00"), process_micros=60_000_000,
             wait_micros=120_000_000, blocked_micros=0, **KNOWN),  # type: ignore[arg-type]
    WorkItem(item_id="ticket:j/2", started_at=at("2026-01-05 00:00"), moved_to="ticket:j/1", **KNOWN),  # type: ignore[arg-type]
    said("e1", "change.created", "2026-01-05 09:00", links=link("commit:bb", LinkKind.CONTAINS), **by("author")),
    said("e2", "commit.created", "2026-01-05 08:00", "commit:aa", links=link("commit:bb", LinkKind.PART_OF)),
    said("e3", "commit.created", "2026-01-05 08:30", "commit:bb"),
    said("e4", "commit.created", "2026-01-05 08:45", "commit:cc", links=link("commit:dd", LinkKind.PART_OF)),
    said("e5", "change.updated", "2026-01-05 09:30", attributes={"action": "commented"}, **by("author")),
    said("e6", "change.updated", "2026-01-05 09:40", attributes={"action": "labelled"}, **by("two")),
    said("e7", "change.updated", "2026-01-05 09:50", attributes={"action": "commented"}, **by(None)),
    said("e8", "change.updated", "2026-01-05 10:00", attributes={"action": "commented"}, **by("m", ActorClass.BOT)),
    said("e9", "change.reviewed", "2026-01-05 12:00", attributes={"decision": "commented"}, **by("two")),
    said("e10", "change.reviewed", "2026-01-05 12:30", attributes={"decision": "approved"}, **by("m", ActorClass.BOT)),
    said("e11", "change.reviewed", "2026-01-05 13:00", attributes={"decision": "approved"}, **by("two")),
    said("e12", "incident.detected", "2026-01-06 00:00", "incident:p/1", links=link("commit:aa", LinkKind.CAUSED_BY)),
    said("e13", "ticket.closed", "2026-01-05 20:00", "ticket:j/1"),
    said("e14", "ticket.closed", "2026-01-06 00:00", "ticket:j/1"),
]  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with the rows."""
    return stored(tmp_path_factory.mktemp("dialects"), ROWS)


@pytest.fixture(scope="module")
def store(data: Path) -> Iterator[Store]:
    """The tables, open for reading."""
    with open_store(data) as opened:
        yield opened


@pytest.fixture(scope="module")
def asked(store: Store) -> History:
    """The week's history."""
    return history(store, Definition(version=""), "checkout", "7d", at(UNTIL))


def test_a_change_comes_with_its_commits(asked: History) -> None:
    """The head that it contains and what was pushed with it, and no commit of another push."""
    (only,) = asked.changes
    expected = (("aa", "2026-01-05 08:00"), ("bb", "2026-01-05 08:30"))
    assert only.commits == tuple(Commit(sha=sha, authored_at=at(when)) for sha, when in expected)


def test_a_change_is_answered_by_another_account(asked: History) -> None:
    """By a machine first; not by its author, and nobody unknown is taken for another. Approved by a human."""
    (only,) = asked.changes
    assert (only.first_answered_at, only.first_approved_at) == (at("2026-01-05 10:00"), at("2026-01-05 13:00"))


def test_old_deployments_are_there_without_their_changes(asked: History) -> None:
    """Some dialects look back without a limit."""
    assert [(each.deployment_id, each.change_ids) for each in asked.deployments] == [("d0", ()), ("d1", (CHANGE,))]


def test_incidents_of_the_window_name_their_commits(asked: History) -> None:
    """Those that were over before it are not read."""
    assert [(each.incident_id, each.root_causes) for each in asked.incidents] == [("incident:p/1", ("aa",))]


def test_an_item_has_every_closing(asked: History) -> None:
    """And its parts; what was moved into another is none."""
    (only,) = asked.items
    assert (only.closings, only.process_micros, only.wait_micros) == (
        (at("2026-01-05 20:00"), at("2026-01-06 00:00")), 60_000_000, 120_000_000,
    )  # fmt: skip


def test_a_stream_that_is_not_measured_is_asked_of_its_newest_fact(store: Store) -> None:
    """Else its last measuring is the clock, so that the board's numbers are compared."""
    assert history(store, Definition(version=""), "checkout", "7d").until == at("2026-01-06 00:00")


def test_the_stream_began_with_its_first_fact(asked: History) -> None:
    """Four Keys counts days from then."""
    assert asked.first_seen_at == at("2026-01-05 08:00")


def ran(*arguments: str) -> tuple[int, str]:
    """Run the command and return its status and what it printed."""
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.output


def test_the_command_compares(data: Path) -> None:
    """Question by question, dialect by dialect."""
    status, text = ran(
        "compare-dialects", "checkout", "--window", "7d", "--until", UNTIL, "--format", "json", "--data", str(data)
    )
    (lead,) = (each for each in json.loads(text)["questions"] if each["question"] == "change_lead_time_seconds")
    told = {each["dialect"]: each["value"] for each in lead["answers"]}
    assert (status, told["devlake-2023"], told["four-keys"], told["gitlab"], told["dora-2024"]) == (
        0, 7 * 3600, 6.75 * 3600, 3600, None,
    )  # fmt: skip


@pytest.mark.parametrize("fmt", ["text", "markdown"])
def test_every_dialect_is_shown(data: Path, fmt: str) -> None:
    """For people as for pages."""
    _, text = ran(
        "compare-dialects", "checkout", "--window", "7d", "--until", UNTIL, "--format", fmt, "--data", str(data)
    )
    assert all(name in text for name in ("dora-2021", "devlake-2023", "four-keys", "middleware", "flow-framework"))


def test_an_unknown_stream_is_told_with_those_known(data: Path) -> None:
    """With status 1."""
    status, text = ran("compare-dialects", "shop", "--data", str(data))
    assert (status, "known: checkout" in text) == (1, True)


def test_a_time_that_is_none_is_told(data: Path) -> None:
    """With status 2."""
    status, text = ran("compare-dialects", "checkout", "--until", "soon", "--data", str(data))
    assert (status, "is no time such as" in text) == (2, True)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--dialect", "devlak"), "did you mean devlake-2023"),
        (("--dialect", "gitlab", "--service", "web"), "leave --service out"),
        (("--dialect", "gitlab", "--as-of", "2026-01-01"), "leave --as-of out"),
    ],
)
def test_what_a_dialect_cannot_explain_is_told(data: Path, more: tuple[str, ...], says: str) -> None:
    """As wrong use."""
    status, text = ran("explain", "checkout", "change_lead_time", "--data", str(data), *more)
    assert (status, says in text) == (2, True)


def answered(store: Store, path: str, words: dict[str, str]) -> Any:  # noqa: ANN401 - JSON
    """Return what the board says, held against the route's own schema."""
    route = next(route for route in ROUTES if route.path == path)
    found = msgspec.json.decode(msgspec.json.encode(route.answer(Reader(store, Definition(version=""), 3), words)))
    document = described(ROUTES)
    schema = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    jsonschema.validate(found, {**schema, "components": document["components"]})
    return found


def test_the_read_api_compares(store: Store) -> None:
    """Every question there is."""
    found = answered(store, "/api/v1/dialects/{stream}", {"stream": "checkout"})
    assert len(found["questions"]) == 10


def test_the_read_api_explains_by_a_dialect(store: Store) -> None:
    """With the definition that it is of."""
    words = {"stream": "checkout", "dialect": "gitlab", "metric": "flow_time"}
    found = answered(store, "/api/v1/dialects/{stream}/explain", words)
    assert (found["definition"]["name"], found["statistic"]) == ("gitlab", "interpolated median")


@pytest.mark.parametrize("words", [{"window": "3d"}, {"dialect": "xx"}, {"metric": "xx"}])
def test_what_cannot_be_asked_is_told(store: Store, words: dict[str, str]) -> None:
    """With what can."""
    whole = {"stream": "checkout", "dialect": "gitlab", "metric": "flow_time", **words}
    with pytest.raises(Unasked):
        answered(store, "/api/v1/dialects/{stream}/explain", whole)


def test_a_stream_without_facts_is_told(store: Store) -> None:
    """With those that have some."""
    with pytest.raises(NoSuchStream, match="known: checkout"):
        answered(store, "/api/v1/dialects/{stream}", {"stream": "shop"})
