"""What becomes of Gitea's and Forgejo's deliveries, and why."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from ingest.adapters.gitea import ADAPTER
from schemas.event import ActorClass, FlowEvent, LinkKind, Outcome, WorkKind
from tests.builders.deliveries import SECRET, delivery, events, golden

CHANGE = "change:git.acme.example/acme/checkout/97"


def only(name: str) -> FlowEvent:
    """Return the one event of a golden delivery of Gitea."""
    (event,) = events(f"gitea/{name}")
    return event


def targets(event: FlowEvent, kind: LinkKind) -> list[str]:
    """Return what an event links to by one kind."""
    return [link.uri for link in event.links if link.kind is kind]


def told(name: str) -> list[tuple[str, str]]:
    """Return the types and event ids of a golden delivery's facts."""
    return [(event.type, event.event_id) for event in events(f"gitea/{name}")]


@pytest.mark.parametrize(
    ("name", "event_type", "state"),
    [
        ("opened", "change.created", "ready"),
        ("opened_as_a_draft", "change.created", "draft"),
        ("opened_as_a_draft_of_an_old_version", "change.created", "draft"),
        ("edited_to_be_ready", "change.readied", "ready"),
        ("edited_to_be_a_draft", "change.updated", "draft"),
        ("edited", "change.updated", "ready"),
        ("synchronized", "change.updated", "ready"),
        ("reopened", "change.readied", "ready"),
        ("reopened_as_a_draft", "change.updated", "draft"),
        ("closed_merged", "change.merged", "merged"),
        ("closed_unmerged", "change.abandoned", "closed"),
    ],
)
def test_life_of_a_change(name: str, event_type: str, state: str) -> None:
    """A pull request's actions are the life of one change."""
    event = only(f"pull_request__{name}")
    assert (event.subject_id, event.type, event.state) == (CHANGE, event_type, state)


def test_a_merged_change_became_a_commit() -> None:
    """Merged, a change is linked to the commit it became; open, to none."""
    found = [targets(only(f"pull_request__{name}"), LinkKind.MERGED_AS) for name in ("closed_merged", "opened")]
    assert found == [["commit:" + "c" * 40], []]


def test_a_change_names_tickets_in_branch_title_and_body() -> None:
    """Issues by closing words, keys named as its own; a key only mentioned is none."""
    assert set(targets(only("pull_request__opened_closing_an_issue"), LinkKind.PART_OF)) == {
        "ticket:gitea/acme/checkout/12",
        "ticket:gitea/acme/web/3",
        "ticket:*/CHK-12",
        "ticket:*/CHK-13",
        "ticket:*/CHK-15",
    }


@pytest.mark.parametrize(
    ("name", "event_type", "decision", "actor_class"),
    [
        ("approved", "change.reviewed", "approved", ActorClass.HUMAN),
        ("rejected", "change.reviewed", "changes_requested", ActorClass.HUMAN),
        ("commented", "change.reviewed", "commented", ActorClass.HUMAN),
        ("commented_by_the_author", "change.updated", "commented", ActorClass.HUMAN),
        ("approved_by_an_account_that_is_gone", "change.reviewed", "approved", ActorClass.UNKNOWN),
    ],
)
def test_reviews(name: str, event_type: str, decision: str, actor_class: ActorClass) -> None:
    """Reviews by others are reviews; the author's own answers are none."""
    event = only(f"pull_request_review__{name}")
    assert (event.type, event.attributes["decision"], event.actor_class) == (event_type, decision, actor_class)


@pytest.mark.parametrize(
    ("case", "action", "state"),
    [
        ("on_a_pull_request", "commented", "ready"),
        ("by_the_author", "answered", "ready"),
        ("on_a_merged_pull_request", "commented", "merged"),
    ],
)
def test_a_comment_in_the_conversation_is_an_answer_and_no_review(case: str, action: str, state: str) -> None:
    """It is told of the pull request's change, and begins no review."""
    event = only(f"issue_comment__{case}")
    found = (event.type, event.subject_id, event.attributes["action"], event.state)
    assert found == ("change.updated", only("pull_request__opened").subject_id, action, state)


@pytest.mark.parametrize(
    ("headers", "event_type"),
    [
        ({"x-gitea-event": "push"}, "push"),
        ({"x-forgejo-event": "issues"}, "issues"),
        ({"x-gitea-event": "", "x-gitea-event-type": "pull_request_sync"}, "pull_request"),
        ({"x-gitea-event": "pull_request_approved"}, "pull_request_review"),
        ({"x-forgejo-event-type": "action_run_recover"}, "action_run"),
        ({"x-github-event": "release"}, "release"),
        ({}, ""),
    ],
)
def test_event_types(headers: dict[str, str], event_type: str) -> None:
    """The event's header, whoever's, else the one of its type; what shares a body is one event."""
    assert ADAPTER.event_type(headers, b"") == event_type


@pytest.mark.parametrize(
    ("name", "commits"),
    [
        ("first_of_a_branch", "a"),
        ("branch", "bd"),
        ("branch_rebased_on_main", "9"),
        ("default_branch_directly", "54"),
        ("default_branch_with_a_merge", "cba"),
    ],
)
def test_commits_that_count(name: str, commits: str) -> None:
    """Of a new branch the head, of another the author's own at its end, newest first; of the default branch all."""
    assert [event.subject_id for event in events(f"gitea/push__{name}")] == ["commit:" + c * 40 for c in commits]


def test_a_branch_begun_where_a_change_landed_has_no_commit_of_its_own() -> None:
    """A new branch's head may be the trunk's: one that landed a change is."""
    assert events("gitea/push__branch_begun_where_a_change_landed") == []


@pytest.mark.parametrize("how", ["merge", "squash"])
def test_a_commit_that_lands_a_change_is_told_apart(how: str) -> None:
    """Its time says nothing of when work began."""
    assert events(f"gitea/push__default_branch_with_a_{how}")[0].type == "commit.landed"


def test_commits_of_a_merge_belong_to_its_merge_commit() -> None:
    """What a merge brought to the default branch belongs to the commit by which Gitea landed it."""
    landed, *brought = events("gitea/push__default_branch_with_a_merge")
    parents = {link.uri for event in brought for link in event.links if link.uri.startswith("commit:")}
    assert parents == {landed.subject_id}


def test_begin_and_queue_of_a_run_are_the_same_whenever_told() -> None:
    """Queue and start are told by each later delivery as well, as the same facts."""
    ended, running, asked = (told(f"workflow_run__{s}") for s in ("completed_success", "in_progress", "requested"))
    assert (ended[:2], running[:1]) == (running, asked)


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("workflow_run__completed_success", Outcome.SUCCESS),
        ("workflow_run__completed_failure", Outcome.FAILURE),
        ("workflow_run__completed_cancelled", Outcome.CANCELLED),
        ("workflow_run__completed_skipped", None),
        ("action_run__success", Outcome.SUCCESS),
        ("action_run__failure", Outcome.FAILURE),
        ("action_run__failure_that_never_ran", Outcome.CANCELLED),
    ],
)
def test_runs_come_out(name: str, outcome: Outcome | None) -> None:
    """A run's end tells how it came out, Gitea's and Forgejo's alike."""
    event = events(f"gitea/{name}")[-1]
    assert (event.type, event.outcome) == ("pipelinerun.finished", outcome)


@pytest.mark.parametrize(
    ("name", "members"),
    [
        ("workflow_run__completed_success", ["commit:" + "a" * 40]),
        ("workflow_run__completed_of_a_pull_request", [CHANGE, "commit:" + "a" * 40]),
        ("workflow_run__completed_on_schedule", []),
        ("action_run__recover", [CHANGE, "commit:" + "a" * 40]),
    ],
)
def test_what_a_run_is_part_of(name: str, members: list[str]) -> None:
    """A run is part of its pull request and its commit; a schedule only names the newest commit."""
    assert {tuple(targets(event, LinkKind.PART_OF)) for event in events(f"gitea/{name}")} == {tuple(members)}


def test_a_second_attempt_is_another_run() -> None:
    """It has no time of its request, and begins anew."""
    found = [(e.type, e.subject_id) for e in events("gitea/workflow_run__completed_second_attempt")]
    assert found == [("pipelinerun.started", "run:gitea/acme/311/2"), ("pipelinerun.finished", "run:gitea/acme/311/2")]


@pytest.mark.parametrize(
    ("name", "event_type", "state"),
    [
        ("opened", "ticket.created", "open"),
        ("closed", "ticket.closed", "closed"),
        ("deleted", "ticket.closed", "deleted"),
        ("reopened", "ticket.updated", "open"),
        ("assigned", "ticket.updated", None),
    ],
)
def test_life_of_a_ticket(name: str, event_type: str, state: str | None) -> None:
    """An issue is opened, closed and opened again under one uri; deleted it is withdrawn."""
    event = only(f"issues__{name}")
    assert (event.subject_id, event.type, event.state) == ("ticket:gitea/acme/checkout/12", event_type, state)


def test_kinds_of_work() -> None:
    """Labels tell the kind of work, else the title's prefix."""
    found = [only(f"issues__{name}").work_kind for name in ("opened", "opened_as_bug", "opened_with_a_prefix")]
    assert found == [None, WorkKind.DEFECT, WorkKind.DEFECT]


def test_a_forgejo_that_signs_under_its_own_name_is_proven() -> None:
    """Either header proves a delivery, the plain hex of the body's HMAC."""
    one = golden("gitea/action_run__success")
    proof = {"x-forgejo-signature": hmac.digest(SECRET, one.body, hashlib.sha256).hex()}
    assert ADAPTER.verify(delivery(one, proof=proof), (SECRET,)) is None
