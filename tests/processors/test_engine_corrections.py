"""What people correct in the links between entities stands over what tools say of them."""

from __future__ import annotations

import msgspec
import pytest

from ingest.corrections import Correction, Verdict, corrections
from schemas.event import FlowEvent, Link, LinkKind, Outcome
from tests.builders import engine_events as say
from tests.builders.engine_rows import derived

OPENED = say.opened(1, 1, say.named("CHK-1"), say.contains("c1"))
BOTH = (say.created("CHK-1", 0), say.created("CHK-2", 0), OPENED)


def asserted(subject: str, hours: float, link: Link) -> FlowEvent:
    """Somebody says that a subject is linked so."""
    return say.fact("link.asserted", subject, hours, link)


def denied(subject: str, hours: float, link: Link) -> FlowEvent:
    """Somebody says that it is not."""
    return say.fact("link.denied", subject, hours, link)


def items_of_change(*facts: FlowEvent) -> list[str]:
    """The items that hold change 1."""
    return sorted({visit.item_id for visit in derived(*facts).visits("Review")})


def test_a_denied_ticket_lets_go_of_its_change() -> None:
    """A key in a title that means another thing is denied, and the change stands for itself."""
    no = denied(say.change(1), 9, say.part_of(say.ticket("CHK-1")))
    assert items_of_change(*BOTH, no) == [say.change(1)]


def test_an_asserted_ticket_takes_a_change() -> None:
    """A change that names no ticket, or another, is given its own."""
    facts = (asserted(say.change(1), 9, say.part_of(say.ticket("CHK-2"))),
             denied(say.change(1), 9, say.part_of(say.ticket("CHK-1"))))  # fmt: skip
    assert items_of_change(*BOTH, *facts) == [say.ticket("CHK-2")]


@pytest.mark.parametrize(("hours", "items"), [(8, [say.change(1)]), (10, [say.ticket("CHK-1")])])
def test_the_latest_correction_stands(hours: float, items: list[str]) -> None:
    """Of a denial and an assertion of one link the later one counts, in whatever order they come."""
    ticket = say.part_of(say.ticket("CHK-1"))
    assert items_of_change(*BOTH, denied(say.change(1), 9, ticket), asserted(say.change(1), hours, ticket)) == items


def test_a_correction_outlasts_what_tools_say_later() -> None:
    """A tool that names the denied ticket again a day later changes nothing."""
    again = say.fact("change.updated", say.change(1), 30, say.named("CHK-1"))
    no = denied(say.change(1), 9, say.part_of(say.ticket("CHK-1")))
    assert items_of_change(*BOTH, no, again) == [say.change(1)]


def test_a_denied_commit_is_let_go_by_the_change_that_named_it() -> None:
    """A change that holds a commit by mistake is corrected on the side that said so."""
    committed = say.committed("c1", 0.5)
    no = denied(say.change(1), 9, say.contains("c1"))
    assert derived(committed, OPENED, no).items == sorted([say.change(1), say.commit("c1")])


@pytest.mark.parametrize(("verdict", "items"), [("denied", [say.change(1)]), ("asserted", [say.ticket("CHK-1")])])
def test_a_change_that_its_ticket_names_is_corrected_at_the_change(verdict: str, items: list[str]) -> None:
    """A board says of a ticket which pull requests it has: what people say of the change holds all the same."""
    told = say.fact("ticket.updated", say.ticket("CHK-1"), 2, say.link(LinkKind.CONTAINS, say.change(1)))
    opened = say.opened(1, 1, say.contains("c1"))
    said = Correction(value_stream=told.value_stream, subject=say.change(1), target=say.ticket("CHK-1"),
                      verdict=Verdict(verdict))  # fmt: skip
    facts = corrections(msgspec.json.encode(said), (told.value_stream,), told.received_at, lambda _tool, _name: "")
    assert items_of_change(say.created("CHK-1", 0), opened, told, *facts) == items  # type: ignore[misc]  # no refusal


def test_an_entity_that_no_tool_has_told_of_derives_nothing() -> None:
    """A correction of something unknown waits for it."""
    assert derived(asserted(say.change(1), 9, say.part_of(say.ticket("CHK-1")))).rows == []


def cause_of(*facts: FlowEvent) -> tuple[str | None, str]:
    """What incident i1 is laid to, and by what evidence."""
    row = derived(say.deployed("d1", 1, "c1"), say.deployed("d2", 2, "c2"), *facts).incident("i1")
    return row.deployment_id, row.attribution


DETECTED = say.incident("detected", "i1", 3)
INCIDENT = DETECTED.subject_id


def cause(name: str) -> Link:
    """The link of an incident to the deployment that caused it."""
    return say.link(LinkKind.CAUSED_BY, f"deployment:cd/{name}")


def test_an_asserted_cause_stands_over_time_and_over_tools() -> None:
    """Whatever the last deployment was and whatever a tool says later, the cause that people named is the cause."""
    later = say.incident("updated", "i1", 20, cause("d2"))
    assert cause_of(DETECTED, asserted(INCIDENT, 4, cause("d1")), later) == ("deployment:cd/d1", "explicit")


def test_a_denied_guess_leaves_an_incident_unattributed() -> None:
    """What is laid to a deployment by time and service alone is taken back, and no other is blamed in its place."""
    assert cause_of(DETECTED, denied(INCIDENT, 4, cause("d2"))) == (None, "unattributed")


def test_a_denied_deployment_is_not_blamed_by_way_of_its_commit() -> None:
    """A tool names the commit, people say that the deployment which brought it is not to blame: none is."""
    named = say.incident("updated", "i1", 3, say.link(LinkKind.CAUSED_BY, say.commit("c2")))
    assert cause_of(DETECTED, named, denied(INCIDENT, 4, cause("d2"))) == (None, "unattributed")


def test_a_link_of_another_kind_is_not_denied() -> None:
    """What is denied is one link: that a change holds its commit stands where only its merge commit was denied."""
    no = denied(say.change(1), 9, say.link(LinkKind.MERGED_AS, say.commit("c1")))
    assert derived(say.committed("c1", 0.5), OPENED, no).items == [say.change(1)]


def test_an_asserted_commit_is_carried_by_the_deployment() -> None:
    """A deployment that told nothing of its commits carries the change that somebody says it brought."""
    merged = (say.opened(1, 1), say.merged(1, 2, "m1"))
    silent = say.fact("service.deployed", "deployment:cd/d9", 5, outcome=Outcome.SUCCESS,
                      environment="production", service="shop")  # fmt: skip
    yes = asserted(silent.subject_id, 9, say.link(LinkKind.DEPLOYS, say.commit("m1")))
    assert derived(*merged, silent, yes).deployment("d9").change_ids == (say.change(1),)
