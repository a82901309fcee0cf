"""What becomes of Jenkins', CircleCI's, Buildkite's, Tekton's and SonarQube's deliveries, and why."""

from __future__ import annotations

import re

import pytest

from ingest.adapter import Ignored
from ingest.outcomes import Accepted
from ingest.receive import Connection, receive
from ingest.routing import Router
from ingest.signatures import Outgoing, token_header
from ingest.vocabulary.environments import normalise
from schemas.definition import Definition
from schemas.event import ActorClass, FlowEvent, LinkKind, Outcome
from schemas.identity import pseudonym
from tests.builders.deliveries import BY_TOOL, SECRET, SOURCE, delivery, events, golden, translated

TEKTON = "tekton/dev.tekton.event"
CHANGE = "change:github.com/acme/checkout/97"
BUILD = "run:buildkite/acme/019cb800-0000-4000-8000-000000000010/1"
PIPELINE_RUN = "run:tekton/acme/7c000000-0000-4000-8000-000000000001/1"


def last(name: str) -> FlowEvent:
    """Return the last event of a golden delivery: what it tells of, after what came before."""
    return events(name)[-1]


def told(name: str) -> list[tuple[str, str]]:
    """Return the types and ids of the events of a golden delivery."""
    return [(event.type, event.event_id) for event in events(name)]


def targets(event: FlowEvent, kind: LinkKind = LinkKind.PART_OF) -> list[str]:
    """Return what an event links to in one way."""
    return [link.uri for link in event.links if link.kind is kind]


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("jenkins/notification__completed", Outcome.SUCCESS),
        ("jenkins/notification__unstable", Outcome.FAILURE),
        ("jenkins/notification__of_a_branch", Outcome.CANCELLED),
        ("circleci/workflow-completed__failed_of_a_fork", Outcome.FAILURE),
        ("circleci/workflow-completed__rerun_canceled", Outcome.CANCELLED),
        ("circleci/workflow-completed__of_gitlab", Outcome.ERROR),
        ("circleci/job-completed__broken_machine", Outcome.ERROR),
        ("buildkite/build.finished__failed", Outcome.FAILURE),
        ("buildkite/build.finished__canceled_before_it_ran", Outcome.CANCELLED),
        ("buildkite/build.skipped__skipped", Outcome.CANCELLED),
        ("buildkite/job.finished__timed_out", Outcome.FAILURE),
        (f"{TEKTON}.pipelinerun.failed.v1__timed_out", Outcome.FAILURE),
        (f"{TEKTON}.pipelinerun.failed.v1__cancelled", Outcome.CANCELLED),
        (f"{TEKTON}.pipelinerun.failed.v1__never_ran", Outcome.ERROR),
        ("sonarqube/analysis__of_an_old_release", Outcome.SUCCESS),
        ("sonarqube/analysis__failed_of_a_pull_request", Outcome.FAILURE),
        ("sonarqube/analysis__task_failed", Outcome.ERROR),
        ("sonarqube/analysis__without_a_gate", None),
    ],
)
def test_how_it_came_out(name: str, outcome: Outcome | None) -> None:
    """What ran and failed is a failure; what kept it from running is an error; what was given up is cancelled."""
    assert last(name).outcome is outcome


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("jenkins/notification__of_a_pull_request", [CHANGE]),
        ("circleci/workflow-completed__failed_of_a_fork", [CHANGE]),
        ("circleci/workflow-completed__succeeded", []),
        ("buildkite/build.scheduled__scheduled", [CHANGE]),
        ("buildkite/build.finished__rebuilt", []),
        (f"{TEKTON}.pipelinerun.started.v1__started", [CHANGE]),
        ("sonarqube/analysis__failed_of_a_pull_request", [CHANGE]),
        ("sonarqube/analysis__of_a_branch", []),
    ],
)
def test_a_pull_request_is_the_change(name: str, change: list[str]) -> None:
    """Where a run is made for a pull request it belongs to the change, a fork's to that of the target."""
    assert [uri for uri in targets(last(name)) if uri.startswith("change:")] == change


@pytest.mark.parametrize(
    "name", ["circleci/workflow-completed__of_a_schedule", "buildkite/build.finished__of_a_schedule"]
)
def test_a_schedule_builds_nobodys_commit(name: str) -> None:
    """A scheduled run names the newest commit, which was built before: it belongs to none, and a machine began it."""
    found = last(name)
    assert (targets(found), found.actor_class) == ([], ActorClass.BOT)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Planted Person", ActorClass.HUMAN), ("Release Bot", ActorClass.BOT), ("", ActorClass.UNKNOWN)],
)
def test_who_began_a_build(name: str, expected: ActorClass) -> None:
    """Buildkite tells the full name of an account, which says whether it is a person's."""
    one = golden("buildkite/build.scheduled__scheduled")
    found = translated("buildkite", one.body.replace(b'"Planted Person"', f'"{name}"'.encode()), one.headers)
    assert isinstance(found, list)
    assert found[0].actor_class is expected


@pytest.mark.parametrize("phase", ["started", "completed"])
def test_both_plugins_of_jenkins_tell_one_fact(phase: str) -> None:
    """The CloudEvents plugin tells the very fact that the Notification plugin tells."""
    case = "succeeded" if phase == "completed" else phase
    assert told(f"jenkins/org.jenkinsci.job.{phase}__{case}") == told(f"jenkins/notification__{phase}")


def test_phases_of_a_jenkins_build() -> None:
    """Wait, begin and end are of one run."""
    found = [last(f"jenkins/notification__{phase}") for phase in ("queued", "started", "completed")]
    run = found[0].subject_id
    assert [(event.subject_id, event.type) for event in found] == [
        (run, "pipelinerun.queued"), (run, "pipelinerun.started"), (run, "pipelinerun.finished"),
    ]  # fmt: skip


def test_the_closing_of_a_log_is_no_second_end() -> None:
    """Jenkins tells the end of a build twice, at two times: the first one counts."""
    closed = golden("jenkins/notification__finalized")
    assert isinstance(translated("jenkins", closed.body, closed.headers), Ignored)


@pytest.mark.parametrize(
    ("case", "pipeline", "addresses"),
    [
        ("completed", "checkout", 1),
        ("of_a_folder", "shop/deploy-production", 1),
        ("of_a_pull_request", "shop/checkout/PR-97", 1),
        ("of_a_branch", "shop/checkout/~[0-9a-f]{8}-CHK-12", 0),
    ],
)
def test_a_job_may_be_called_after_a_branch(case: str, pipeline: str, addresses: int) -> None:
    """Of a job inside another one the last name is kept as a branch's, and its address only where that is whole."""
    found = last(f"jenkins/notification__{case}")
    kept = re.fullmatch(pipeline, found.attributes["pipeline"]) is not None
    assert (kept, len([found.subject_url] if found.subject_url else [])) == (True, addresses)


def test_a_jenkins_build_can_be_claimed_before_its_code_is_known() -> None:
    """Begin and end of a build say the same project: before the checkout no repository is known."""
    said = [last(f"jenkins/notification__{phase}").attributes for phase in ("started", "completed")]
    assert [(known["project"], known.get("repository")) for known in said] == [
        ("jenkins/checkout", None), ("jenkins/checkout", "github.com/acme/checkout"),
    ]  # fmt: skip


def test_a_rerun_of_a_workflow_begins_when_it_was_asked_for() -> None:
    """A rerun is another run of the same commit, and begins after the first one has ended."""
    _, end = events("circleci/workflow-completed__succeeded")
    begin, _ = events("circleci/workflow-completed__rerun_canceled")
    assert (end.subject_id != begin.subject_id, end.links == begin.links, end.occurred_at < begin.occurred_at) == (
        True, True, True,
    )  # fmt: skip


def test_a_job_is_part_of_its_workflow() -> None:
    """A job leads to the run that its workflow is."""
    assert last("circleci/workflow-completed__succeeded").subject_id in targets(
        last("circleci/job-completed__succeeded")
    )


@pytest.mark.parametrize(
    "earlier", ["build.scheduled__scheduled", "build.running__running", "build.running__shown_after_it_passed"]
)
def test_a_builds_end_tells_what_came_before(earlier: str) -> None:
    """What an earlier event of a build told, its end tells again: the same facts, whatever state the body shows."""
    assert set(told(f"buildkite/{earlier}")) < set(told("buildkite/build.finished__passed"))


def test_a_blocked_build_has_ended_so_far() -> None:
    """A build that waits for somebody has come out; most are never unblocked."""
    found = last("buildkite/build.finished__blocked")
    assert (found.type, found.outcome, found.attributes["blocked"]) == ("pipelinerun.finished", Outcome.SUCCESS, "true")


def test_an_unblocked_build_begins_again() -> None:
    """Unblocked, by a person, the same run begins again."""
    found = last("buildkite/job.activated__unblocked")
    assert (found.type, found.subject_id, found.actor_class) == ("pipelinerun.started", BUILD, ActorClass.HUMAN)


def test_a_build_begins_again_with_a_job_that_is_tried_again() -> None:
    """The build goes on by a job of its own: else its second end would have no begin."""
    task, build = events("buildkite/job.started__retried")
    assert (task.type, build.type, build.subject_id, build.occurred_at) == (
        "taskrun.started",
        "pipelinerun.started",
        BUILD,
        task.occurred_at,
    )


def test_a_rebuild_relates_to_the_build_it_repeats() -> None:
    """A rebuild is a run of its own of the same commit."""
    failed, again = last("buildkite/build.finished__failed"), last("buildkite/build.finished__rebuilt")
    assert (targets(again, LinkKind.RELATES_TO), targets(again)) == ([failed.subject_id], targets(failed))


def test_a_jobs_name_is_left_out_where_it_holds_the_branch() -> None:
    """A step may be called after the branch, of whose name not all is kept."""
    named = [
        last(f"buildkite/job.{case}").attributes.get("task") for case in ("started__started", "finished__of_a_trigger")
    ]
    assert named == [":pytest: Unit tests", None]


def test_a_plain_token_proves_a_buildkite_delivery() -> None:
    """Buildkite sends a signature or the token itself, as the webhook is set up."""
    one = golden("buildkite/build.finished__passed")
    proof = token_header("x-buildkite-token").sign(SECRET, Outgoing(body=one.body))
    assert BY_TOOL["buildkite"].verify(delivery(one, proof=proof), (SECRET,)) is None


@pytest.mark.parametrize("kind", ["started.v1__started", "running.v1__running"])
def test_each_tekton_event_tells_all_up_to_then(kind: str) -> None:
    """What an earlier event of a run told, its end tells again."""
    assert set(told(f"{TEKTON}.pipelinerun.{kind}")) < set(told(f"{TEKTON}.pipelinerun.successful.v1__succeeded"))


def test_a_tekton_task_that_is_tried_again_tells_how_it_went_before() -> None:
    """No event of its own tells that an attempt ended which is tried again: the next one tells it."""
    found = events(f"{TEKTON}.taskrun.failed.v1__failed_again")
    attempts = [(event.subject_id.rpartition("/")[2], event.type, event.outcome) for event in found]
    assert attempts == [
        ("1", "taskrun.started", None), ("1", "taskrun.finished", Outcome.FAILURE),
        ("2", "taskrun.started", None), ("2", "taskrun.finished", Outcome.FAILURE),
    ]  # fmt: skip


@pytest.mark.parametrize("reason", ["FailureIgnored", "CustomRunTimedOut"])
def test_a_tekton_task_that_ran_and_failed_is_a_failure(reason: str) -> None:
    """A failure that the pipeline goes on after, and a custom task that ran out of time, are failures and no errors."""
    one = golden(f"{TEKTON}.taskrun.failed.v1__failed_again")
    found = translated("tekton", one.body.replace(b'"Failed"', f'"{reason}"'.encode()), one.headers)
    assert isinstance(found, list)
    assert found[-1].outcome is Outcome.FAILURE


def test_structured_mode_tells_the_same() -> None:
    """An event that a broker hands on in structured mode tells the same facts."""
    structured = set(told(f"{TEKTON}.pipelinerun.successful.v1__handed_on_in_structured_mode"))
    assert structured < set(told(f"{TEKTON}.pipelinerun.successful.v1__succeeded"))


@pytest.mark.parametrize("case", ["succeeded", "handed_on_in_structured_mode"])
def test_the_ingester_takes_tektons_cloudevents(case: str) -> None:
    """Both modes are JSON to the webhook's own path, proven by the credentials of the sink's address."""
    found = receive(
        delivery(golden(f"{TEKTON}.pipelinerun.successful.v1__{case}")),
        connection("tekton"),
        Router(Definition(version="1")),
    )
    assert isinstance(found, Accepted)


def test_a_pending_pipeline_has_not_begun() -> None:
    """A run that is held back waits; it has no begin."""
    assert [kind for kind, _ in told(f"{TEKTON}.pipelinerun.started.v1__held_back_as_pending")] == [
        "pipelinerun.queued"
    ]


def test_a_retried_task_is_another_attempt() -> None:
    """An attempt of a task is a run of its own, part of the same pipeline's run."""
    tries = [last(f"{TEKTON}.taskrun.{case}") for case in ("successful.v1__succeeded", "failed.v1__failed_again")]
    assert [(event.subject_id[-2:], targets(event)[0]) for event in tries] == [
        ("/1", PIPELINE_RUN),
        ("/2", PIPELINE_RUN),
    ]


def test_images_are_built_from_the_commit() -> None:
    """The images that a run's results name, each once, come from the commit that the results name."""
    found = events(f"{TEKTON}.pipelinerun.successful.v1__naming_its_code_in_results")
    built = [(e.subject_id, targets(e, LinkKind.BUILT_FROM)) for e in found if e.type == "artifact.packaged"]
    assert built == [(f"artifact:sha256:{digit * 64}", ["commit:" + "b" * 40]) for digit in "67"]


@pytest.mark.parametrize(
    ("case", "repository", "commit"),
    [
        ("successful.v1__succeeded", "github.com/acme/checkout", "a"),
        ("successful.v1__naming_its_code_in_results", "gitlab.com/acme/checkout", "b"),
        ("failed.v1__naming_its_code_in_parameters", "github.com/acme/checkout", "c"),
    ],
)
def test_where_tekton_runs_name_their_code(case: str, repository: str, commit: str) -> None:
    """Pipelines as Code says it, else results do, else parameters; the pipeline's own provenance never."""
    found = events(f"{TEKTON}.pipelinerun.{case}")[0]
    assert (found.attributes["repository"], f"commit:{commit * 40}" in targets(found)) == (repository, True)


def test_a_gate_that_an_issue_turned() -> None:
    """A changed issue turns the gate later than the analysis, and of the same commit."""
    passed, turned = last("sonarqube/analysis__passed"), last("sonarqube/analysis__gate_turned_by_an_issue")
    assert (passed.links == turned.links, passed.occurred_at < turned.occurred_at, turned.outcome) == (
        True, True, Outcome.FAILURE,
    )  # fmt: skip


def connection(tool: str) -> Connection:
    """Return a source of a tool with the secret of the tests."""
    return Connection(
        adapter=BY_TOOL[tool],
        source=SOURCE,
        secrets=(SECRET,),
        insecure=False,
        pseudonym=lambda account: pseudonym(b"a key of the tests", tool, account),
        environment=normalise,
        identity_key=b"a key of the tests",
    )
