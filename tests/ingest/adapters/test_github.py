"""What becomes of GitHub's deliveries, and why."""

from __future__ import annotations

import re
from functools import partial

import msgspec
import pytest
from msgspec import structs

from ingest.adapter import Ignored, Untranslatable
from ingest.adapters.github import ADAPTER
from ingest.vocabulary.environments import normalise
from schemas.event import ActorClass, FlowEvent, Link, LinkKind, LinkMethod, Outcome, WorkKind
from schemas.identity import short_digest
from tests.builders.deliveries import context, events, golden, translated


def only(name: str) -> FlowEvent:
    """Return the one event of a golden delivery of GitHub."""
    (event,) = events(f"github/{name}")
    return event


def targets(event: FlowEvent, kind: LinkKind) -> list[str]:
    """Return what an event links to by one kind."""
    return [link.uri for link in event.links if link.kind is kind]


def ignored(name: str) -> str:
    """Return why a golden delivery is ignored, '' where it is not."""
    one = golden(f"github/{name}")
    found = translated(one.tool, one.body, one.headers)
    return found.reason if isinstance(found, Ignored) else ""


@pytest.mark.parametrize(
    ("name", "event_type", "state"),
    [
        ("pull_request__opened", "change.created", "ready"),
        ("pull_request__opened_draft", "change.created", "draft"),
        ("pull_request__ready_for_review", "change.readied", "ready"),
        ("pull_request__reopened", "change.readied", "ready"),
        ("pull_request__reopened_draft", "change.updated", "draft"),
        ("pull_request__converted_to_draft", "change.updated", "draft"),
        ("pull_request__synchronize", "change.updated", "ready"),
        ("pull_request__closed_merged", "change.merged", "merged"),
        ("pull_request__closed_unmerged", "change.abandoned", "closed"),
    ],
)
def test_life_of_a_change(name: str, event_type: str, state: str) -> None:
    """A pull request's actions are the life of one change."""
    event = only(name)
    assert (event.subject_id, event.type, event.state) == ("change:github.com/acme/checkout/97", event_type, state)


def test_an_open_change_has_no_merge_commit() -> None:
    """GitHub's trial merge of an open pull request is no merge."""
    assert targets(only("pull_request__opened"), LinkKind.MERGED_AS) == []


@pytest.mark.parametrize("how", ["", "_by_rebase", "_by_the_queue"])
def test_a_merged_change_became_a_commit(how: str) -> None:
    """Merged by merge, squash, rebase or queue, the change is linked to the commit it became."""
    assert len(targets(only(f"pull_request__closed_merged{how}"), LinkKind.MERGED_AS)) == 1


def test_a_change_contains_its_newest_head() -> None:
    """After a force push the change contains the new head."""
    after = only("pull_request__synchronize_after_a_force_push")
    assert targets(after, LinkKind.CONTAINS) == ["commit:" + "d" * 40]


def test_a_change_names_tickets_in_branch_title_and_body() -> None:
    """Issues by closing words and branch, keys named as its own: all are tickets; a key only mentioned is none."""
    assert set(targets(only("pull_request__opened_closing_an_issue"), LinkKind.PART_OF)) == {
        "ticket:github/acme/checkout/12",
        "ticket:github/acme/shop/7",
        "ticket:*/CHK-13",
        "ticket:*/CHK-14",
    }


@pytest.mark.parametrize("case", ["opened_reverting", "opened_reverting_without_a_body"])
def test_a_revert_names_what_it_reverts(case: str) -> None:
    """A change made by the revert button names the change it takes back."""
    assert only(f"pull_request__{case}").attributes["reverts"] == "change:github.com/acme/checkout/97"


def test_a_change_on_enterprise_server_is_of_its_own_host() -> None:
    """The host of a change's uri is the repository's."""
    found = only("pull_request__opened_on_enterprise_server").subject_id
    assert found == "change:ghe.acme.example/acme/checkout/97"


def test_a_change_from_a_fork_says_so() -> None:
    """A change from a fork is flagged, for its pushes go to another webhook."""
    assert only("pull_request__opened_from_a_fork").attributes["fork"] == "true"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("pull_request__opened", ActorClass.HUMAN),
        ("pull_request__opened_by_a_bot", ActorClass.BOT),
        ("pull_request__opened_by_an_agent", ActorClass.AGENT),
        ("pull_request_review__commented_by_an_agent", ActorClass.AGENT),
        ("pull_request_review__by_an_account_that_is_gone", ActorClass.UNKNOWN),
        ("push__by_a_bot", ActorClass.BOT),
        ("push__by_an_agent", ActorClass.AGENT),
    ],
)
def test_who_did_it(name: str, expected: ActorClass) -> None:
    """Humans, bots and agents are told apart."""
    assert only(name).actor_class is expected


def test_author_is_the_same_account_everywhere() -> None:
    """The keyed hash of an account is the same for a push and a pull request."""
    assert only("push__branch_with_an_empty_commit").actor == only("pull_request__opened").actor


@pytest.mark.parametrize(
    "name",
    ["push__branch_named_after_a_login", "push__branch_of_someone_else", "push__branch_named_after_an_address",
     "create__branch_named_after_a_login", "delete__branch_of_someone_else"],
)  # fmt: skip
def test_branch_keeps_its_ticket_and_nothing_else(name: str) -> None:
    """Of a branch that begins with anybody's login or address only the ticket's key is left, beside a hash."""
    event = events(f"github/{name}")[-1]
    kept = re.sub("~[0-9a-f]{8}", "~", event.attributes["branch"])
    assert (kept, targets(event, LinkKind.PART_OF)) == ("~-CHK-12", ["ticket:*/CHK-12"])


def test_a_branch_is_called_the_same_by_everybody() -> None:
    """The hash of a branch is the same in a push, a run, a suite, a deployment and its end."""
    names = ("push__branch_of_someone_else", "workflow_run__completed_by_a_bot_on_a_named_branch",
             "check_suite__completed_on_a_named_branch", "deployment__created_of_a_preview",
             "delete__branch_of_someone_else")  # fmt: skip
    assert len({e.attributes["branch"] for name in names for e in events(f"github/{name}")}) == 1


def test_both_branches_of_a_stacked_change_are_reduced() -> None:
    """The branch a change goes to may be another person's."""
    said = only("pull_request__opened_on_top_of_another").attributes
    assert [re.sub("~[0-9a-f]{8}", "~", said[name]) for name in ("branch", "target_branch")] == ["~", "~"]


def test_a_branch_entity_is_the_same_under_any_key() -> None:
    """The identity key enters no id: a branch's uri is made of the plain digest of its name."""
    made = only("create__branch")
    assert made.subject_id == "branch:github.com/acme/checkout/" + short_digest("feature/chk-12-expire")


@pytest.mark.parametrize(
    ("name", "environment", "kept"),
    [
        ("deployment__created_of_a_preview", "preview", "Preview: ~-CHK-12"),
        ("deployment_status__success_where_the_branch_names_the_place", "preview", "~-CHK-12"),
        ("deployment_status__success_where_github_says_production", "production", "eu-central"),
        ("deployment_status__success", "production", "production"),
    ],
)
def test_a_place_made_for_a_branch_is_a_preview_and_reduced_as_it(name: str, environment: str, kept: str) -> None:
    """What is deployed to for a branch's sake is called after it: its name is kept no further than the branch's."""
    event = only(name)
    assert (event.environment, re.sub("~[0-9a-f]{8}", "~", event.attributes["environment_raw"])) == (environment, kept)


def test_a_deployed_commit_is_no_branch() -> None:
    """A deployment whose reference is its commit says no branch."""
    assert "branch" not in only("deployment__created_of_a_commit").attributes


def test_a_label_keeps_the_usual_words() -> None:
    """Of a label the words that rules go by are kept, and no name."""
    kept = re.sub("~[0-9a-f]{8}", "~", only("issues__labeled_with_a_name").attributes["label"])
    assert kept == "blocked by ~"


@pytest.mark.parametrize("decision", ["approved", "changes_requested", "commented"])
def test_reviews_carry_their_decision(decision: str) -> None:
    """A submitted review is a fact with its decision."""
    event = only(f"pull_request_review__{decision}")
    assert (event.type, event.attributes["decision"]) == ("change.reviewed", decision)


def test_the_authors_answers_begin_no_review() -> None:
    """What the author answers to comments is no review."""
    assert only("pull_request_review__commented_by_the_author").type == "change.updated"


def test_commits_belong_to_the_head_of_their_push() -> None:
    """Each new commit is a fact at its own time, in order, and part of the push's head."""
    first, head = events("github/push__branch")
    assert (targets(first, LinkKind.PART_OF)[0], first.order, head.order) == (head.subject_id, 0, 1)


def test_commits_taken_over_from_another_branch_are_not_this_ones() -> None:
    """Merging main into a branch brings one commit of this branch, none of main's."""
    assert [e.subject_id for e in events("github/push__branch_that_took_main_over")] == ["commit:" + "4" * 40]


def test_a_direct_push_is_one_unit() -> None:
    """Commits pushed to the default branch without a pull request belong to their push's head."""
    by_id = {e.subject_id[-1]: e for e in events("github/push__default_branch_directly")}
    assert "commit:" + "3" * 40 in targets(by_id["2"], LinkKind.PART_OF)


def test_a_squash_commit_is_no_beginning_of_work() -> None:
    """A commit GitHub made to land a change has a type of its own."""
    assert only("push__default_branch_with_a_squash").type == "commit.landed"


def test_rebased_commits_belong_to_the_last_of_them() -> None:
    """Commits landed by rebase are part of the one that the change became."""
    found = {
        e.subject_id[-1]: targets(e, LinkKind.PART_OF) for e in events("github/push__default_branch_with_a_rebase")
    }
    last = ["commit:" + "8" * 40]
    assert found == {"8": [], "6": last, "5": last}


def test_merged_commits_belong_to_the_merge_commit() -> None:
    """A merge's own commits, pushed before, are part of the merge commit once it lands."""
    found = {e.subject_id[-1]: targets(e, LinkKind.PART_OF) for e in events("github/push__default_branch_with_a_merge")}
    assert [found["2"][0], found["a"][0]] == ["commit:" + "9" * 40] * 2


def test_a_queue_mixes_no_changes() -> None:
    """Of several changes that a merge queue lands in one push, no commit belongs to another's."""
    landed = events("github/push__default_branch_with_a_queue_of_three")
    found = {e.subject_id[-1]: targets(e, LinkKind.PART_OF) for e in landed}
    assert found == {"2": [], "3": ["commit:" + "4" * 40], "4": [], "7": []}


def test_a_reverting_commit_names_what_it_reverts() -> None:
    """A commit made by git revert names the commit it takes back."""
    assert only("push__default_branch_with_a_revert").attributes["reverts"] == "commit:" + "9" * 40


@pytest.mark.parametrize(
    "name",
    ["push__tag", "push__branch_deleted", "push__branch_without_commits", "push__queue_branch", "create__tag",
     "check_suite__completed_of_actions", "check_suite__completed_empty", "deployment_status__inactive",
     "delete__branch_without_a_time", "pull_request__labeled_as_anything"],
)  # fmt: skip
def test_what_is_ignored_says_why(name: str) -> None:
    """What nothing is made of is ignored with a reason."""
    assert ignored(name)


@pytest.mark.parametrize(
    ("conclusion", "outcome"),
    [
        ("success", Outcome.SUCCESS),
        ("neutral", Outcome.SUCCESS),
        ("failure", Outcome.FAILURE),
        ("timed_out", Outcome.FAILURE),
        ("startup_failure", Outcome.ERROR),
        ("cancelled", Outcome.CANCELLED),
        ("skipped", None),
        ("action_required", None),
    ],
)
def test_runs_come_out(conclusion: str, outcome: Outcome | None) -> None:
    """A finished run has its outcome, a skipped one none."""
    assert events(f"github/workflow_run__completed_{conclusion}")[-1].outcome is outcome


@pytest.mark.parametrize("case", ["in_progress", "completed_success"])
def test_begin_and_end_of_a_run_tell_when_it_was_queued(case: str) -> None:
    """A lost first notification loses nothing: the others tell the very same fact."""
    queued = events(f"github/workflow_run__{case}")[0]
    asked = only("workflow_run__requested")
    assert (queued.type, queued.event_id, queued.state) == (asked.type, asked.event_id, asked.state)


@pytest.mark.parametrize("case", ["in_progress", "completed"])
def test_a_second_attempt_is_another_run(case: str) -> None:
    """A re-run, of which GitHub tells no request, is a run of its own, queued when its attempt began anew."""
    again = events(f"github/workflow_run__{case}_second_attempt")[0]
    expected = ("pipelinerun.queued", "run:github/acme/77001/2", 1_772_443_200_000_000)
    assert (again.type, again.subject_id, again.occurred_at) == expected


def test_an_attempt_may_not_say_when_it_was_asked_for() -> None:
    """A second attempt's end counts without the time it was asked for."""
    assert only("workflow_run__completed_second_attempt_without_its_begin").type == "pipelinerun.finished"


def test_a_scheduled_run_is_part_of_nothing() -> None:
    """A run that no change caused belongs to no commit."""
    assert [e.links for e in events("github/workflow_run__completed_on_schedule")] == [(), ()]


def test_a_queue_tries_a_change() -> None:
    """A run in the merge queue is part of the change that was tried."""
    found = events("github/workflow_run__completed_in_the_merge_queue")
    assert [targets(e, LinkKind.PART_OF) for e in found] == [["change:github.com/acme/checkout/97"]] * 2


@pytest.mark.parametrize(
    ("state", "event_type", "outcome"),
    [
        ("queued", "deployment.queued", None),
        ("waiting", "deployment.queued", None),
        ("in_progress", "deployment.started", None),
        ("success", "service.deployed", Outcome.SUCCESS),
        ("failure", "service.deployed", Outcome.FAILURE),
        ("error", "service.deployed", Outcome.ERROR),
    ],
)
def test_deployment_states(state: str, event_type: str, outcome: Outcome | None) -> None:
    """A deployment's statuses are its begin and end."""
    event = only(f"deployment_status__{state}")
    assert (event.type, event.outcome, event.environment) == (event_type, outcome, "production")


def test_all_facts_of_a_deployment_are_of_one_deployment() -> None:
    """Creation and statuses name the same deployment."""
    names = ("deployment__created", "deployment_status__in_progress", "deployment_status__success")
    assert {only(name).subject_id for name in names} == {"deployment:github/github.com/acme/checkout/6601"}


def test_a_deployment_deploys_commit_and_image() -> None:
    """A deployment deploys its commit and the image its payload names."""
    found = targets(only("deployment__created_for_a_service"), LinkKind.DEPLOYS)
    assert found == ["commit:" + "9" * 40, "artifact:sha256:" + "5" * 64]


def test_an_environment_is_production_where_github_says_so() -> None:
    """An unknown word is production where the deployment is marked as such."""
    event = only("deployment_status__success_where_github_says_production")
    assert (event.environment, event.attributes["environment_raw"]) == ("production", "eu-central")


@pytest.mark.parametrize(
    ("word", "means"), [("EU Central", "production"), ("München", "production"), ("eu-west", "eu")]
)
def test_a_mark_counts_however_a_word_is_spelled_unless_the_source_maps_it(word: str, means: str) -> None:
    """GitHub's mark stands for a word that nobody explained; what the source's `environments` say of it goes first."""
    one = golden("github/deployment_status__success_where_github_says_production")
    body = one.body.replace(b'"eu-central"', f'"{word}"'.encode())
    own = structs.replace(context("github", one.headers), environment=partial(normalise, own={"eu-west": "eu"}))
    said = ADAPTER.translate["deployment_status"](body, own)
    assert not isinstance(said, Ignored)
    assert [event.environment for event in said] == [means]


@pytest.mark.parametrize(
    ("name", "event_type", "state", "kind"),
    [
        ("opened_as_bug", "ticket.created", "open", WorkKind.DEFECT),
        ("opened_with_a_type", "ticket.created", "open", WorkKind.DEBT),
        ("closed", "ticket.closed", "closed", None),
        ("reopened", "ticket.updated", "open", None),
        ("labeled", "ticket.updated", None, None),
        ("deleted", "ticket.closed", "deleted", None),
        ("transferred", "ticket.closed", "deleted", None),
    ],
)
def test_life_of_an_issue(name: str, event_type: str, state: str | None, kind: WorkKind | None) -> None:
    """An issue's actions are the life of a ticket."""
    event = only(f"issues__{name}")
    assert (event.type, event.state, event.work_kind) == (event_type, state, kind)


def test_a_transferred_issue_leads_to_what_it_became() -> None:
    """A transferred issue is related to the new one."""
    expected = Link(uri="ticket:github/acme/shop/3", kind=LinkKind.RELATES_TO, method=LinkMethod.EXPLICIT)
    assert only("issues__transferred").links == (expected,)


def test_an_early_time_is_flagged() -> None:
    """A time before 1990 is kept as text and flagged."""
    assert only("pull_request__opened_before_1990").attributes["implausible_time"] == "1970-01-01T00:00:00Z"


def test_what_is_missing_is_named() -> None:
    """A merged pull request without a time names the field, and nothing of the body."""
    one = golden("github/pull_request__closed_merged")
    body = msgspec.json.decode(one.body)
    body["pull_request"]["merged_at"] = None
    with pytest.raises(Untranslatable, match=r"^pull_request\.merged_at is missing$"):
        translated("github", msgspec.json.encode(body), one.headers)
