"""What becomes of ServiceNow's incidents and change requests, and that the shipped business rule says what is read."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest
from msgspec.structs import replace

from schemas.definition import Rule, Step
from schemas.event import NO_CAUSE, ActorClass, FlowEvent, LinkKind, LinkMethod, Outcome
from tests.builders import engine_events as say
from tests.builders.deliveries import events, golden
from tests.builders.engine_rows import derived, one_stream

RULE: Final = Path(__file__).parents[3] / "deploy" / "servicenow" / "business_rule.js"
COMMIT: Final = "commit:" + "9" * 40
RESOLVED_AT: Final = 1_772_616_702_000_000
APPROVING: Final = one_stream(
    (
        Step(name="Prepare", queue=Rule(on=("ticket.created",)), finish=Rule(on=("approval.created",))),
        Step(
            name="Approve",
            queue=Rule(on=("approval.updated",), where={"approval": ("requested",)}),
            finish=Rule(on=("approval.closed",), where={"decision": ("approved",)}),
            returned=Rule(on=("approval.closed",), where={"decision": ("rejected",)}),
        ),
    )
)
"""A map with the step that the tool's page tells."""


def incident(case: str) -> list[FlowEvent]:
    """Return what a golden delivery of an incident becomes."""
    return events(f"servicenow/incident__{case}")


def approval(case: str) -> list[FlowEvent]:
    """Return what a golden delivery of a change request becomes."""
    return events(f"servicenow/change_request__{case}")


def test_an_end_tells_the_begin() -> None:
    """ServiceNow sends once: a begin that was lost is told again with the end, as the same fact."""
    assert incident("updated_resolved")[0].event_id == incident("inserted")[0].event_id


def test_closing_what_is_resolved_is_no_other_end() -> None:
    """An incident is closed a week after it was resolved, by a job: it was over when it was resolved."""
    two = [incident(case)[-1] for case in ("updated_resolved", "updated_closed_after_a_week")]
    assert [(event.event_id, event.occurred_at) for event in two] == [(two[0].event_id, RESOLVED_AT)] * 2


def test_an_incident_reopened_is_detected_anew() -> None:
    """A reopened incident begins once more, when it was reopened."""
    (event,) = incident("updated_reopened")
    assert (event.type, event.state, event.occurred_at) == ("incident.detected", "reopened", 1_772_618_400_000_000)


def test_a_second_end_is_not_the_first() -> None:
    """The time of the first resolution may still stand in the record: it is none of the second."""
    assert incident("updated_resolved_again")[-1].occurred_at == 1_772_622_000_000_000


def test_a_state_of_ones_own_is_known_by_its_name() -> None:
    """An instance may have states that ServiceNow does not know, at both ends of a change."""
    found = [incident(f"updated_{case}_a_state_of_its_own")[-1] for case in ("in", "out_of")]
    assert [(event.type, event.state) for event in found] == [
        ("incident.resolved", "Cancelled"),
        ("incident.detected", "reopened"),
    ]


def test_a_state_is_called_alike_in_any_language() -> None:
    """The label comes in the language of whoever writes; ServiceNow's own states are told by their number."""
    assert incident("inserted_as_resolved")[-1].state == "Resolved"


def test_an_incident_names_its_cause() -> None:
    """The commit in a field of one's own and the change request that caused it are explicit causes."""
    (event,) = incident("updated_cause")
    expected = {(COMMIT, LinkKind.CAUSED_BY), ("approval:servicenow/CHG0030001", LinkKind.CAUSED_BY)}
    assert {(link.uri, link.kind) for link in event.links} == expected


def test_a_cause_may_be_taken_back() -> None:
    """Emptied after they named a cause, the fields say that none stands."""
    (event,) = incident("updated_cause_taken_back")
    assert (event.links, event.attributes["cause"]) == ((), NO_CAUSE)


@pytest.mark.parametrize(
    ("case", "decision", "outcome"),
    [
        ("updated_approved", "approved", Outcome.SUCCESS),
        ("updated_rejected", "rejected", Outcome.FAILURE),
        ("inserted_standard", "approved", Outcome.SUCCESS),
        ("updated_canceled", None, Outcome.CANCELLED),
        ("deleted", None, Outcome.CANCELLED),
    ],
)
def test_what_closes_an_approval(case: str, decision: str | None, outcome: Outcome) -> None:
    """A decision closes it, and so does the end of the change request without any."""
    (event,) = [event for event in approval(case) if event.type == "approval.closed"]
    assert (event.attributes.get("decision"), event.outcome) == (decision, outcome)


@pytest.mark.parametrize(
    ("case", "state", "asked"),
    [("updated_requested", "Assess", "requested"), ("updated_back_to_new", "New", "not requested")],
)
def test_asking_for_an_approval_and_taking_it_back(case: str, state: str, asked: str) -> None:
    """A change request that is submitted, or reverted to new, is one update with both."""
    (event,) = approval(case)
    assert (event.type, event.state, event.attributes["approval"]) == ("approval.updated", state, asked)


@pytest.mark.parametrize(
    ("case", "outcome"), [("updated_closed", Outcome.SUCCESS), ("updated_closed_as_failed", Outcome.FAILURE)]
)
def test_how_a_change_went(case: str, outcome: Outcome) -> None:
    """The close code is the outcome of what was approved."""
    (event,) = approval(case)
    assert (event.type, event.state, event.outcome) == ("approval.updated", "Closed", outcome)


def test_an_approval_is_on_the_way_of_what_it_names() -> None:
    """It is part of the tickets of its own fields, of those of its description, and of the commit it is for."""
    found = {(link.uri, link.method) for link in approval("updated_approved")[0].links}
    assert found == {
        ("ticket:*/CHK-12", LinkMethod.EXPLICIT),
        ("ticket:*/PAY-3", LinkMethod.EXPLICIT),
        ("ticket:*/PAY-4", LinkMethod.EXPLICIT),
        (COMMIT, LinkMethod.COMMIT),
    }


@pytest.mark.parametrize(
    ("decision", "decided_at", "outcome"),
    [("approved", 1_772_607_600_000_000, "success"), ("rejected", 1_772_553_600_000_000, "sent_back")],
)
def test_an_approval_is_a_step_of_the_tickets_way(decision: str, decided_at: int, outcome: str) -> None:
    """The ticket that the change request names waits from the asking to the decision."""
    told = [event for case in ("inserted", "updated_requested", f"updated_{decision}") for event in approval(case)]
    routed = [replace(event, value_stream=say.STREAM) for event in told]
    found = derived(say.created("CHK-12", 0), *routed, definition=APPROVING).visits("Approve", say.ticket("CHK-12"))
    assert [(v.queued_at, v.finished_at, v.outcome) for v in found] == [(1_772_533_800_000_000, decided_at, outcome)]


@pytest.mark.parametrize(
    ("case", "expected"),
    [("inserted", ActorClass.HUMAN), ("inserted_standard", ActorClass.BOT), ("deleted", ActorClass.UNKNOWN)],
)
def test_who_wrote_it(case: str, expected: ActorClass) -> None:
    """A session of the user interface is a human's, any other a bot's."""
    assert {event.actor_class for event in approval(case)} == {expected}


def test_the_shipped_rule_says_what_the_adapter_reads() -> None:
    """The fields that the script puts into a body are those of a golden body."""
    script = RULE.read_text()
    sample: dict[str, Any] = json.loads(golden("servicenow/incident__updated_resolved").body)
    told = set(re.findall(r"^            (\w+): ", script.partition("function told")[2], flags=re.MULTILINE))
    own = set(re.findall(r"^    record\.(\w+) = ", script, flags=re.MULTILINE))
    outer = set(re.findall(r"^        (\w+): ", script.partition("JSON.stringify")[2], flags=re.MULTILINE))
    assert (told, told | own, outer) == (set(sample["previous"]), set(sample["record"]), set(sample))
