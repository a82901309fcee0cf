"""What becomes of a body whose lists are far longer than any tool's: no time and memory out of measure."""

from __future__ import annotations

from time import process_time
from typing import Any, Final

import msgspec
import pytest

from ingest.adapter import Ignored, Untranslatable
from ingest.facts import MOST_AT_ONCE
from ingest.vocabulary.work_kinds import MOST_LABELS
from tests.builders.deliveries import golden, translated

MANY: Final = MOST_AT_ONCE + 1
STARTED, ENDED = 1_772_611_200_000, 1_772_611_300_000


def alerts() -> dict[str, Any]:
    """Return a group of too many alerts."""
    one = {"status": "firing", "labels": {}, "startsAt": "2026-03-04T08:00:00Z"}
    return {"alerts": [one] * MANY}


def results() -> dict[str, Any]:
    """Return a run whose results name too many images."""
    body: dict[str, Any] = msgspec.json.decode(
        golden("tekton/dev.tekton.event.pipelinerun.successful.v1__succeeded").body
    )
    named = [{"name": "IMAGE_DIGEST", "value": f"sha256:{number:064x}"} for number in range(MANY)]
    body["pipelineRun"]["status"]["results"] = named
    return body


def accesses() -> dict[str, Any]:
    """Return an entry of the audit log of too many environments."""
    return {
        "kind": "flag",
        "date": STARTED,
        "accesses": [{"action": "updateOn", "resource": f"proj/p:env/e{number}:flag/f"} for number in range(MANY)],
    }


def restored() -> dict[str, Any]:
    """Return an entry of the audit log of a flag that is restored in too many environments."""
    return {
        "kind": "flag",
        "date": STARTED,
        "accesses": [{"action": "updateGlobalArchived", "resource": "proj/p:env/*:flag/f"}],
        "currentVersion": {"environments": {f"e{number}": {"on": True} for number in range(MANY)}},
    }


def execution(stages: int, images: int) -> dict[str, Any]:
    """Return an execution whose stages deploy to an environment each, triggered by many images."""
    times = {"startTime": STARTED, "endTime": ENDED}
    deploying = {"type": "deploy", "status": "SUCCEEDED", **times}
    image = {"type": "docker/image", "reference": "registry.acme.example/checkout:1.4.2"}
    return {
        "details": {"type": "orca:pipeline:complete"},
        "content": {
            "execution": {
                "id": "01JH",
                "status": "SUCCEEDED",
                "trigger": {"artifacts": [image] * images},
                "stages": [{**deploying, "context": {"account": f"account-{number}"}} for number in range(stages)],
                **times,
            }
        },
    }


def pushed(name: str, listed: int) -> dict[str, Any]:
    """Return a push of so many commits."""
    body: dict[str, Any] = msgspec.json.decode(golden(name).body)
    body["commits"] = [{**body["commits"][0], "id": f"{number + 1:040x}"} for number in range(listed)]
    return body


def pushed_everywhere() -> dict[str, Any]:
    """Return a push that says of many branches that each of many commits is new to it."""
    body = pushed("bitbucket_server/repo.refs_changed__two_commits", 1_000)
    return {**body, "changes": [body["changes"][0]] * 1_000}


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("gitea/push__branch", pushed("gitea/push__branch", MANY)),
        ("gitlab/push__branch", pushed("gitlab/push__branch", MANY)),
        ("bitbucket_server/repo.refs_changed__two_commits", pushed_everywhere()),
    ],
    ids=["gitea", "gitlab", "bitbucket_server"],
)
def test_a_push_of_too_many_commits_is_refused(name: str, body: dict[str, Any]) -> None:
    """No tool lists as many commits."""
    with pytest.raises(Untranslatable, match="holds too much"):
        translated(name.partition("/")[0], msgspec.json.encode(body), golden(name).headers)


def test_of_very_many_labels_the_first_are_read() -> None:
    """Each changed label is a fact, and each fact reads all labels: both are bounded."""
    one = golden("gitlab/issue__update_of_labels")
    body = msgspec.json.decode(one.body)
    labels = [{"title": f"label-{number}"} for number in range(20_000)]
    body["object_attributes"]["labels"] = labels
    body["changes"]["labels"] = {"previous": [], "current": labels}
    told = translated("gitlab", msgspec.json.encode(body), one.headers)
    assert (0 if isinstance(told, Ignored) else len(told)) == MOST_LABELS


@pytest.mark.parametrize(
    ("tool", "event", "body"),
    [
        ("alertmanager", "", alerts()),
        ("grafana", "", alerts()),
        ("launchdarkly", "", accesses()),
        ("launchdarkly", "", restored()),
        ("spinnaker", "", execution(MANY, 0)),
        ("tekton", "dev.tekton.event.pipelinerun.successful.v1", results()),
    ],
    ids=["alertmanager", "grafana", "accesses", "environments", "stages", "results"],
)
def test_what_has_too_much_to_tell_is_refused(tool: str, event: str, body: dict[str, Any]) -> None:
    """A list that would become ever so many facts is a dead letter that names it."""
    with pytest.raises(Untranslatable, match="holds too much"):
        translated(tool, msgspec.json.encode(body), {"ce-type": event})


def test_many_stages_and_images_are_read_in_time() -> None:
    """What triggered an execution is read once, however many environments it deploys to."""
    body = msgspec.json.encode(execution(5_000, 5_000))
    began = process_time()
    translated("spinnaker", body, {})
    assert process_time() - began < 2
