"""What becomes of Linear's deliveries, and why."""

from __future__ import annotations

import json

import pytest

from ingest.adapter import Ignored
from schemas.event import ActorClass, FlowEvent, LinkKind, WorkKind
from tests.builders.deliveries import events, golden, translated


def only(name: str) -> FlowEvent:
    """Return the one event of a golden delivery of an issue."""
    (event,) = events(f"linear/Issue__{name}")
    return event


@pytest.mark.parametrize(
    ("case", "event_type", "state", "state_type"),
    [
        ("state", "ticket.updated", "In Progress", "started"),
        ("state_completed", "ticket.closed", "Shipped", "completed"),
        ("state_by_linear_itself", "ticket.closed", "Won't do", "canceled"),
        ("state_duplicate", "ticket.closed", "Duplicate", "duplicate"),
        ("state_reopened", "ticket.updated", "In Progress", "started"),
        ("restored", "ticket.updated", "Todo", "unstarted"),
        ("brought_back_from_the_bin", "ticket.closed", "Shipped", "completed"),
    ],
)
def test_the_type_of_a_state_decides(case: str, event_type: str, state: str, state_type: str) -> None:
    """A state closes the ticket by its type, whatever it is called."""
    event = only(case)
    assert (event.type, event.state, event.attributes["state_type"]) == (event_type, state, state_type)


@pytest.mark.parametrize("case", ["removed", "removed_for_good", "removed_by_archiving_what_was_open", "binned"])
def test_what_is_gone_is_deleted(case: str) -> None:
    """An issue that is deleted, in the bin or archived before it was over is withdrawn."""
    event = only(case)
    assert (event.type, event.state) == ("ticket.closed", "deleted")


@pytest.mark.parametrize("case", ["removed_by_archiving_what_was_done", "archived_when_done", "text_changed"])
def test_what_says_nothing_is_ignored(case: str) -> None:
    """Archiving what was done takes nothing back, and texts are not read."""
    one = golden(f"linear/Issue__{case}")
    assert isinstance(translated("linear", one.body, one.headers), Ignored)


def test_each_property_is_a_fact() -> None:
    """Only the changed state is a state; what else changed in the same update is told apart by its action."""
    found = [(e.attributes["action"], e.state) for e in events("linear/Issue__state_and_assignee_and_priority")]
    assert found == [("status", "In Progress"), ("assignee", None), ("priority", None)]


def test_a_moved_issue_ends_and_begins() -> None:
    """A move to another team deletes the old key; the new one enters its state when it moved, not when it was made."""
    found = [(e.type, e.subject_id, e.state, e.occurred_at) for e in events("linear/Issue__moved_to_another_team")]
    made, moved = 1_772_352_000_417_000, 1_772_442_000_123_000
    assert found == [
        ("ticket.closed", "ticket:linear/ENG-12", "deleted", moved),
        ("ticket.created", "ticket:linear/OPS-7", None, made),
        ("ticket.updated", "ticket:linear/OPS-7", "Triage", moved),
    ]


def test_labels_are_told_apart() -> None:
    """An added label is told by its usual words; of a removed one nothing is known but that it went."""
    added = [e.attributes["label"] for e in events("linear/Issue__labeled")]
    removed = only("unlabeled").attributes
    assert (added[0], added[1][0], removed["action"], "label" in removed) == ("blocked", "~", "unlabeled", False)


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("state", ActorClass.HUMAN),
        ("state_by_an_agent", ActorClass.AGENT),
        ("state_by_someone_called_like_an_agent", ActorClass.HUMAN),
        ("state_by_linear_itself", ActorClass.UNKNOWN),
        ("created_by_an_integration", ActorClass.BOT),
        ("imported_with_an_old_time", ActorClass.BOT),
    ],
)
def test_who_did_it(case: str, expected: ActorClass) -> None:
    """Type and address tell an app from a person; a name never does."""
    assert only(case).actor_class is expected


@pytest.mark.parametrize(
    ("case", "kind"),
    [
        ("created", WorkKind.DEFECT),
        ("created_in_a_cycle_and_project", WorkKind.FEATURE),
        ("unlabeled", WorkKind.DEBT),
        ("created_by_an_integration", WorkKind.DEFECT),
        ("state", None),
    ],
)
def test_kinds_of_work(case: str, kind: WorkKind | None) -> None:
    """Labels tell the kind of work, else the title's prefix, else nothing."""
    assert only(case).work_kind is kind


def test_an_older_delivery_has_the_same_key() -> None:
    """Where no identifier is told, team and number make it."""
    assert only("created_without_an_identifier").subject_id == only("created").subject_id


def test_a_project_is_a_relation() -> None:
    """Estimate and cycle stand beside a fact, the project is no membership."""
    event = only("created_in_a_cycle_and_project")
    said = (event.quantities, event.attributes["cycle"], [link.kind for link in event.links])
    assert said == ({"estimate": 3.0}, "24", [LinkKind.RELATES_TO])


def test_the_address_says_no_title() -> None:
    """What Linear makes of the title for its address is left out."""
    assert only("state").subject_url == "https://linear.app/acme/issue/ENG-12"


def test_a_creation_told_later_is_the_same_fact() -> None:
    """A creation has one id, whatever the state was when it was told: history knows only the present one."""
    one = golden("linear/Issue__created")
    later = json.loads(one.body)
    later["data"]["state"] = {"id": "later", "name": "Shipped", "type": "completed"}
    found = translated("linear", json.dumps(later).encode(), one.headers)
    assert not isinstance(found, Ignored)
    assert [event.event_id for event in found] == [only("created").event_id]
