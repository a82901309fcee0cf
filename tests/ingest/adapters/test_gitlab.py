"""What becomes of GitLab's deliveries, and why."""

from __future__ import annotations

import re

import pytest

from ingest.adapter import Ignored
from ingest.adapters.gitlab import ADAPTER
from ingest.adapters.gitlab.closing import closed_issues
from ingest.signatures import Outgoing, standard_webhooks
from schemas.event import ActorClass, FlowEvent, LinkKind, Outcome, WorkKind
from tests.builders.deliveries import RECEIVED_AT, delivery, events, golden, translated

CHANGE = "change:gitlab.com/acme/shop/checkout/97"
SIGNING_TOKEN = b"whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


def only(name: str) -> FlowEvent:
    """Return the one event of a golden delivery of GitLab."""
    (event,) = events(f"gitlab/{name}")
    return event


def targets(event: FlowEvent, kind: LinkKind) -> list[str]:
    """Return what an event links to by one kind."""
    return [link.uri for link in event.links if link.kind is kind]


def told(name: str) -> list[tuple[str, str]]:
    """Return the types and event ids of a golden delivery's facts."""
    return [(event.type, event.event_id) for event in events(f"gitlab/{name}")]


@pytest.mark.parametrize(
    ("name", "event_type", "state"),
    [
        ("open", "change.created", "ready"),
        ("open_as_a_draft", "change.created", "draft"),
        ("open_as_a_draft_of_an_old_version", "change.created", "draft"),
        ("update_readied", "change.readied", "ready"),
        ("update_to_a_draft", "change.updated", "draft"),
        ("update_with_new_commits", "change.updated", "ready"),
        ("reopen", "change.readied", "ready"),
        ("reopen_as_a_draft", "change.updated", "draft"),
        ("approved", "change.reviewed", "ready"),
        ("unapproved", "change.updated", "ready"),
        ("merge", "change.merged", "merged"),
        ("close", "change.abandoned", "closed"),
    ],
)
def test_life_of_a_change(name: str, event_type: str, state: str) -> None:
    """A merge request's actions are the life of one change."""
    event = only(f"merge_request__{name}")
    assert (event.subject_id, event.type, event.state) == (CHANGE, event_type, state)


@pytest.mark.parametrize(
    ("name", "became"),
    [("merge", [("commit:" + "c" * 40, 1.0)]), ("merge_by_fast_forward", [("commit:" + "a" * 40, 0.8)]), ("open", [])],
)
def test_a_merged_change_became_a_commit(name: str, became: list[tuple[str, float]]) -> None:
    """The merge commit, else most likely the head; an open change became none."""
    links = only(f"merge_request__{name}").links
    assert [(link.uri, link.confidence) for link in links if link.kind is LinkKind.MERGED_AS] == became


def test_a_pushed_change_contains_both_heads() -> None:
    """New commits are told with the head before: what was pushed first stays part of the change, rebased or not."""
    event = only("merge_request__update_with_new_commits")
    assert targets(event, LinkKind.CONTAINS) == ["commit:" + "b" * 40, "commit:" + "a" * 40]


def test_a_change_names_tickets_in_branch_title_and_description() -> None:
    """Issues by closing words, address and branch, keys named as its own; a key only mentioned is none."""
    assert set(targets(only("merge_request__open_naming_issues"), LinkKind.PART_OF)) == {
        "ticket:gitlab/acme/shop/checkout/12",
        "ticket:gitlab/acme/shop/checkout/14",
        "ticket:gitlab/acme/web/3",
        "ticket:gitlab/acme/shop/payments/7",
        "ticket:*/CHK-13",
        "ticket:*/CHK-15",
    }


@pytest.mark.parametrize(
    ("text", "closed"),
    [
        ("Closes #12", ["acme/shop/app/12"]),
        ("closing #1, #2 and #3", ["acme/shop/app/1", "acme/shop/app/2", "acme/shop/app/3"]),
        ("Fixes: web#4", ["acme/shop/web/4"]),
        ("Resolves acme/web#4", ["acme/web/4"]),
        ("implements issue #9.", ["acme/shop/app/9"]),
        ("fix https://gitlab.com/acme/a/b/-/issues/7 too", ["acme/a/b/7"]),
        ("closes https://gitlab.com/acme/a/-/work_items/7", ["acme/a/7"]),
        ("Related to #12, and prefixes #13", []),
        ("closes !12", []),
    ],
)
def test_issues_that_a_text_closes(text: str, closed: list[str]) -> None:
    """GitLab's closing words, lists, paths and addresses of issues count; a mention does not."""
    assert list(closed_issues(text, "acme/shop/app")) == closed


@pytest.mark.parametrize(
    ("name", "event_type", "decision", "actor_class"),
    [
        ("merge_request__approval", "change.reviewed", "approved", ActorClass.HUMAN),
        ("merge_request__approved_by_an_agent", "change.reviewed", "approved", ActorClass.AGENT),
        ("merge_request__approved_by_an_account_that_is_gone", "change.reviewed", "approved", ActorClass.UNKNOWN),
        ("merge_request__approved_by_the_author", "change.updated", "approved", ActorClass.HUMAN),
        ("merge_request__unapproval", "change.updated", "dismissed", ActorClass.HUMAN),
        ("merge_request__update_asking_for_changes", "change.reviewed", "changes_requested", ActorClass.HUMAN),
        ("note__on_a_line", "change.reviewed", "commented", ActorClass.HUMAN),
        ("note__by_an_agent", "change.reviewed", "commented", ActorClass.AGENT),
        ("note__on_a_line_by_the_author", "change.updated", "commented", ActorClass.HUMAN),
    ],
)
def test_reviews(name: str, event_type: str, decision: str, actor_class: ActorClass) -> None:
    """Approvals, requests for changes and comments of others on lines are reviews; the author's own words are none."""
    event = only(name)
    assert (event.type, event.attributes["decision"], event.actor_class) == (event_type, decision, actor_class)


@pytest.mark.parametrize(("name", "action"), [("on_a_merge_request", "commented"), ("by_the_author", "answered")])
def test_a_comment_in_the_conversation_is_an_answer_and_no_review(name: str, action: str) -> None:
    """What is said beside the files begins no review, and decides nothing."""
    event = only(f"note__{name}")
    found = (event.type, event.attributes["action"], event.attributes.get("decision"))
    assert found == ("change.updated", action, None)


def test_asked_again_for_a_review_is_no_review() -> None:
    """A reviewer whose state falls back says nothing of the change."""
    event = only("merge_request__update_asking_again_for_a_review")
    assert (event.type, event.attributes["action"]) == ("change.updated", "review_requested")


def test_a_label_counts_where_it_tells_the_kind_of_work() -> None:
    """Of two new labels one tells the kind of work: one fact, and the change is of that kind."""
    event = only("merge_request__update_of_labels")
    assert (event.work_kind, event.attributes["action"]) == (WorkKind.DEFECT, "labeled")


def test_a_revert_says_what_it_takes_back() -> None:
    """GitLab's revert button names the merge request."""
    event = only("merge_request__open_reverting")
    assert (event.attributes["reverts"], targets(event, LinkKind.RELATES_TO)) == (CHANGE, [CHANGE])


@pytest.mark.parametrize(("hook", "project"), [("merge_request__merge_to_a_system_hook", "merge_request__merge"),
                                               ("issue__open_to_a_system_hook", "issue__open_of_a_task")])  # fmt: skip
def test_a_system_hook_tells_the_same_facts(hook: str, project: str) -> None:
    """A site that has both kinds of webhooks counts nothing twice."""
    assert told(hook) == told(project)


@pytest.mark.parametrize(
    ("header", "event_type"),
    [
        ("Push Hook", "push"),
        ("Confidential Issue Hook", "issue"),
        ("Work Item Hook", "issue"),
        ("Build Hook", "job"),
        ("Feature Flag Hook", "feature_flag"),
        ("", ""),
    ],
)
def test_event_types_are_the_headers_words(header: str, event_type: str) -> None:
    """What is confidential is the same event, and so are its older words."""
    assert ADAPTER.event_type({"x-gitlab-event": header}, b"") == event_type


@pytest.mark.parametrize(
    ("name", "commits"),
    [
        ("first_of_a_branch", "a1"),
        ("branch", "b"),
        ("branch_rebased_on_main", "98"),
        ("branch_that_took_main_over", "ed"),
        ("default_branch_directly", "54"),
        ("default_branch_with_a_merge", "cba"),
    ],
)
def test_commits_that_count(name: str, commits: str) -> None:
    """Of a working branch the author's own at its end, newest first; of the default branch all."""
    assert [event.subject_id for event in events(f"gitlab/push__{name}")] == ["commit:" + c * 40 for c in commits]


def test_commits_of_a_merge_belong_to_its_merge_commit() -> None:
    """What a merge brought to the default branch belongs to the commit by which GitLab landed it."""
    landed, *brought = events("gitlab/push__default_branch_with_a_merge")
    parents = {link.uri for event in brought for link in event.links if link.uri.startswith("commit:")}
    assert (landed.type, parents) == ("commit.landed", {landed.subject_id})


@pytest.mark.parametrize(
    ("name", "before"),
    [("branch", ["commit:" + "a" * 40]), ("first_of_a_branch", []), ("branch_that_lives_on", [])],
)
def test_a_head_follows_the_one_before(name: str, before: list[str]) -> None:
    """A push follows on the one before it, but for the first one and on branches that live on."""
    assert targets(events(f"gitlab/push__{name}")[0], LinkKind.CONTAINS) == before


def test_only_the_pushers_commits_have_an_account() -> None:
    """GitLab tells no account of an author: the pusher's is known by name or address."""
    own, others = events("gitlab/push__branch")[0], events("gitlab/push__default_branch_with_a_merge")[-1]
    assert (own.actor is None, others.actor) == (False, None)


def test_reverting_commits() -> None:
    """A commit says which commit it takes back, or which merge request."""
    found = [event.attributes["reverts"] for event in events("gitlab/push__default_branch_with_a_revert")]
    assert found == [CHANGE, "commit:" + "b" * 40]


def test_begin_and_queue_of_a_run_are_the_same_whenever_told() -> None:
    """Queue and start are told by running and by its end: the same facts, so a lost delivery loses nothing."""
    ended, running, pending = (told(f"pipeline__{status}") for status in ("failed", "running", "pending"))
    assert (ended[:2], running[:1]) == (running, pending)


def test_a_retried_pipeline_is_queued_and_begins_again() -> None:
    """The newer job of a retried pipeline tells when (10:00:00 and :10); its first go is not told again."""
    again = events("gitlab/pipeline__success_of_a_retry")
    assert [(event.type, event.outcome, event.occurred_at // 1_000_000 % 86_400) for event in again] == [
        ("pipelinerun.queued", None, 36_000),
        ("pipelinerun.started", None, 36_010),
        ("pipelinerun.finished", Outcome.SUCCESS, 36_181),
    ]


@pytest.mark.parametrize(
    ("name", "members"),
    [
        ("success", ["commit:" + "a" * 40]),
        ("success_of_a_tag", ["commit:" + "a" * 40]),
        ("success_of_a_merge_request", [CHANGE, "commit:" + "e" * 40]),
        ("success_on_schedule", []),
    ],
)
def test_what_a_run_is_part_of(name: str, members: list[str]) -> None:
    """A run is part of its merge request and its commit; a schedule only names the newest commit."""
    assert {tuple(targets(event, LinkKind.PART_OF)) for event in events(f"gitlab/pipeline__{name}")} == {tuple(members)}


@pytest.mark.parametrize(
    ("name", "event_type", "outcome"),
    [
        ("created", "deployment.queued", None),
        ("blocked", "deployment.queued", None),
        ("running", "deployment.started", None),
        ("success", "service.deployed", Outcome.SUCCESS),
        ("failed", "service.deployed", Outcome.FAILURE),
        ("canceled", "service.deployed", Outcome.CANCELLED),
    ],
)
def test_life_of_a_deployment(name: str, event_type: str, outcome: Outcome | None) -> None:
    """A deployment is asked for, begins and ends, and deploys the commit of its address."""
    event = only(f"deployment__{name}")
    assert (event.type, event.outcome, targets(event, LinkKind.DEPLOYS)) == (
        event_type,
        outcome,
        ["commit:" + "c" * 40],
    )


@pytest.mark.parametrize(
    ("name", "environment"),
    [
        ("success", "production"),
        ("success_of_a_review_app", "preview"),
        ("success_of_an_unknown_environment", "production"),
        ("success_of_another_environment", "eu-west"),
    ],
)
def test_an_environments_tier_tells_what_its_word_does_not(name: str, environment: str) -> None:
    """The word goes first; where it says nothing the tier does, if it is one that we know."""
    assert only(f"deployment__{name}").environment == environment


@pytest.mark.parametrize(
    ("name", "types", "state"),
    [
        ("open_of_an_incident", ["ticket.created", "incident.detected"], "opened"),
        ("update_of_an_incidents_labels", ["ticket.updated", "incident.updated"], "opened"),
        ("close_of_an_incident", ["ticket.closed", "incident.resolved"], "closed"),
        ("reopen_of_an_incident", ["ticket.updated", "incident.detected"], "reopened"),
    ],
)
def test_an_incident_is_a_ticket_too(name: str, types: list[str], state: str) -> None:
    """A work item of type Incident tells both: it is work, and what is wrong."""
    ticket, incident = events(f"gitlab/issue__{name}")
    assert ([ticket.type, incident.type], incident.state) == (types, state)


def test_an_incidents_labels_tell_what_it_is_of() -> None:
    """Its scoped labels name the service, the environment and the cause."""
    incident = events("gitlab/issue__open_of_an_incident")[1]
    cause = targets(incident, LinkKind.CAUSED_BY)
    found = (incident.attributes["service"], incident.environment, cause)
    assert found == ("checkout-api", "production", ["commit:" + "c" * 40])


@pytest.mark.parametrize(
    ("name", "event_type", "state"),
    [
        ("open", "ticket.created", "opened"),
        ("close", "ticket.closed", "closed"),
        ("close_moved_to_another_project", "ticket.closed", "deleted"),
        ("reopen", "ticket.updated", "opened"),
        ("update_of_assignees", "ticket.updated", None),
    ],
)
def test_life_of_a_ticket(name: str, event_type: str, state: str | None) -> None:
    """An issue is opened, closed and opened again under one uri; moved away it is withdrawn."""
    event = only(f"issue__{name}")
    assert (event.subject_id, event.type, event.state) == ("ticket:gitlab/acme/shop/checkout/12", event_type, state)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("update_of_the_status", [("ticket.updated", "In progress", "To do")]),
        ("update_of_the_status_to_a_final_one", [("ticket.closed", "Done", "In progress")]),
        ("close_with_its_status", [("ticket.closed", "closed", None), ("ticket.closed", "Done", "In progress")]),
        ("reopen_with_its_status", [("ticket.updated", "opened", None), ("ticket.updated", "To do", "Done")]),
    ],
)
def test_a_status_is_a_state(name: str, told: list[tuple[str, str | None, str | None]]) -> None:
    """A status that was entered is a state, however it was entered; of a closed issue it opens nothing again."""
    found = events(f"gitlab/issue__{name}")
    assert [(event.type, event.state, event.attributes.get("from_state")) for event in found] == told


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("acknowledging_an_incident", ("incident.updated", "acknowledged")),
        ("resolving_an_incident", ("incident.resolved", "resolved")),
        ("calling_again_for_an_incident", ("incident.detected", "triggered")),
    ],
)
def test_an_incident_is_over_by_its_status(name: str, told: tuple[str, str]) -> None:
    """A status tells when people were called and when it was over, long before the issue is closed."""
    event = only(f"issue__update_{name}")
    assert (event.type, event.state) == told


def test_an_incident_may_lose_its_cause() -> None:
    """Without the label that named the cause there is none any more."""
    incident = events("gitlab/issue__update_clearing_an_incidents_cause")[1]
    assert (incident.attributes["cause"], targets(incident, LinkKind.CAUSED_BY)) == ("none", [])


def test_changed_labels_are_told_one_by_one() -> None:
    """A label that came and one that went are two facts, so that a rule can read each."""
    found = [(e.attributes["action"], e.attributes["label"]) for e in events("gitlab/issue__update_of_labels")]
    assert found == [("labeled", "workflow::blocked"), ("unlabeled", "status::in progress")]


def test_a_label_that_names_somebody_is_not_kept() -> None:
    """Of a label of no usual words a keyed hash is kept."""
    assert re.fullmatch("~[0-9a-f]{8}", only("issue__update_of_a_label_with_a_name").attributes["label"])


def test_signed_deliveries_are_proven_without_a_token() -> None:
    """A source with a signing token takes what is signed by it, and refuses what is signed by another."""
    one = golden("gitlab/merge_request__open")
    sent = Outgoing(body=one.body, message_id=one.headers["idempotency-key"], sent_at=RECEIVED_AT)
    proof = standard_webhooks().sign(SIGNING_TOKEN, sent)
    found = [ADAPTER.verify(delivery(one, proof=proof), (secret,)) for secret in (SIGNING_TOKEN, b"whsec_b3RoZXI=")]
    assert (found[0], found[1] is None) == (None, False)


def test_the_id_of_a_delivery_is_the_one_that_stays() -> None:
    """The idempotency key is the same when GitLab sends again, the event's uuid for a whole chain of webhooks."""
    headers = {"idempotency-key": "one", "x-gitlab-event-uuid": "chain"}
    found = [ADAPTER.delivery_id(given, b"{}") for given in (headers, {"x-gitlab-event-uuid": "chain"})]
    assert found == ["one", "chain"]


def test_a_pipeline_that_waits_for_somebody_tells_nothing() -> None:
    """It has neither ended nor failed."""
    one = golden("gitlab/pipeline__waiting_for_somebody")
    assert isinstance(translated(one.tool, one.body, one.headers), Ignored)
