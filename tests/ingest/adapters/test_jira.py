"""What becomes of Jira's deliveries, and why."""

from __future__ import annotations

import json

import pytest

from ingest.adapter import Ignored
from ingest.adapters.jira import ADAPTER
from schemas.event import ActorClass, FlowEvent, LinkKind, WorkKind
from tests.builders.deliveries import events, golden, translated


def only(name: str) -> FlowEvent:
    """Return the one event of a golden delivery of Jira."""
    (event,) = events(f"jira/{name}")
    return event


@pytest.mark.parametrize(
    ("case", "event_type", "state"),
    [
        ("status", "ticket.updated", "In Progress"),
        ("status_done", "ticket.closed", "Done"),
        ("status_wont_do", "ticket.closed", "Won't Do"),
        ("status_reopened", "ticket.updated", "In Progress"),
        ("status_after_which_it_moved_on", "ticket.updated", "In Review"),
        ("status_done_on_old_server", "ticket.closed", "Done"),
    ],
)
def test_statuses(case: str, event_type: str, state: str) -> None:
    """A status closes the ticket where its category is done, and updates it elsewhere."""
    event = only(f"issue_updated__{case}")
    assert (event.type, event.state, event.subject_id) == (event_type, state, "ticket:jira/CHK-12")


def test_each_status_of_a_change_is_a_fact() -> None:
    """Two statuses in one change are two facts in their order."""
    found = events("jira/issue_updated__status_twice")
    assert [(e.state, e.order) for e in found] == [("In Progress", 5001), ("In Review", 5002)]


def test_where_a_ticket_came_from_is_kept() -> None:
    """A changed status says the one before."""
    assert only("issue_updated__status_reopened").attributes["from_state"] == "Done"


@pytest.mark.parametrize(("case", "flagged"), [("flagged", "true"), ("unflagged", "false")])
def test_flags(case: str, flagged: str) -> None:
    """An impediment set or cleared is a fact without a state."""
    event = only(f"issue_updated__{case}")
    assert (event.type, event.state, event.attributes["flagged"]) == ("ticket.updated", None, flagged)


@pytest.mark.parametrize("case", ["text_changed", "commented"])
def test_changes_that_no_rule_reads_are_ignored(case: str) -> None:
    """Texts, ranks and comments make no fact."""
    one = golden(f"jira/issue_updated__{case}")
    assert translated("jira", one.body, one.headers) == Ignored("no field changed that a rule could read")


@pytest.mark.parametrize(
    ("case", "kind"),
    [
        ("issue_created__created", WorkKind.DEFECT),
        ("issue_created__created_under_an_epic", WorkKind.FEATURE),
        ("issue_created__created_with_an_epic_field", WorkKind.DEBT),
        ("issue_updated__labelled", WorkKind.RISK),
        ("issue_updated__type_changed", WorkKind.FEATURE),
    ],
)
def test_kinds_of_work(case: str, kind: WorkKind) -> None:
    """Type and labels tell the kind of work."""
    assert only(case).work_kind is kind


def test_relations_are_no_membership() -> None:
    """Parent and linked issues are relations."""
    found = {(link.kind, link.uri) for link in only("issue_created__created_under_an_epic").links}
    assert found == {(LinkKind.RELATES_TO, f"ticket:jira/{key}") for key in ("CHK-1", "PAY-4", "CHK-3")}


def test_a_moved_ticket_ends_and_begins() -> None:
    """A move to another project deletes the old key and creates the new one at the issue's own time."""
    found = [(e.type, e.subject_id, e.state) for e in events("jira/issue_updated__moved")]
    assert found == [
        ("ticket.closed", "ticket:jira/CHK-12", "deleted"),
        ("ticket.created", "ticket:jira/PAY-5", "In Progress"),
    ]


@pytest.mark.parametrize(
    ("case", "address"),
    [
        ("created", "https://acme.atlassian.net/browse/CHK-12"),
        ("created_on_server", "https://jira.acme.example/jira/browse/CHK-12"),
    ],
)
def test_cloud_and_server_have_addresses(case: str, address: str) -> None:
    """A ticket's address is its site's, with a context path or without."""
    assert only(f"issue_created__{case}").subject_url == address


@pytest.mark.parametrize("kept", ["number", "list", "person", "text"])
def test_another_field_in_the_epics_place_is_no_epic(kept: str) -> None:
    """A site may keep anything under the usual number of the epic field: the ticket counts, and no name is a link."""
    event = only(f"issue_created__created_where_the_epic_field_is_a_{kept}")
    assert (event.type, event.links) == ("ticket.created", ())


def test_an_epic_field_names_the_epic() -> None:
    """A key in the epic field is a relation."""
    found = [link.uri for link in only("issue_created__created_with_an_epic_field").links]
    assert found == ["ticket:jira/CHK-1"]


def test_a_type_may_have_no_level() -> None:
    """A type whose level is null is one of work."""
    event = only("issue_updated__status_of_a_type_without_a_level")
    assert (event.state, "container" in event.attributes) == ("In Progress", False)


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("updated__status_by_automation", ActorClass.BOT),
        ("updated__status_by_someone_called_like_a_bot", ActorClass.HUMAN),
        ("created__created_on_server", ActorClass.HUMAN),
        ("created__created_on_server_by_a_machine", ActorClass.BOT),
    ],
)
def test_who_did_it(case: str, expected: ActorClass) -> None:
    """The account's type tells an app from a person, on Server its user name; what a person is called tells nothing."""
    assert only(f"issue_{case}").actor_class is expected


def test_project_is_an_attribute() -> None:
    """Selectors read the tracker and project."""
    assert only("issue_created__created").attributes["project"] == "jira/CHK"


def test_a_deleted_ticket_says_so() -> None:
    """A deletion closes the ticket with a state of its own."""
    event = only("issue_deleted__deleted")
    assert (event.type, event.state) == ("ticket.closed", "deleted")


@pytest.mark.parametrize(("case", "sprint"), [("sprint", "15"), ("out_of_the_sprint", None)])
def test_sprints(case: str, sprint: str | None) -> None:
    """The newest sprint is told by its number, and that a ticket left it; what a sprint is called is not kept."""
    event = only(f"issue_updated__{case}")
    assert (event.state, event.attributes["action"], event.attributes.get("sprint")) == (None, "sprint", sprint)


@pytest.mark.parametrize(
    ("case", "epics"),
    [("parent", ["CHK-1"]), ("epic_link_on_server", ["CHK-1"]), ("epic_link_removed_on_server", [])],
)
def test_a_change_names_the_epic(case: str, epics: list[str]) -> None:
    """Where a site keeps the epic in a field of its own number, the change of it tells the epic."""
    event = only(f"issue_updated__{case}")
    assert [link.uri for link in event.links] == [f"ticket:jira/{key}" for key in epics]


def test_a_move_on_server_tells_its_status_too() -> None:
    """Project, key and status change in one delivery on Server: the old key ends, the new one begins and goes on."""
    found = [(e.type, e.subject_id, e.attributes["project"]) for e in events("jira/issue_updated__moved_on_server")]
    assert found == [
        ("ticket.closed", "ticket:jira/CHK-12", "jira/CHK"),
        ("ticket.created", "ticket:jira/PAY-5", "jira/PAY"),
        ("ticket.updated", "ticket:jira/PAY-5", "jira/PAY"),
    ]


def test_a_deletion_needs_no_fields() -> None:
    """A key is enough to withdraw a ticket."""
    event = only("issue_deleted__deleted_without_its_fields")
    assert (event.subject_id, event.state) == ("ticket:jira/CHK-12", "deleted")


@pytest.mark.parametrize("case", ["issue_updated__typical", "comment_created__comment_created"])
def test_the_type_is_read_wherever_it_stands(case: str) -> None:
    """Jira writes the type second; written last, or with blanks, it is the same."""
    one = golden(f"jira/{case}")
    body = json.loads(one.body)
    last = {
        **{name: value for name, value in body.items() if name != "webhookEvent"},
        "webhookEvent": body["webhookEvent"],
    }
    bodies = (
        one.body,
        json.dumps(last).encode(),
        json.dumps(body, separators=(",", ":")).encode(),
        b" " * 20 + one.body,
    )
    assert {ADAPTER.event_type({}, written) for written in bodies} == {one.event}
