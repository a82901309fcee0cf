"""What becomes of Trello's deliveries, and why."""

from __future__ import annotations

import json

import pytest

from ingest.adapter import Ignored
from ingest.vocabulary.change_addresses import attached_code
from schemas.event import FlowEvent, LinkKind, WorkKind
from tests.builders.deliveries import events, golden, translated

CARD = "ticket:trello/5eed00000000000000000c12"


def only(name: str) -> FlowEvent:
    """Return the one event of a golden delivery of Trello."""
    (event,) = events(f"trello/{name}")
    return event


def moved_to(list_name: str) -> FlowEvent:
    """Return the fact of a card that was moved to a list."""
    one = golden("trello/updateCard__moved")
    body = json.loads(one.body)
    body["action"]["data"]["listAfter"]["name"] = list_name
    found = translated("trello", json.dumps(body).encode(), one.headers)
    assert not isinstance(found, Ignored)
    return found[0]


@pytest.mark.parametrize(
    ("case", "event_type", "state"),
    [
        ("createCard__created", "ticket.created", "Backlog"),
        ("convertToCardFromCheckItem__from_an_item", "ticket.created", "Backlog"),
        ("updateCard__moved", "ticket.updated", "Doing"),
        ("updateCard__moved_out_of_done", "ticket.updated", "Review"),
        ("updateCard__completed", "ticket.closed", "complete"),
        ("updateCard__no_longer_complete", "ticket.updated", "Review"),
        ("updateCard__archived", "ticket.closed", "archived"),
        ("updateCard__restored", "ticket.updated", "Doing"),
        ("updateCard__restored_on_an_old_board", "ticket.updated", "restored"),
        ("deleteCard__deleted", "ticket.closed", "deleted"),
    ],
)
def test_lists_are_states(case: str, event_type: str, state: str) -> None:
    """The list is the state; completion, archive and bin close the card, and what is taken back enters its list."""
    event = only(case)
    assert (event.type, event.state, event.subject_id) == (event_type, state, CARD)


@pytest.mark.parametrize("name", ["Done", "✅ Done (week 10)", "DONE - 2026", "Released 1.4", "Won't do"])
def test_a_final_list_closes(name: str) -> None:
    """A list of a final name closes the card, whatever stands around the name; the name is kept as it is."""
    event = moved_to(name)
    assert (event.type, event.state) == ("ticket.closed", name)


@pytest.mark.parametrize("name", ["Done soon", "Done in dev", "Not done", "Done/Live", "12", "✅"])
def test_a_list_that_only_sounds_final_does_not(name: str) -> None:
    """A name that says more than that the work is done closes nothing."""
    assert moved_to(name).type == "ticket.updated"


def test_a_card_that_changes_boards_goes_on() -> None:
    """Of one move the board that the card came to has the last word, though both tell the same time."""
    told = [only("moveCardToBoard__came"), only("moveCardFromBoard__left")]
    found = sorted(told, key=lambda event: (event.occurred_at, event.order or 0))
    assert [(e.type, e.attributes["project"]) for e in found] == [
        ("ticket.closed", "trello/bShop001"),
        ("ticket.updated", "trello/bIdeas02"),
    ]


def test_an_action_told_by_two_webhooks_is_one_fact() -> None:
    """A card and its board may both be watched: who was asked for enters no id."""
    one = golden("trello/updateCard__moved")
    body = json.loads(one.body)
    body["model"] = {"id": "5eed00000000000000000c12", "name": "a card"}
    found = translated("trello", json.dumps(body).encode(), one.headers)
    assert not isinstance(found, Ignored)
    assert found[0].event_id == only("updateCard__moved").event_id


def test_labels_come_and_go() -> None:
    """Both ends of a label are told, so that rules can read when a card was blocked."""
    found = [only(name).attributes for name in ("addLabelToCard__bug", "removeLabelFromCard__blocked")]
    assert [(said["action"], said["label"]) for said in found] == [("labeled", "bug"), ("unlabeled", "blocked")]


def test_a_label_tells_the_kind_of_work() -> None:
    """A label tells the kind while it is put on, not when it is taken off."""
    assert [only(case).work_kind for case in ("addLabelToCard__bug", "removeLabelFromCard__blocked")] == [
        WorkKind.DEFECT,
        None,
    ]


@pytest.mark.parametrize(
    ("address", "uri"),
    [
        ("https://github.com/acme/shop/pull/97", "change:github.com/acme/shop/97"),
        ("https://github.com/acme/shop/pull/97/files#diff-1", "change:github.com/acme/shop/97"),
        ("https://gitlab.example.com/acme/web/shop/-/merge_requests/5", "change:gitlab.example.com/acme/web/shop/5"),
        ("https://git.example.com/acme/shop/pulls/3", "change:git.example.com/acme/shop/3"),
        ("https://bitbucket.org/acme/shop/pull-requests/8/title", "change:bitbucket.org/acme/shop/8"),
        (f"https://gitlab.com/acme/shop/-/commit/{'0aB1' * 10}", f"commit:{'0ab1' * 10}"),
    ],
)
def test_attached_code_is_part_of_a_card(address: str, uri: str) -> None:
    """The address of a change or commit names it as its own tool does."""
    assert [(link.kind, link.uri) for link in attached_code(address)] == [(LinkKind.CONTAINS, uri)]


@pytest.mark.parametrize(
    "address",
    [
        "", "https://github.com/acme/shop/pull/new", "https://github.com/acme/shop/issues/12",
        "https://github.com/pull/97", "https://github.com/acme/shop/commit/0123456", "see github.com/acme/shop/pull/97",
        "https://bitbucket.example.com/projects/SHOP/repos/web/pull-requests/4",
        "https://planted@github.com/acme/shop/pull/97", "https://github.com/acme/shop/pull/97x",
    ],
)  # fmt: skip
def test_any_other_attachment_is_none(address: str) -> None:
    """What is no change's or commit's address, or names somebody, makes no link."""
    assert attached_code(address) == ()
