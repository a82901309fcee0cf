"""What becomes of GitHub's boards, merge queue and comments, and why."""

from __future__ import annotations

import pytest

from ingest.adapter import Ignored
from schemas.event import ActorClass, FlowEvent, LinkKind
from schemas.identity import entity_kind
from tests.builders.deliveries import events, golden, translated


def only(name: str) -> FlowEvent:
    """Return the one event of a golden delivery of GitHub."""
    (event,) = events(f"github/{name}")
    return event


@pytest.mark.parametrize(
    ("case", "state", "before"),
    [
        ("first_status", "Todo", None),
        ("status", "In Progress", "Todo"),
        ("status_back", "In Progress", "In Review"),
        ("no_status", "No Status", "In Progress"),
    ],
)
def test_a_status_of_a_board_is_a_state(case: str, state: str, before: str | None) -> None:
    """A changed status is a state of the card, with the one before."""
    event = only(f"projects_v2_item__{case}")
    assert (event.type, event.state, event.attributes.get("from_state")) == ("ticket.updated", state, before)


@pytest.mark.parametrize(
    ("case", "event_type", "state", "before"),
    [
        ("status_changed", "ticket.updated", "In progress", "Todo"),
        ("status_changed_from_none", "ticket.updated", "Todo", None),
        ("status_changed_to_a_final_one", "ticket.closed", "Done", "In progress"),
    ],
)
def test_a_status_of_an_issue_is_a_state(case: str, event_type: str, state: str, before: str | None) -> None:
    """An issue's own status is its state; that of a closed one opens nothing again."""
    event = only(f"issues__{case}")
    assert (event.type, event.state, event.attributes.get("from_state")) == (event_type, state, before)


def test_an_issue_contains_its_card() -> None:
    """Board and issue name the card alike: the one that the board tells of is the one that the issue contains."""
    (link,) = only("issues__opened_with_a_card").links
    assert (link.kind, link.uri) == (LinkKind.CONTAINS, only("projects_v2_item__status").subject_id)


def test_a_card_is_no_ticket() -> None:
    """A card alone is no item: it is none of a ticket's kind."""
    assert entity_kind(only("projects_v2_item__status").subject_id) == "card"


@pytest.mark.parametrize(
    ("case", "project"),
    [("status", "github/orgs/acme/projects/4"), ("status_without_an_organization", "github/PVT_5eed4")],
)
def test_a_board_is_selected_by_its_address(case: str, project: str) -> None:
    """The project is spelled as in its address, where the body tells it."""
    assert only(f"projects_v2_item__{case}").attributes["project"] == project


@pytest.mark.parametrize(
    "name",
    [
        "projects_v2_item__number", "projects_v2_item__another_choice", "projects_v2_item__created",
        "projects_v2_item__status_of_a_pull_request", "projects_v2_item__status_without_values",
        "issue_comment__on_an_issue", "issue_comment__edited", "merge_group__destroyed",
        "merge_group__checks_requested_on_another_branch",
    ],
)  # fmt: skip
def test_what_tells_no_flow_is_ignored(name: str) -> None:
    """Other fields, cards of no issue, comments on issues, edits and the end of a group make no fact."""
    one = golden(f"github/{name}")
    assert isinstance(translated("github", one.body, one.headers), Ignored)


@pytest.mark.parametrize(
    ("case", "action", "by"),
    [
        ("on_a_pull_request", "commented", ActorClass.HUMAN),
        ("by_the_author", "answered", ActorClass.HUMAN),
        ("by_a_bot", "commented", ActorClass.BOT),
        ("by_an_account_that_is_gone", "commented", ActorClass.UNKNOWN),
    ],
)
def test_a_comment_is_an_answer_and_no_review(case: str, action: str, by: ActorClass) -> None:
    """A comment in the conversation begins no review; who answers whom is told apart."""
    event = only(f"issue_comment__{case}")
    assert (event.type, event.attributes["action"], event.actor_class) == ("change.updated", action, by)


def test_a_comment_is_on_the_pull_requests_change() -> None:
    """An issue's delivery and a pull request's name the same change."""
    assert only("issue_comment__on_a_pull_request").subject_id == only("pull_request__enqueued").subject_id


def test_the_queue_tells_the_commit_it_tries() -> None:
    """The commit that a merge queue made of a change is part of it."""
    event = only("merge_group__checks_requested")
    found = (event.subject_id, [(link.kind, link.uri) for link in event.links])
    assert found == (
        "change:github.com/acme/checkout/97",
        [(LinkKind.CONTAINS, f"commit:{'5eedbeef' * 5}")],
    )


def test_leaving_the_queue_says_why() -> None:
    """A change that failed in the queue comes back with the reason; why automatic merging ended is free text."""
    reasons = [only(f"pull_request__{case}").attributes.get("reason") for case in ("dequeued", "auto_merge_disabled")]
    assert reasons == ["CI_FAILURE", None]
