"""Facts, entities and work items as events and objects of a log in OCEL."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from insights import ocel
from insights.stream_facts import Kept
from schemas.event import ActorClass, FlowEvent, Link, LinkKind, LinkMethod, Outcome

AT = 1_772_613_672_315_384


def fact(event_type: str, subject: str, outcome: Outcome | None = None, **attributes: str) -> FlowEvent:
    """Return a fact."""
    return FlowEvent(
        event_id="e1", type=event_type, occurred_at=AT, received_at=AT, tool="github", source="acme", delivery_id="d",
        subject_id=subject, order=4, outcome=outcome, actor_class=ActorClass.HUMAN, actor="51bcf3743d736e38",
        quantities={"additions": 3.0}, attributes={"routed_by": "select", **attributes},
        links=(
            Link(uri="ticket:*/CHK-12", kind=LinkKind.PART_OF, method=LinkMethod.KEY_IN_BRANCH),
            Link(uri="ticket:*/UTF-8", kind=LinkKind.PART_OF, method=LinkMethod.KEY_IN_BRANCH),
            Link(uri="commit:ab", kind=LinkKind.CONTAINS, method=LinkMethod.COMMIT),
        ),
    )  # fmt: skip


def test_a_fact_is_an_event_of_its_entity_and_its_work_item() -> None:
    """A key of a text leads to the work item's ticket of that key, and nowhere where there is none."""
    told = Kept(fact("change.created", "change:github.com/acme/app/1", branch="main"), ("ticket:jira/CHK-12",))
    assert ocel.event(told, lambda _: True) == {
        "id": "e1",
        "type": "change.created",
        "time": "2026-03-04T08:41:12.315384Z",
        "attributes": [
            {"name": "branch", "value": "main"}, {"name": "additions", "value": 3.0},
            {"name": "tool", "value": "github"}, {"name": "source", "value": "acme"},
            {"name": "actor_class", "value": "human"}, {"name": "vsm:order", "value": 4},
        ],
        "relationships": [
            {"objectId": "change:github.com/acme/app/1", "qualifier": "subject"},
            {"objectId": "commit:ab", "qualifier": "contains"},
            {"objectId": "item:ticket:jira/CHK-12", "qualifier": "item"},
            {"objectId": "ticket:jira/CHK-12", "qualifier": "part_of"},
        ],
    }  # fmt: skip


def test_an_event_is_related_to_work_items_of_the_log_alone() -> None:
    """One that came up while the log was written is none of it."""
    told = Kept(fact("change.created", "change:x/1"), ("ticket:jira/CHK-12",))
    assert [x["qualifier"] for x in ocel.event(told, lambda _: False)["relationships"]] == ["subject", "contains"]


@pytest.mark.parametrize(
    ("event_type", "outcome", "transition"),
    [
        ("activity.queued", None, "schedule"),
        ("activity.started", None, "start"),
        ("activity.suspended", None, "suspend"),
        ("activity.resumed", None, "resume"),
        ("activity.finished", None, "complete"),
        ("activity.finished", Outcome.CANCELLED, "ate_abort"),
    ],
)
def test_an_activity_is_an_event_of_its_name(event_type: str, outcome: Outcome | None, transition: str) -> None:
    """With the word of a lifecycle, and the case as the log called it."""
    told = ocel.event(Kept(fact(event_type, "activity:A%2012%2F3", outcome, activity="Sign"), ()), lambda _: True)
    words = {each["name"]: each["value"] for each in told["attributes"]}
    assert (told["type"], words["lifecycle:transition"], "activity" in words, told["relationships"][0]["objectId"]) == (
        "Sign", transition, False, "A 12/3",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("uri", "name", "kind"),
    [
        ("change:github.com/acme/app/1", "change:github.com/acme/app/1", "change"),
        ("activity:7", "7", "case"),
        ("activity:2026:7", "2026:7", "case"),
        ("activity:change:github.com%2Facme%2Fapp%2F1", "activity:change:github.com%2Facme%2Fapp%2F1", "case"),
        ("object:order-line/3", "object:order-line/3", "order-line"),
    ],
)
def test_an_entity_is_an_object(uri: str, name: str, kind: str) -> None:
    """A case by its own id, unless another entity could have it."""
    assert (ocel.object_id(uri), ocel.object_type(uri)) == (name, kind)


def test_an_attribute_is_told_whenever_it_became_another() -> None:
    """And not when it was said again."""
    said = [(AT, "state", "open"), (AT + 1, "state", "open"), (AT + 2, "state", "merged"), (AT + 2, "url", "https://x")]
    row = {"uri": "change:x/1", "said": said, "links": [], "items": [], "relations": [("commit:ab", "merged_as")]}
    told = ocel.entity(row)
    assert ([(x["name"], x["value"]) for x in told["attributes"]], told["relationships"]) == (
        [("state", "open"), ("state", "merged"), ("url", "https://x")],
        [{"objectId": "commit:ab", "qualifier": "merged_as"}],
    )


def test_a_work_item_holds_its_members() -> None:
    """What is not known of it is not said."""
    began = datetime(2026, 3, 4, 8, 41, 12, tzinfo=UTC)
    row = {"uri": "ticket:jira/CHK-12", "kind": "feature", "state": None, "created_at": began, "started_at": None,
        "finished_at": None, "members": ["activity:7", "ticket:jira/CHK-12"]}  # fmt: skip
    assert ocel.item(row) == {
        "id": "item:ticket:jira/CHK-12",
        "type": "work item",
        "attributes": [
            {"name": "kind", "time": "1970-01-01T00:00:00Z", "value": "feature"},
            {"name": "created_at", "time": "1970-01-01T00:00:00Z", "value": "2026-03-04T08:41:12Z"},
        ],
        "relationships": [
            {"objectId": "7", "qualifier": "contains"}, {"objectId": "ticket:jira/CHK-12", "qualifier": "contains"},
        ],
    }  # fmt: skip
