"""What becomes of the deliveries of Bitbucket, Cloud and Data Center, and why."""

from __future__ import annotations

import json

import pytest
from msgspec import structs

from ingest.adapter import Ignored
from ingest.adapters.bitbucket_server import ADAPTER
from ingest.signatures import Outgoing, basic_auth
from schemas.definition import ROUTE_TO_LIVE, Rule, standard_map
from schemas.event import ActorClass, FlowEvent, LinkKind, LinkMethod, Outcome
from tests.builders.deliveries import SECRET, delivery, events, golden, translated
from tests.builders.engine_rows import derived, one_stream
from tests.builders.golden_rows import routed, told_by, work_items

CLOUD = "bitbucket_cloud"
SERVER = "bitbucket_server"
CHANGES = {CLOUD: "change:bitbucket.org/acme/checkout/97", SERVER: "change:bitbucket.acme.example/shop/checkout/97"}


def only(name: str) -> FlowEvent:
    """Return the one event of a golden delivery."""
    (event,) = events(name)
    return event


def commits(name: str) -> dict[str, list[str]]:
    """Return the commits that a golden push tells, each by its first digit, with the commits it links to."""
    said = [event for event in events(name) if event.subject_id.startswith("commit:")]
    return {e.subject_id[7]: [x.uri[7] for x in e.links if x.uri.startswith("commit:")] for e in said}


def ignored(name: str) -> str:
    """Return why a golden delivery is ignored, '' where it is not."""
    one = golden(name)
    found = translated(one.tool, one.body, one.headers)
    return found.reason if isinstance(found, Ignored) else ""


@pytest.mark.parametrize(
    ("name", "event_type", "state"),
    [
        ("bitbucket_cloud/pullrequest.created__ready", "change.created", "ready"),
        ("bitbucket_cloud/pullrequest.created__draft", "change.created", "draft"),
        ("bitbucket_cloud/pullrequest.updated__draft", "change.updated", "draft"),
        ("bitbucket_cloud/pullrequest.updated__after_a_push", "change.updated", "ready"),
        ("bitbucket_cloud/pullrequest.fulfilled__merged", "change.merged", "merged"),
        ("bitbucket_cloud/pullrequest.rejected__declined", "change.abandoned", "declined"),
        ("bitbucket_server/pr.opened__ready", "change.created", "ready"),
        ("bitbucket_server/pr.opened__draft", "change.created", "draft"),
        ("bitbucket_server/pr.from_ref_updated__pushed", "change.updated", "ready"),
        ("bitbucket_server/pr.merged__merged", "change.merged", "merged"),
        ("bitbucket_server/pr.declined__declined", "change.abandoned", "declined"),
        ("bitbucket_server/pr.deleted__deleted", "change.abandoned", "deleted"),
    ],
)
def test_life_of_a_change(name: str, event_type: str, state: str) -> None:
    """A pull request's events are the life of one change."""
    event = only(name)
    assert (event.subject_id, event.type, event.state) == (CHANGES[event.tool], event_type, state)


@pytest.mark.parametrize(
    ("name", "event_type", "decision", "actor_class"),
    [
        ("bitbucket_cloud/pullrequest.approved__approved", "change.reviewed", "approved", ActorClass.HUMAN),
        ("bitbucket_cloud/pullrequest.approved__by_the_author", "change.updated", "approved", ActorClass.HUMAN),
        ("bitbucket_cloud/pullrequest.changes_request_created__asked", "change.reviewed", "changes_requested",
         ActorClass.HUMAN),
        ("bitbucket_cloud/pullrequest.changes_request_removed__taken_back", "change.updated", "dismissed",
         ActorClass.HUMAN),
        ("bitbucket_cloud/pullrequest.comment_created__on_a_line", "change.reviewed", "commented", ActorClass.HUMAN),
        ("bitbucket_server/pr.reviewer.approved__approved", "change.reviewed", "approved", ActorClass.HUMAN),
        ("bitbucket_server/pr.reviewer.approved__without_a_participant", "change.reviewed", "approved",
         ActorClass.HUMAN),
        ("bitbucket_server/pr.reviewer.needs_work__asked", "change.reviewed", "changes_requested", ActorClass.HUMAN),
        ("bitbucket_server/pr.reviewer.changes_requested__asked", "change.reviewed", "changes_requested",
         ActorClass.HUMAN),
        ("bitbucket_server/pr.reviewer.unapproved__taken_back", "change.updated", "dismissed", ActorClass.HUMAN),
        ("bitbucket_server/pr.comment.added__on_a_line", "change.reviewed", "commented", ActorClass.HUMAN),
        ("bitbucket_server/pr.comment.added__answered_by_the_author", "change.updated", "commented", ActorClass.HUMAN),
    ],
)  # fmt: skip
def test_what_is_a_review(name: str, event_type: str, decision: str, actor_class: ActorClass) -> None:
    """Verdicts and comments of others are reviews; the author's own, and what is taken back, are none."""
    event = only(name)
    assert (event.type, event.attributes["decision"], event.actor_class) == (event_type, decision, actor_class)


@pytest.mark.parametrize(
    ("case", "action", "by"),
    [
        ("in_the_conversation", "commented", ActorClass.HUMAN),
        ("by_an_app", "commented", ActorClass.BOT),
        ("answered_by_the_author", "answered", ActorClass.HUMAN),
    ],
)
def test_a_comment_in_the_conversation_is_an_answer_and_no_review(case: str, action: str, by: ActorClass) -> None:
    """What Bitbucket Cloud says to be on no line begins no review."""
    event = only(f"bitbucket_cloud/pullrequest.comment_created__{case}")
    found = (event.type, event.attributes["action"], event.attributes.get("decision"), event.actor_class)
    assert found == ("change.updated", action, None, by)


@pytest.mark.parametrize("tool", [CLOUD, SERVER])
def test_a_story_is_one_item(tool: str) -> None:
    """What was pushed before a pull request was opened, and what landed it, are of the change, in any order."""
    pushes = "repo.push" if tool == CLOUD else "repo.refs_changed"
    opened, merged = (
        ("pullrequest.created__ready", "pullrequest.fulfilled__merged")
        if tool == CLOUD
        else ("pr.opened__ready", "pr.merged__merged")
    )
    cases = (f"{pushes}__merged", merged, f"{pushes}__two_commits", opened, f"{pushes}__new_branch")
    (row,) = work_items(told_by(*(f"{tool}/{case}" for case in cases)))
    assert (row.item_id, [uri[7] for uri in row.links]) == (CHANGES[tool], ["1", "2", "3", "9"])


def test_where_drafts_are_used_an_update_may_queue_a_review() -> None:
    """Nothing else tells that a draft became ready: the rules that the page advises queue the review then."""
    ready = Rule(on=("change.created", "change.readied", "change.updated"), where={"state": ("ready",)})
    steps = tuple(structs.replace(s, queue=ready) if s.name == "Review" else s for s in standard_map(ROUTE_TO_LIVE))
    names = ("created__draft", "updated__draft", "updated__after_a_push", "approved__approved", "fulfilled__merged")
    events_of_it = routed(*(f"{CLOUD}/pullrequest.{name}" for name in names))
    (visit,) = derived(*events_of_it, definition=one_stream(steps)).visits("Review")
    assert visit.queued_at == only(f"{CLOUD}/pullrequest.updated__after_a_push").occurred_at


def test_deployments_carry_changes_of_bitbucket_cloud() -> None:
    """A pull request tells its merge commit by twelve digits: the push that brought it tells the whole hash."""
    deployed = "azure_devops/ms.vss-pipelines.stage-state-changed-event__deployed"
    names = ("pullrequest.created__ready", "pullrequest.fulfilled__merged", "repo.push__merged")
    row = told_by(*(f"{CLOUD}/{name}" for name in names), deployed).change(CHANGES[CLOUD])
    assert row.deployed_at == events(deployed)[-1].occurred_at


def test_a_merge_commit_in_twelve_digits_names_no_commit() -> None:
    """A pull request of Bitbucket Cloud links to no commit."""
    links = only("bitbucket_cloud/pullrequest.fulfilled__merged").links
    assert {link.uri.partition(":")[0] for link in links} == {"ticket"}


@pytest.mark.parametrize(("case", "became"), [("merged", "9"), ("fast_forward", "a")])
def test_a_merged_change_became_a_commit(case: str, became: str) -> None:
    """Data Center names the merge commit; a change that was fast-forwarded became its head."""
    links = only(f"bitbucket_server/pr.merged__{case}").links
    assert [x.uri for x in links if x.kind is LinkKind.MERGED_AS] == [f"commit:{became * 40}"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("bitbucket_cloud/repo.push__two_commits", {"3": ["1"], "2": ["3"]}),
        ("bitbucket_cloud/repo.push__rewritten", {"4": []}),
        ("bitbucket_cloud/repo.push__took_main_over", {"7": ["3"]}),
        ("bitbucket_cloud/repo.push__new_branch_from_a_landed_change", {"1": []}),
        ("bitbucket_cloud/repo.push__new_branch_cut_short", {"1": []}),
        ("bitbucket_cloud/repo.push__merged", {"9": [], "3": ["9"], "2": ["9"], "1": ["9"]}),
        ("bitbucket_cloud/repo.push__several_branches", {"3": ["2"], "d": []}),
        ("bitbucket_server/repo.refs_changed__two_commits", {"3": ["1"], "2": ["3"]}),
        ("bitbucket_server/repo.refs_changed__new_branch_cut_short", {"1": []}),
        ("bitbucket_server/repo.refs_changed__merged", {"9": [], "3": ["9"], "2": ["9"], "1": ["9"]}),
        ("bitbucket_server/repo.refs_changed__without_commits", {"3": ["1"]}),
        ("bitbucket_server/repo.refs_changed__several_references", {"3": ["2"], "d": []}),
    ],
)
def test_which_commits_belong_together(name: str, expected: dict[str, list[str]]) -> None:
    """A commit belongs to its head, the head before to the new one, what landed to what brought it; no more."""
    assert commits(name) == expected


@pytest.mark.parametrize(("case", "named"), [("new_branch", True), ("new_branch_cut_short", False)])
@pytest.mark.parametrize("push", ["bitbucket_cloud/repo.push", "bitbucket_server/repo.refs_changed"])
def test_a_new_branch_names_a_ticket_only_where_its_commits_are_its_own(push: str, case: str, named: bool) -> None:  # noqa: FBT001 - a parameter
    """A list that was cut short may hold nothing but the history that the branch began at."""
    methods = {link.method for event in events(f"{push}__{case}") for link in event.links}
    assert (LinkMethod.KEY_IN_BRANCH in methods) is named


@pytest.mark.parametrize(("case", "number"), [("merged", "97"), ("squashed", "99")])
def test_what_landed_a_change_is_part_of_it(case: str, number: str) -> None:
    """The commit that Bitbucket makes to merge or squash is no begin of work."""
    landed = events(f"bitbucket_cloud/repo.push__{case}")[0]
    found = [link.uri for link in landed.links if link.uri.startswith("change:")]
    assert (landed.type, found) == ("commit.landed", [f"change:bitbucket.org/acme/checkout/{number}"])


@pytest.mark.parametrize("case", ["tag", "deleted_branch"])
@pytest.mark.parametrize("push", ["bitbucket_cloud/repo.push", "bitbucket_server/repo.refs_changed"])
def test_what_brings_no_commit_is_ignored(push: str, case: str) -> None:
    """Tags and deletions bring no commits."""
    assert ignored(f"{push}__{case}")


def test_a_new_branch_of_an_old_server_tells_nothing() -> None:
    """Without a list of commits the head of a new branch may be anybody's."""
    assert ignored("bitbucket_server/repo.refs_changed__new_branch_without_commits") == "push tells no new commit"


def test_a_commit_without_a_time_is_left_out() -> None:
    """A listed commit whose time nothing tells makes no fact; the head's is told beside it."""
    one = golden("bitbucket_cloud/repo.push__two_commits")
    told = json.loads(one.body)
    for commit in told["push"]["changes"][0]["commits"]:
        del commit["date"]
    found = translated(one.tool, json.dumps(told).encode(), one.headers)
    said = [] if isinstance(found, Ignored) else found
    assert [event.subject_id[7] for event in said] == ["3"]


def test_one_status_told_by_two_events_is_one_fact() -> None:
    """Bitbucket may say that a build runs when its status is made and again as an update."""
    names = ("created__running", "updated__running_told_again")
    assert len({only(f"bitbucket_cloud/repo.commit_status_{name}").event_id for name in names}) == 1


@pytest.mark.parametrize(
    ("case", "outcome"),
    [("successful", Outcome.SUCCESS), ("failed", Outcome.FAILURE), ("stopped", Outcome.CANCELLED)],
)
def test_outcome_of_a_build(case: str, outcome: Outcome) -> None:
    """A build ends well, badly, or is stopped."""
    assert only(f"bitbucket_cloud/repo.commit_status_updated__{case}").outcome is outcome


def test_each_build_of_a_commit_is_a_run() -> None:
    """Builds share their key: their addresses tell them apart, and end and begin of one are of the same run."""
    cases = ("created__running", "updated__failed", "created__of_another_build_of_the_commit")
    first, ended, second = (only(f"bitbucket_cloud/repo.commit_status_{case}").subject_id for case in cases)
    assert (first == ended, first == second) == (True, False)


def test_a_build_named_after_its_branch_keeps_no_name() -> None:
    """A multibranch job's name and address hold the branch's, escaped."""
    event = only("bitbucket_cloud/repo.commit_status_updated__named_after_its_branch")
    assert (event.subject_url, event.attributes.get("pipeline")) == (None, None)


@pytest.mark.parametrize(
    ("case", "event_type", "state"),
    [
        ("started", "ticket.updated", "open"),
        ("on_hold", "ticket.updated", "on hold"),
        ("resolved", "ticket.closed", "resolved"),
        ("reopened", "ticket.updated", "open"),
        ("kind", "ticket.updated", None),
    ],
)
def test_life_of_an_issue(case: str, event_type: str, state: str | None) -> None:
    """The final states close an issue, leaving one opens it again, and a change of kind has no state."""
    event = only(f"bitbucket_cloud/issue.updated__{case}")
    assert (event.type, event.state) == (event_type, state)


def test_a_revert_names_what_it_reverts() -> None:
    """A change made by the revert button, and the commit of git, name what they take back."""
    change = only("bitbucket_cloud/pullrequest.created__reverting").attributes["reverts"]
    commit = only("bitbucket_cloud/repo.push__reverting").attributes["reverts"]
    assert (change, commit) == (CHANGES[CLOUD], "commit:" + "9" * 40)


def test_without_links_the_source_stands_for_the_host() -> None:
    """Older servers do not tell their own address."""
    event = only("bitbucket_server/pr.opened__by_a_service_on_an_old_server")
    assert (event.attributes["repository"], event.actor_class) == ("acme/shop/checkout", ActorClass.BOT)


def test_a_server_may_prove_itself_by_a_password() -> None:
    """Since version 8 a webhook can send basic credentials in place of a signature."""
    one = golden("bitbucket_server/pr.opened__ready")
    proof = dict(basic_auth().sign(SECRET, Outgoing(body=one.body)))
    assert ADAPTER.verify(delivery(one, proof=proof), (SECRET,)) is None


def test_a_ping_without_a_signature_is_refused() -> None:
    """The button that tests a connection signs nothing."""
    assert ADAPTER.verify(delivery(golden("bitbucket_server/diagnostics.ping__test"), proof={}), (SECRET,)) is not None
