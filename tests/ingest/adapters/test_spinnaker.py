"""What becomes of Spinnaker's events, and why."""

from __future__ import annotations

import pytest

from ingest.adapters import spinnaker
from schemas.event import ActorClass, FlowEvent, LinkKind, Outcome
from tests.builders.deliveries import SECRET, delivery, events, golden, signature, translated
from tests.builders.golden_rows import deployments, told_by

IMAGE = "artifact:sha256:" + "5" * 64
COMMIT = "commit:" + "9" * 40


def told(case: str, event_type: str) -> list[FlowEvent]:
    """Return the events of a type that a golden delivery of Spinnaker becomes."""
    return [event for event in events(f"spinnaker/orca_{case}") if event.type == event_type]


def test_stages_to_one_environment_are_one_deployment_from_the_first_to_the_last() -> None:
    """Settings, one region and another: production has been deployed to once."""
    found = [
        (event.type, event.environment, event.occurred_at // 1_000_000 - 1_772_613_600)
        for event in events("spinnaker/orca_pipeline_complete__released")
        if event.subject_id.startswith("deployment:")
    ]
    assert found == [
        ("deployment.started", "staging", 21),
        ("service.deployed", "staging", 90),
        ("deployment.started", "production", 1201),
        ("service.deployed", "production", 1499),
    ]


def test_a_deployment_has_not_ended_while_a_stage_is_left_to_run() -> None:
    """One region is through, the other is not."""
    assert told("stage_complete__to_production", "service.deployed") == []


def test_an_older_release_does_not_say_which_stage_ended() -> None:
    """Then all that ended up to then is told, and what has yet to begin is waited for all the same."""
    one = golden("spinnaker/orca_stage_complete__to_production")
    found = translated("spinnaker", one.body.replace(b'"stageId"', b'"otherId"'), one.headers)
    assert isinstance(found, list)
    assert [event.environment for event in found if event.type == "service.deployed"] == ["staging"]


@pytest.mark.parametrize(
    ("stage", "pipeline"),
    [
        ("stage_complete__to_the_last_region", "pipeline_complete__released"),
        ("stage_failed__to_production", "pipeline_failed__terminal"),
        ("stage_complete__rolled_back_by_hand", "orchestration_complete__rolled_back_by_hand"),
    ],
)
def test_stages_and_the_end_of_an_execution_tell_the_same_facts(stage: str, pipeline: str) -> None:
    """What a lost event of a stage would have told, the end of the execution tells."""
    here, there = ({e.event_id for e in events(f"spinnaker/orca_{case}")} for case in (stage, pipeline))
    assert here <= there


@pytest.mark.parametrize(
    ("case", "deployed"),
    [
        ("pipeline_complete__released", [IMAGE, COMMIT]),
        ("pipeline_complete__triggered_by_another", [IMAGE, COMMIT]),
        ("pipeline_complete__triggered_by_an_image", [COMMIT]),
        ("pipeline_complete__of_servers_by_jenkins", ["commit:" + "8" * 40]),
        ("pipeline_failed__canceled", [IMAGE]),
    ],
)
def test_what_was_deployed(case: str, deployed: list[str]) -> None:
    """Bound images, else the trigger's or its pipeline's; the commit of Git, of a CI build or of an image's tag."""
    last = told(case, "service.deployed")[-1]
    assert [(link.kind, link.uri) for link in last.links] == [(LinkKind.DEPLOYS, uri) for uri in deployed]


@pytest.mark.parametrize(
    ("case", "links"),
    [("pipeline_complete__that_deploys_nothing", [COMMIT]), ("pipeline_complete__released", [])],
)
def test_a_run_that_deploys_is_no_build_of_its_commit(case: str, links: list[str]) -> None:
    """It waits for people; what it did is told by its deployments."""
    assert [link.uri for link in told(case, "pipelinerun.finished")[0].links] == links


@pytest.mark.parametrize(
    ("case", "outcome"),
    [
        ("pipeline_complete__released", Outcome.SUCCESS),
        ("pipeline_failed__terminal", Outcome.FAILURE),
        ("pipeline_failed__canceled", Outcome.CANCELLED),
    ],
)
def test_how_it_came_out(case: str, outcome: Outcome) -> None:
    """The run and its last deployment came out alike."""
    last = (told(case, "pipelinerun.finished")[-1], told(case, "service.deployed")[-1])
    assert [event.outcome for event in last] == [outcome, outcome]


def test_a_stage_that_never_began_is_not_waited_for_once_the_pipeline_is_over() -> None:
    """Europe never began: the failure in the first region is the end."""
    (row,) = deployments(told_by("spinnaker/orca_pipeline_failed__terminal"))
    assert (row.environment, row.outcome, row.attribution) == ("production", Outcome.FAILURE, "failed")


def test_a_rollback_by_hand_takes_back_what_was_deployed() -> None:
    """An orchestration of one stage, by somebody."""
    cases = ("pipeline_complete__released", "orchestration_complete__rolled_back_by_hand")
    rows = deployments(told_by(*(f"spinnaker/orca_{case}" for case in cases)))
    assert [(row.attribution, row.is_rework) for row in rows if row.environment == "production"] == [
        ("rollback", False),
        ("", True),
    ]


def test_a_rollback_after_a_failed_try_leaves_the_release_before_it_blameless() -> None:
    """What was released first did nothing wrong: the next try failed, and somebody went back from it."""
    cases = ("pipeline_complete__released", "pipeline_failed__terminal", "orchestration_complete__rolled_back_by_hand")
    rows = deployments(told_by(*(f"spinnaker/orca_{case}" for case in cases)))
    assert [row.attribution for row in rows if row.environment == "production"] == ["", "failed", ""]


@pytest.mark.parametrize(
    ("case", "expected", "known"),
    [
        ("pipeline_complete__released", ActorClass.BOT, False),
        ("pipeline_failed__canceled", ActorClass.HUMAN, True),
        ("orchestration_complete__rolled_back_by_hand", ActorClass.HUMAN, True),
    ],
)
def test_who_deployed(case: str, expected: ActorClass, known: bool) -> None:  # noqa: FBT001 - a parameter
    """Started by hand it is a person's, as a keyed hash; triggered it is a bot's."""
    assert {(e.actor_class, e.actor is not None) for e in events(f"spinnaker/orca_{case}")} == {(expected, known)}


def test_a_token_proves_as_a_password_does() -> None:
    """Echo sends a password, or whatever header it is told."""
    one = golden("spinnaker/orca_pipeline_starting__starting")
    proofs = ({"authorization": f"Bearer {SECRET.decode()}"}, signature("spinnaker", one.body))
    assert [spinnaker.ADAPTER.verify(delivery(one, proof=proof), (SECRET,)) for proof in proofs] == [None, None]
