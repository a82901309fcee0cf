"""What becomes of Argo Rollouts' notifications, and why."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from ruamel.yaml import YAML

from ingest.adapters.argo_rollouts import ADAPTER, Body
from schemas.event import FlowEvent, Outcome
from tests.builders.deliveries import events, golden
from tests.builders.golden_rows import deployments, told_by

MANIFEST: Final = Path(__file__).parents[3] / "deploy" / "argo-rollouts" / "notifications.yaml"


def only(case: str) -> FlowEvent:
    """Return the one event of a golden notification."""
    (event,) = events(f"argo_rollouts/rollout-{case}")
    return event


def config() -> dict[str, str]:
    """Return the data of the shipped ConfigMap."""
    documents: list[Any] = list(YAML(typ="safe").load_all(MANIFEST.read_text()))
    data: dict[str, str] = documents[1]["data"]
    return data


def test_a_revision_is_a_deployment_from_update_to_promotion() -> None:
    """Steps and pauses between say nothing."""
    cases = ("updated__updated", "step-completed__step", "paused__paused", "completed__completed")
    (row,) = deployments(told_by(*(f"argo_rollouts/rollout-{case}" for case in cases)))
    began, ended = only("updated__updated"), only("completed__completed")
    assert (row.started_at, row.finished_at, row.outcome) == (began.occurred_at, ended.occurred_at, Outcome.SUCCESS)


def test_an_abort_is_a_failed_deployment_that_leaves_the_version_before_blameless() -> None:
    """The revision is tried again and comes through; the abort, told twice, is one failure."""
    cases = ("completed__of_the_version_before_that", "updated__updated", "aborted__aborted",
             "aborted__aborted_told_twice", "completed__completed")  # fmt: skip
    rows = deployments(told_by(*(f"argo_rollouts/rollout-{case}" for case in cases)))
    assert [(row.deployment_id.partition("aaaa/")[2], row.outcome, row.attribution) for row in rows] == [
        ("6", Outcome.SUCCESS, ""),
        ("7/aborted", Outcome.FAILURE, "failed"),
        ("7", Outcome.SUCCESS, ""),
    ]


def test_going_back_to_the_version_before_is_a_rollback() -> None:
    """A new revision with the images of an old one takes back what came between."""
    cases = ("of_the_version_before_that", "completed", "back_to_the_version_before")
    rows = deployments(told_by(*(f"argo_rollouts/rollout-completed__{case}" for case in cases)))
    assert [row.attribution for row in rows] == ["", "rollback", ""]


@pytest.mark.parametrize(
    ("case", "deployed"),
    [
        ("completed__completed", ["artifact:sha256:" + "5" * 64]),
        ("completed__blue_green_by_a_tag_of_a_commit", ["commit:" + "9" * 40]),
        ("completed__without_images", []),
    ],
)
def test_what_was_deployed(case: str, deployed: list[str]) -> None:
    """Images by digest, else the commit that a tag is."""
    assert [link.uri for link in only(case).links] == deployed


def test_one_revision_in_two_clusters_is_two_deployments() -> None:
    """Rollouts of one name count their revisions each for itself."""
    here, there = only("completed__completed"), only("completed__in_another_cluster")
    assert (here.subject_id != there.subject_id, here.environment, there.environment) == (True, "production", "staging")


def test_the_shipped_template_says_what_the_adapter_reads() -> None:
    """The template's body, with its actions filled in, has exactly the fields of a golden body and decodes."""
    template = YAML(typ="safe").load(config()["template.vsm-rollout"])["webhook"]["vsm"]["body"]
    sample: dict[str, Any] = json.loads(golden("argo_rollouts/rollout-completed__completed").body)
    values = {**sample, **sample["rollout"]}
    filled = re.sub(
        r'"(\w+)": \{\{.*\}\}(,?)$',
        lambda m: f'"{m[1]}": {json.dumps(values[m[1]])}{m[2]}',
        template,
        flags=re.MULTILINE,
    )
    msgspec.json.decode(filled, type=Body)
    assert json.loads(filled) == sample


def test_the_shipped_subscriptions_name_the_events_that_the_adapter_translates() -> None:
    """Each trigger that is subscribed is defined, sends our template, and its recipient is a translated event."""
    data = config()
    subscribed = YAML(typ="safe").load(data["subscriptions"])
    events_of = {entry["recipients"][0].removeprefix("vsm:"): entry["triggers"] for entry in subscribed}
    sent = [YAML(typ="safe").load(data[f"trigger.{t}"]) for triggers in events_of.values() for t in triggers]
    assert (set(events_of), sent, list(events_of.values()) == [[f"on-{event}"] for event in events_of]) == (
        set(ADAPTER.translate),
        [[{"send": ["vsm-rollout"]}]] * 3,
        True,
    )
