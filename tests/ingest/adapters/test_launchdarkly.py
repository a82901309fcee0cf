"""What becomes of LaunchDarkly's audit log entries, and why."""

from __future__ import annotations

import json

import pytest

from ingest.adapter import Ignored
from schemas.event import ActorClass, FlowEvent, LinkKind
from schemas.event_types import RANK
from tests.builders.deliveries import events, golden, translated
from tests.builders.golden_rows import told_by


def told(case: str) -> list[tuple[str, str | None, float | None]]:
    """Return type, environment and share of the facts of a golden entry."""
    found = events(f"launchdarkly/flag__{case}")
    return [(event.type, event.environment, event.quantities.get("exposure_ratio")) for event in found]


def only(case: str) -> FlowEvent:
    """Return the one event of a golden entry."""
    (event,) = events(f"launchdarkly/flag__{case}")
    return event


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("turned_on", [("feature.exposed", "production", 1.0)]),
        ("turned_on_for_a_share", [("feature.exposed", "production", 0.1)]),
        ("share_raised", [("feature.exposed", "production", 0.43)]),
        ("share_lowered", [("feature.exposed", "production", 0.05)]),
        ("turned_off", [("feature.withdrawn", "production", 0.0)]),
        ("served_the_off_variation", [("feature.withdrawn", "production", 0.0)]),
        ("targeted", [("feature.exposed", "staging", None)]),
        ("rule_added", [("feature.exposed", "production", None)]),
        ("turned_on_without_an_off_variation", [("feature.exposed", "production", None)]),
        ("turned_on_without_versions", [("feature.exposed", "production", None)]),
        ("turned_off_without_versions", [("feature.withdrawn", "production", 0.0)]),
        ("archived", [("feature.withdrawn", None, 0.0)]),
        ("deleted", [("feature.withdrawn", None, 0.0)]),
        ("in_two_environments", [("feature.exposed", "production", 1.0), ("feature.withdrawn", "staging", 0.0)]),
        ("changed_while_off", []),
        ("created", []),
        ("renamed", []),
        ("restored", [("feature.exposed", place, 1.0) for place in ("testing", "staging", "production")]),
        ("targets_without_versions", []),
    ],
)
def test_who_has_the_feature(case: str, expected: list[tuple[str, str | None, float | None]]) -> None:
    """By the flag as it is and as it was; a share that is not known is none."""
    assert told(case) == expected


def test_without_the_earlier_version_the_action_tells() -> None:
    """A tag that was changed says nothing of who has the feature, a changed rollout does."""
    body = json.loads(golden("launchdarkly/flag__share_raised").body)
    del body["previousVersion"]
    found = []
    for action in ("updateTags", "updateFallthrough", "updateFallthroughWithMeasuredRollout"):
        body["accesses"][0]["action"] = action
        found.append(translated("launchdarkly", json.dumps(body).encode(), {}))
    assert [0 if isinstance(one, Ignored) else len(one) for one in found] == [0, 1, 1]


def test_a_feature_is_one_in_all_environments() -> None:
    """The flag is the subject, the environment is told beside it."""
    subjects = {only(case).subject_id for case in ("turned_on", "targeted", "archived", "deleted")}
    assert subjects == {"feature:launchdarkly/shop/new-cart"}


@pytest.mark.parametrize(
    ("case", "links"),
    [
        ("turned_on", [(LinkKind.PART_OF, "ticket:*/CHK-12"), (LinkKind.RELATES_TO, "commit:" + "9" * 40)]),
        ("turned_off", [(LinkKind.PART_OF, "ticket:*/INC-7")]),
        ("turned_on_without_versions", [(LinkKind.PART_OF, "ticket:*/CHK-14")]),
        ("deleted", []),
    ],
)
def test_what_the_comment_and_the_flags_key_name(case: str, links: list[tuple[LinkKind, str]]) -> None:
    """Keys make it part of a ticket; a commit is related."""
    assert [(link.kind, link.uri) for link in only(case).links] == links


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("turned_on", ActorClass.HUMAN),
        ("share_raised", ActorClass.BOT),
        ("share_lowered", ActorClass.BOT),
        ("deleted", ActorClass.UNKNOWN),
    ],
)
def test_who_released(case: str, expected: ActorClass) -> None:
    """A member is a human; a token, also a member's own, and an app are bots."""
    assert only(case).actor_class is expected


def test_a_release_is_no_deployment() -> None:
    """All of a flag's life derives nothing."""
    cases = ("created", "turned_on", "turned_on_for_a_share", "share_raised", "turned_off", "archived", "deleted")
    assert told_by(*(f"launchdarkly/flag__{case}" for case in cases)).rows == []


def test_features_rank_after_services() -> None:
    """What is released at the moment it was deployed was deployed first."""
    assert RANK["service.removed"] < RANK["feature.exposed"] < RANK["feature.withdrawn"] < RANK["incident.detected"]
