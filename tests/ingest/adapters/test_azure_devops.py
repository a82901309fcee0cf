"""What becomes of Azure DevOps' deliveries, and why."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

import pytest
from msgspec.structs import replace

from ingest.adapter import Ignored
from ingest.adapters.azure_devops.stages import stage_state_changed
from ingest.vocabulary.environments import normalise
from schemas.event import ActorClass, FlowEvent, LinkKind, Outcome, WorkKind
from schemas.identity import event_id
from tests.builders.deliveries import context, events, golden, translated
from tests.builders.golden_rows import deployments, told_by, work_items

RUN: Final = "ms.vss-pipelines.run-state-changed-event"
STAGE: Final = "ms.vss-pipelines.stage-state-changed-event"
RELEASED: Final = "ms.vss-release.deployment-completed-event"
CHANGE: Final = "change:dev.azure.com/acme/Shop/_git/checkout/97"
TICKET: Final = "ticket:azure_devops/acme/12"


def said(name: str) -> list[FlowEvent]:
    """Return the events of a golden delivery of Azure DevOps."""
    return events(f"azure_devops/{name}")


def only(name: str) -> FlowEvent:
    """Return the one event of a golden delivery."""
    (event,) = said(name)
    return event


def changed(name: str, change: Callable[[dict[str, Any]], object]) -> list[FlowEvent]:
    """Return the events of a golden delivery with its body changed."""
    one = golden(f"azure_devops/{name}")
    body = json.loads(one.body)
    change(body)
    found = translated(one.tool, json.dumps(body).encode(), one.headers)
    return [] if isinstance(found, Ignored) else list(found)


def ignored(name: str) -> str:
    """Return why a golden delivery is ignored, '' where it is not."""
    one = golden(f"azure_devops/{name}")
    found = translated(one.tool, one.body, one.headers)
    return found.reason if isinstance(found, Ignored) else ""


def targets(event: FlowEvent, kind: LinkKind) -> list[str]:
    """Return what an event links to by one kind."""
    return [link.uri for link in event.links if link.kind is kind]


def test_a_story_is_one_item() -> None:
    """A work item, its pull request, commits and builds, told in any order, are one item, live with its deployment."""
    names = (
        f"{STAGE}__deployed_again_after_a_failure", "git.push__merged", "git.pullrequest.updated__completed",
        "workitem.updated__closed", "git.pullrequest.created__ready", "git.push__two_commits",
        "build.complete__of_a_pull_request", "workitem.created__story", f"{STAGE}__failed",
    )  # fmt: skip
    told = told_by(*(f"azure_devops/{name}" for name in names))
    (row,) = work_items(told)
    live = said(names[0])[-1].occurred_at
    assert (row.item_id, row.finished_at, CHANGE in row.links, len(row.links)) == (TICKET, live, True, 6)


def test_a_second_attempt_is_another_deployment() -> None:
    """A stage that failed and runs again brought the change, and recovered from the failure."""
    names = ("git.pullrequest.updated__completed", f"{STAGE}__failed", f"{STAGE}__deployed_again_after_a_failure")
    rows = deployments(told_by(*(f"azure_devops/{name}" for name in names)))
    assert [(row.outcome, row.change_ids) for row in rows] == [(Outcome.FAILURE, ()), (Outcome.SUCCESS, (CHANGE,))]


@pytest.mark.parametrize(
    ("case", "event_type", "state"),
    [
        ("active", "ticket.updated", "Active"),
        ("resolved", "ticket.updated", "Resolved"),
        ("closed", "ticket.closed", "Closed"),
        ("closed_in_a_state_of_its_own", "ticket.closed", "Erledigt"),
        ("removed", "ticket.closed", "Removed"),
        ("reopened", "ticket.updated", "Active"),
        ("without_its_revision", "ticket.closed", "Done"),
        ("assigned_and_moved", "ticket.updated", None),
        ("commit_attached", "ticket.updated", None),
    ],
)
def test_life_of_a_work_item(case: str, event_type: str, state: str | None) -> None:
    """The date of closing or a final state closes; resolved is not closed, and an empty date opens again."""
    event = said(f"workitem.updated__{case}")[0]
    assert (event.subject_id, event.type, event.state) == (TICKET, event_type, state)


def test_time_of_an_update_is_its_own() -> None:
    """The date of revision says the year 9999, and is not read."""
    assert only("workitem.updated__closed").occurred_at == 1_772_469_710_230_000


def test_a_year_that_stands_for_none_is_no_time() -> None:
    """Without a time of its own, a thing happens when its event was made."""
    assert only("workitem.created__on_a_server").occurred_at == 1_772_442_936_853_500


@pytest.mark.parametrize(
    ("case", "kind", "container"),
    [
        ("story", WorkKind.FEATURE, None),
        ("backlog_item_with_texts_for_numbers", WorkKind.FEATURE, None),
        ("bug_by_an_account_object", WorkKind.RISK, None),
        ("epic", WorkKind.FEATURE, "true"),
    ],
)
def test_kind_of_a_work_item(case: str, kind: WorkKind, container: str | None) -> None:
    """The type tells the kind, a tag of risk goes before it, and an epic holds the work of others."""
    event = only(f"workitem.created__{case}")
    assert (event.work_kind, event.attributes.get("container")) == (kind, container)


def test_numbers_may_be_texts() -> None:
    """Ids, parents and revisions are numbers in some bodies and texts in others."""
    event = only("workitem.created__backlog_item_with_texts_for_numbers")
    found = (event.subject_id, event.order, targets(event, LinkKind.RELATES_TO))
    assert found == ("ticket:azure_devops/acme/14", 1, ["ticket:azure_devops/acme/6"])


def test_a_blocked_item_says_so() -> None:
    """The field of the CMMI process flags an item, as the steps' rules read it."""
    flags = [event.attributes.get("flagged") for event in said("workitem.updated__blocked")]
    assert flags == ["true", None]


def test_an_attached_commit_is_part_of_its_item() -> None:
    """A commit is named by its hash; the pull request beside it only by ids that nobody else knows."""
    assert targets(only("workitem.updated__commit_attached"), LinkKind.CONTAINS) == ["commit:" + "3" * 40]


@pytest.mark.parametrize(
    ("case", "event_type", "decision", "actor_class"),
    [
        ("approved", "change.reviewed", "approved", ActorClass.HUMAN),
        ("approved_with_suggestions", "change.reviewed", "approved", ActorClass.HUMAN),
        ("approved_by_the_author", "change.updated", "approved", ActorClass.HUMAN),
        ("approved_by_somebody_not_listed", "change.reviewed", "approved", ActorClass.UNKNOWN),
        ("waiting_for_the_author", "change.reviewed", "changes_requested", ActorClass.HUMAN),
        ("rejected", "change.reviewed", "changes_requested", ActorClass.HUMAN),
        ("vote_taken_back", "change.updated", None, ActorClass.UNKNOWN),
        ("pushed", "change.updated", None, ActorClass.UNKNOWN),
        ("published", "change.readied", None, ActorClass.UNKNOWN),
        ("reactivated", "change.readied", None, ActorClass.UNKNOWN),
        ("made_a_draft", "change.updated", None, ActorClass.UNKNOWN),
        ("without_a_message", "change.updated", None, ActorClass.UNKNOWN),
        ("abandoned", "change.abandoned", None, ActorClass.HUMAN),
    ],
)
def test_what_an_update_says(case: str, event_type: str, decision: str | None, actor_class: ActorClass) -> None:
    """The message tells what happened, and who by a reviewer's name that it begins with."""
    event = only(f"git.pullrequest.updated__{case}")
    found = (event.subject_id, event.type, event.attributes.get("decision"), event.actor_class)
    assert found == (CHANGE, event_type, decision, actor_class)


def test_a_title_is_no_message() -> None:
    """A pull request called `approved pull request` is not approved by a push to it."""

    def called(body: dict[str, Any]) -> None:
        text = body["message"]["text"]
        body["message"]["text"] = text.replace("Let carts expire", "Planted Reviewer approved pull request 97")

    assert [event.type for event in changed("git.pullrequest.updated__pushed", called)] == ["change.updated"]


def test_the_longer_of_two_names_voted() -> None:
    """A reviewer whose name begins as another's does is told from them."""

    def beside(body: dict[str, Any]) -> None:
        other = {**body["resource"]["reviewers"][0], "displayName": "Planted", "id": "another"}
        body["resource"]["reviewers"].insert(0, other)

    (found,) = changed("git.pullrequest.updated__approved", beside)
    assert found.actor == only("git.pullrequest.updated__approved").actor


def test_a_merge_told_by_two_events_is_one_fact() -> None:
    """The update and the merge commit's event tell the same end."""
    names = ("git.pullrequest.updated__completed", "git.pullrequest.merged__completed")
    assert len({only(name).event_id for name in names}) == 1


def test_a_trial_merge_is_no_merge() -> None:
    """Azure Repos tries to merge an active pull request again and again."""
    assert ignored("git.pullrequest.merged__only_tried") == "merge was only tried"


def test_an_open_change_has_no_merge_commit() -> None:
    """The trial merge of an open pull request is no commit that it became."""
    assert targets(only("git.pullrequest.created__ready"), LinkKind.MERGED_AS) == []


def test_mentions_name_work_items() -> None:
    """`#12` and `AB#13` are work items; `!97` is a pull request and `page#3` an anchor."""
    change = targets(only("git.pullrequest.created__ready"), LinkKind.PART_OF)
    commit = [uri for uri in targets(said("git.push__two_commits")[1], LinkKind.PART_OF) if uri.startswith("ticket:")]
    assert (change, commit) == ([TICKET, "ticket:azure_devops/acme/13"], ["ticket:*/CHK-12"])


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("by_a_reviewer", ["change.reviewed"]),
        ("by_the_author", ["change.updated"]),
        ("by_the_system", []),
        ("by_the_system_of_a_server", []),
    ],
)
def test_which_comments_are_reviews(case: str, expected: list[str]) -> None:
    """Only what somebody else than the author says is a review."""
    assert [event.type for event in said(f"ms.vss-code.git-pullrequest-comment-event__{case}")] == expected


def test_comments_of_two_threads_are_two_facts() -> None:
    """Each thread counts its comments anew: the first of two threads, said at once, are told apart."""
    one, other = (
        only(f"ms.vss-code.git-pullrequest-comment-event__{case}")
        for case in ("by_a_reviewer", "in_another_thread_of_a_server")
    )
    assert (one.occurred_at == other.occurred_at, one.event_id == other.event_id) == (True, False)


@pytest.mark.parametrize("case", ["new_branch_without_commits", "tag", "deleted_branch"])
def test_what_brings_no_commit_is_ignored(case: str) -> None:
    """A branch made of what is there, a tag and a deletion bring no commits."""
    assert ignored(f"git.push__{case}")


def test_the_default_branch_may_be_called_anything() -> None:
    """What is pushed to the default branch follows no head before it."""
    assert only("git.push__default_branch_of_another_name").links == ()


@pytest.mark.parametrize(
    ("case", "outcome"),
    [
        ("succeeded", Outcome.SUCCESS),
        ("failed", Outcome.FAILURE),
        ("partially_succeeded", Outcome.SUCCESS),
        ("canceled_before_it_started", Outcome.CANCELLED),
        ("of_version_1", Outcome.CANCELLED),
    ],
)
def test_outcome_of_a_build(case: str, outcome: Outcome) -> None:
    """What only partially succeeded came to its end; the first version tells the result as its status."""
    assert said(f"build.complete__{case}")[-1].outcome is outcome


def test_a_build_and_its_run_tell_the_same_facts() -> None:
    """When a run was queued and finished is one fact, whichever of the two events tells it."""
    build = {e.type: e.event_id for e in said("build.complete__succeeded")}
    run = {e.type: e.event_id for e in said(f"{RUN}__succeeded")}
    assert {name: build[name] for name in run} == run


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("succeeded", ["commit:" + "3" * 40]),
        ("of_a_pull_request", [CHANGE, "commit:" + "3" * 40]),
        ("of_a_pull_request_that_tells_no_trigger", [CHANGE]),
        ("of_version_1", ["commit:" + "3" * 40]),
        ("by_schedule", []),
    ],
)
def test_what_a_build_is_part_of(case: str, expected: list[str]) -> None:
    """Of its commit; a pull request's of the change and its head, not of the trial merge; a schedule's of nothing."""
    assert targets(said(f"build.complete__{case}")[-1], LinkKind.PART_OF) == expected


@pytest.mark.parametrize("name", ["build.complete__of_a_repository_on_github", f"{RUN}__of_a_repository_on_github"])
def test_a_pipeline_of_github_names_its_repository(name: str) -> None:
    """Pipelines build what lives elsewhere, too."""
    assert {event.attributes["repository"] for event in said(name)} == {"github.com/acme/checkout"}


@pytest.mark.parametrize(
    ("name", "environment"),
    [
        ("DeployProduction", "production"),
        ("deploy_prod_eu", "production"),
        ("Staging", "staging"),
        ("DeployToTest", "testing"),
        ("IntegrationTests", ""),
        ("QA", ""),
        ("BuildDev", ""),
        ("TerraformPlanProd", ""),
        ("Deploy", ""),
        ("__default", ""),
    ],
)
def test_which_stages_are_deployments(name: str, environment: str) -> None:
    """A stage called after an environment is one; after tests only where it says that it deploys."""

    def called(body: dict[str, Any]) -> None:
        body["resource"]["stage"]["name"] = name

    found = {event.environment for event in changed(f"{STAGE}__deployed", called)}
    assert found == ({environment} if environment else set())


def test_a_sources_own_words_name_stages() -> None:
    """What `environments` of the source says of a stage stands over what its name sounds like."""
    one = golden(f"azure_devops/{STAGE}__only_tests")
    own = replace(
        context(one.tool, one.headers), environment=lambda word: normalise(word, {"IntegrationTests": "canary"})
    )
    found = stage_state_changed(one.body, own)
    told = [] if isinstance(found, Ignored) else found
    assert {event.environment for event in told} == {"canary"}


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("waiting_for_approval", ["deployment.queued"]),
        ("running", ["deployment.started"]),
        ("deployed", ["deployment.started", "service.deployed"]),
        ("skipped", []),
        ("not_started", []),
    ],
)
def test_life_of_a_stage(case: str, expected: list[str]) -> None:
    """A stage waits, runs and ends; its end tells the begin, too."""
    assert [event.type for event in said(f"{STAGE}__{case}")] == expected


def test_begin_of_a_stage_is_one_fact() -> None:
    """Told when it runs and when it has ended."""
    assert only(f"{STAGE}__running").event_id == said(f"{STAGE}__deployed")[0].event_id


@pytest.mark.parametrize(
    ("case", "outcome", "environment", "identity"),
    [
        ("succeeded", Outcome.SUCCESS, "production", "acme/release-77/501/1"),
        ("rejected", Outcome.FAILURE, "production", "acme/release-77/501/1"),
        ("second_attempt", Outcome.SUCCESS, "production", "acme/release-77/501/2"),
        ("partially_succeeded_on_staging", Outcome.SUCCESS, "staging", "acme/release-77/500/1"),
        ("canceled_in_the_year_1", Outcome.CANCELLED, "production", "acme/release-77/501/1"),
        ("without_a_deployment", Outcome.SUCCESS, "production", "acme/release-77/501/1"),
        ("that_tells_its_stage_inside", Outcome.SUCCESS, "production", "acme/release-77/501/1"),
    ],
)
def test_a_stage_of_a_release_is_a_deployment(case: str, outcome: Outcome, environment: str, identity: str) -> None:
    """Each attempt is one; a rejected one failed."""
    event = said(f"{RELEASED}__{case}")[-1]
    found = (event.type, event.outcome, event.environment, event.subject_id)
    assert found == ("service.deployed", outcome, environment, f"deployment:azure_devops/{identity}")


def test_a_release_deploys_the_commits_of_its_artifacts() -> None:
    """An artifact names the commit it was built from, and its repository as clone addresses do."""
    event = said(f"{RELEASED}__succeeded")[-1]
    found = (targets(event, LinkKind.DEPLOYS), event.attributes["repository"])
    assert found == (["commit:" + "9" * 40], "dev.azure.com/acme/Shop/_git/checkout")


def test_begin_and_end_of_a_deployment_tell_the_same_begin() -> None:
    """What was told when it began is told again, as the same facts, when it has ended."""
    began = [event.event_id for event in said("ms.vss-release.deployment-started-event__production")]
    assert [event.event_id for event in said(f"{RELEASED}__succeeded")[:2]] == began


def test_seven_digits_of_a_second_are_cut_to_six() -> None:
    """The id of a fact is of microseconds, however many digits the tool writes."""
    event = only("git.pullrequest.updated__completed")
    expected = event_id("azure_devops", "change.merged", CHANGE, 1_772_463_641_770_000)
    assert event.event_id == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("git.pullrequest.created__by_a_build_service", ActorClass.BOT),
        ("git.push__by_a_build_service", ActorClass.BOT),
        ("git.push__reverting", ActorClass.HUMAN),
        ("workitem.created__story", ActorClass.HUMAN),
    ],
)
def test_who_did_it(name: str, expected: ActorClass) -> None:
    """Build services are bots, by sign-in name or descriptor; people are people whatever they are called."""
    assert only(name).actor_class is expected


def test_author_is_the_same_account_everywhere() -> None:
    """Who pushed their own commit, opened the change and moved the item is one account."""
    names = ("git.push__reverting", "git.pullrequest.created__ready", "workitem.updated__closed")
    assert len({only(name).actor for name in names}) == 1
