"""What a board tells of a ticket: the columns of its card, the changes that are attached to it."""

from __future__ import annotations

from itertools import permutations

from schemas.definition import Step
from schemas.event import FlowEvent, Link, LinkKind, LinkMethod
from tests.builders import engine_events as say
from tests.builders.engine_rows import derived, one_stream

TICKET = say.ticket("CHK-1")
CARD = "card:github/I_1"
HOLDS = Link(uri=CARD, kind=LinkKind.CONTAINS, method=LinkMethod.EXPLICIT)
STEPS = one_stream((Step(name="Doing", status=("In Progress",)), Step(name="Review", status=("In Review",))))


def card(state: str, hours: float) -> FlowEvent:
    """The board says that the card entered a column."""
    return say.fact("ticket.updated", CARD, hours, state=state)


def test_columns_of_a_card_are_steps_of_its_ticket() -> None:
    """The item goes through the steps as its card goes through the columns, in whatever order it is told."""
    story = (
        say.fact("ticket.created", TICKET, 0, HOLDS, state="open"),
        card("In Progress", 2),
        card("In Review", 5),
        card("Done", 9),
    )
    found = {
        (tuple(told.items), *told.stays("Doing"), *told.stays("Review"))
        for told in (derived(*order, definition=STEPS) for order in permutations(story))
    }
    assert found == {((TICKET,), (2, 2, 5), (5, 5, 9))}


def test_a_card_without_its_ticket_is_no_item() -> None:
    """What only a board knows is kept, and nothing is derived from it."""
    assert derived(card("In Progress", 2), definition=STEPS).items == []


def test_a_ticket_may_name_its_change() -> None:
    """A change attached to a ticket is part of it as one that names the ticket is, whichever is told first."""
    held = Link(uri=say.change(1), kind=LinkKind.CONTAINS, method=LinkMethod.EXPLICIT)
    story = (say.created("CHK-1", 0), say.fact("ticket.updated", TICKET, 3, held), say.opened(1, 2))
    assert {tuple(derived(*order).items) for order in permutations(story)} == {(TICKET,)}
