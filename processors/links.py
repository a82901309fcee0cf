"""What an entity's facts say of its links to others: which lead upward to an item, and which mean something else.

| link | relation |
|---|---|
| part of, built from | the subject belongs to the target: `lower` |
| contains, merged as | the target belongs to the subject: `upper`; of two commits it was pushed before: `followed` |
| deploys, caused by | of deployments and incidents alone: `deployed`, `caused` |
| relates to | none |
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from processors.facts import Fact, unpacked
from schemas.event import LinkKind
from schemas.identity import bare_ticket_uri, entity_kind

DELETED: Final = "deleted"
"""The state of a closed ticket that is gone."""

CONTAINER: Final = "container"
"""The attribute that says `true` of a ticket that holds the work of others and is none itself: an epic."""

TICKET: Final = 4
CHANGE: Final = 3
COMMIT: Final = 2
_LEVELS: Final = {"ticket": TICKET, "change": CHANGE, "commit": COMMIT}
BARE_TICKET: Final = bare_ticket_uri("")
"""How the name of a ticket begins of which only the key is known."""

_PARTS: Final = ("change:", "commit:", "run:", "artifact:", "deployment:", "incident:")
ASIDE: Final = frozenset({"deployment", "incident"})
"""The kinds of entities that belong to no item."""

Edge = tuple[str, str, str]
"""(name of the relation, key, other): `lower` and `upper` (the key belongs to other), `followed` (so does an earlier
push), `deployed`, `caused`, `reverted` (other says so of the key), `tickets` (other is the ticket of the key)."""


def level(uri: str) -> int:
    """Return how high an entity stands: ticket 4, change 3, commit 2, anything else 1."""
    return _LEVELS.get(uri[: uri.find(":")], 1)


def is_there(facts: Sequence[Fact]) -> bool:
    """Return whether a ticket counts by its own plausible facts.

    It has one, and the last says neither that it is deleted nor that it is an epic: the tickets that it holds count.
    """
    if not facts:
        return False
    last = facts[-1]
    return last.attributes.get(CONTAINER) != "true" and not (last.type == "ticket.closed" and last.state == DELETED)


def stands_alone(uri: str) -> bool:
    """Return whether an entity is an item by facts of its own and by nothing else: a ticket, a case of a log."""
    return not uri.startswith(_PARTS)


def leads_up(lower: str, upper: str) -> bool:
    """Return whether a link between the two can mean membership."""
    low, high = level(lower), level(upper)
    return entity_kind(lower) not in ASIDE and lower != upper and (low < high or low == high == COMMIT)


def edges(uri: str, facts: Sequence[Fact]) -> frozenset[Edge]:
    """Return what an entity's plausible facts say of its relations to others."""
    found: set[Edge] = set()
    for fact in facts:
        for link in fact.links:
            match link.kind:
                case LinkKind.PART_OF | LinkKind.BUILT_FROM if leads_up(uri, link.uri):
                    found.add(("lower", link.uri, uri))
                case LinkKind.CONTAINS if level(uri) == COMMIT == level(link.uri) and uri != link.uri:
                    found.add(("followed", link.uri, uri))
                case LinkKind.CONTAINS | LinkKind.MERGED_AS if leads_up(link.uri, uri):
                    found.add(("upper", link.uri, uri))
                case LinkKind.DEPLOYS if uri.startswith("deployment:"):
                    found.add(("deployed", link.uri, uri))
                case LinkKind.CAUSED_BY if uri.startswith("incident:"):
                    found.add(("caused", link.uri, uri))
                case _:
                    pass
        if reverted := fact.attributes.get("reverts"):
            found.add(("reverted", reverted, uri))
    if entity_kind(uri) == "ticket" and is_there(facts):
        found.add(("tickets", bare_ticket_uri(uri.rpartition("/")[2]), uri))
    return frozenset(found)


class Reading(Struct, frozen=True, gc=False):
    """A record as read: its facts, those of them that derive something, and the relations these tell of."""

    facts: list[Fact]
    plausible: list[Fact]
    edges: frozenset[Edge]
    squeezed: bool


BLANK: Final = Reading([], [], frozenset(), squeezed=False)
"""What no record says."""


def read(uri: str, record: bytes) -> Reading:
    """Return what a record of this entity says."""
    facts, squeezed = unpacked(record)
    derive = [f for f in facts if not f.implausible]
    return Reading(facts, derive, edges(uri, derive), squeezed)
