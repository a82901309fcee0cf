"""What `where` and `by` of a rule ask for: each field it may name, and any attribute."""

from __future__ import annotations

import json

import pytest

from processors.facts import attributes_of_rules, from_event
from processors.steps import matches
from schemas.definition_file import parse
from schemas.event import ActorClass, Outcome, WorkKind
from schemas.steps_text import RULE_FIELDS
from tests.builders.engine_events import fact

EVENT = fact(
    "change.reviewed", "change:github.com/acme/shop/1", 1, state="ready", outcome=Outcome.SUCCESS,
    environment="staging", kind=WorkKind.RISK, by=ActorClass.AGENT, decision="approved", squad="red", service="cart",
)  # fmt: skip
SAYS = {
    "type": "change.reviewed",
    "state": "ready",
    "outcome": "success",
    "environment": "staging",
    "work_kind": "risk",
    "actor_class": "agent",
    "tool": "tool",
    "source": "acme",
    "subject_id": "change:github.com/acme/shop/1",
}
ATTRIBUTES = {"decision": "approved", "squad": "red", "service": "cart"}
OTHER = {"outcome": "failure", "work_kind": "debt", "actor_class": "bot"}


def is_matched(rule: dict[str, object]) -> bool:
    """Whether a rule, read from a file, speaks of the event."""
    steps = [{"name": "Review", "start": {"on": "change.reviewed", **rule}}]
    file = {"version": 1, "value_streams": [{"name": "a", "select": ["*"], "steps": steps}]}
    definition = parse(json.dumps(file))
    read = from_event(EVENT, attributes_of_rules(definition))
    return matches(definition.value_streams[0].steps[0].start, read)


def test_every_field_is_tried() -> None:
    """The cases below are all there are."""
    assert set(SAYS) == set(RULE_FIELDS)


@pytest.mark.parametrize("name", [*SAYS, *ATTRIBUTES])
def test_where_asks_for_a_field_or_an_attribute(name: str) -> None:
    """It matches the value it has, one of several, and no other."""
    value, other = {**SAYS, **ATTRIBUTES}[name], OTHER.get(name, "other")
    asked: list[object] = [value, [other, value], other]
    assert [is_matched({"where": {name: values}}) for values in asked] == [True, True, False]


def test_where_asks_for_all_of_its_fields() -> None:
    """One that differs, or that the event lacks, and it does not match."""
    asked = (
        {"state": "ready", "squad": "red"},
        {"state": "ready", "squad": "blue"},
        {"state": "ready", "nothing": "x"},
    )
    assert [is_matched({"where": where}) for where in asked] == [True, False, False]


@pytest.mark.parametrize(("by", "matched"), [("agent", True), (["human", "agent"], True), (["human", "bot"], False)])
def test_by_asks_for_who_did_it(by: object, matched: bool) -> None:  # noqa: FBT001 - a case
    """One class or several."""
    assert is_matched({"by": by}) is matched
