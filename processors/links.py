"""What an entity's facts say of its links to others: which lead upward to an item, and which mean something else.

| link | relation |
|---|---|
| part of; built from, of an artifact | the subject belongs to the target: `lower` |
| contains; merged as, of a change | the target belongs to the subject: `upper` |
| contains, of two commits | the target was pushed before the subject: `followed` |
| deploys, of a deployment; caused by, of an incident | `deployed`, `caused` |
| anything else | none |
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from processors.corrections import NOTHING, Told, corrected
from processors.facts import TRUNKS, Fact, FactLink, unpacked
from schemas.event import LinkKind
from schemas.identity import bare_ticket_uri, entity_kind

DELETED: Final = "deleted"
"""The state of a closed ticket that is gone."""

CONTAINER: Final = "container"
"""The attribute that says `true` of a ticket that holds the work of others and is none itself: an epic."""

TICKET: Final = 4
CHANGE: Final = 3
COMMIT: Final = 2
OF_TICKET: Final = "ticket:"
OF_CHANGE: Final = "change:"
OF_COMMIT: Final = "commit:"
_LEVELS: Final = {"ticket": TICKET, "change": CHANGE, "commit": COMMIT}

_PARTS: Final = ("change:", "commit:", "run:", "artifact:", "deployment:", "incident:")
ASIDE: Final = frozenset({"deployment", "incident"})
"""The kinds of entities that belong to no item."""

_MEANINGS: Final = {
    LinkKind.PART_OF: ("lower", ""),
    LinkKind.BUILT_FROM: ("lower", "artifact:"),
    LinkKind.CONTAINS: ("upper", ""),
    LinkKind.MERGED_AS: ("upper", "change:"),
    LinkKind.DEPLOYS: ("deployed", "deployment:"),
    LinkKind.CAUSED_BY: ("caused", "incident:"),
}
"""What the kinds of links mean, each only where the subject is of that kind of entity."""

Edge = tuple[str, str, str]
"""(name of the relation, key, other): `lower` and `upper` (the key belongs to other), `followed` (so does an earlier
push), `landed` (the key reached a trunk), `deployed`, `caused`, `reverted` (other says so of the key), `tickets` (other
is the ticket of the key)."""


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
    return last.attributes.get(CONTAINER) != "true" and not (last.state == DELETED and last.type == "ticket.closed")


def stands_alone(uri: str) -> bool:
    """Return whether an entity is an item by facts of its own and by nothing else: a ticket, a case of a log."""
    return not uri.startswith(_PARTS)


def leads_up(lower: str, upper: str) -> bool:
    """Return whether a link between the two can mean membership."""
    low, high = level(lower), level(upper)
    return (low < high or (low == high == COMMIT and lower != upper)) and (low > 1 or entity_kind(lower) not in ASIDE)


def edges(uri: str, facts: Sequence[Fact]) -> frozenset[Edge]:
    """Return what an entity's plausible facts say of its relations to others."""
    found: set[Edge] = set()
    for fact in facts:
        for link in fact.links:
            relation = _relation(uri, link)
            if relation is not None:
                found.add((relation, link.uri, uri))
        if not fact.attributes:
            continue
        if reverted := fact.attributes.get("reverts"):
            found.add(("reverted", reverted, uri))
        if fact.attributes.get("branch") in TRUNKS and uri.startswith(OF_COMMIT):
            found.add(("landed", uri, uri))
    if uri.startswith(OF_TICKET) and is_there(facts):
        found.add(("tickets", bare_ticket_uri(uri.rpartition("/")[2]), uri))
    return frozenset(found)


def _relation(uri: str, link: FactLink) -> str | None:
    """Return what a link of an entity means, None for nothing."""
    name, subjects = _MEANINGS.get(link.kind, (None, ""))
    if name is None or not uri.startswith(subjects):
        return None
    match name:
        case "lower":
            return name if leads_up(uri, link.uri) else None
        case "upper" if level(uri) == COMMIT == level(link.uri):
            return "followed" if uri != link.uri else None
        case "upper":
            return name if leads_up(link.uri, uri) else None
        case _:
            return name


class Reading(Struct, frozen=True, gc=False):
    """A record as read: all its facts; those that tools told and that derive something, as people corrected them.

    `edges` are the relations that these tell of, `denied` the links that people denied.
    """

    facts: list[Fact]
    plausible: list[Fact]
    edges: frozenset[Edge]
    denied: frozenset[Told]
    squeezed: bool


BLANK: Final = Reading([], [], frozenset(), NOTHING, squeezed=False)
"""What no record says."""


def read(uri: str, record: bytes) -> Reading:
    """Return what a record of this entity says."""
    facts, squeezed = unpacked(record)
    derive, denied = corrected([f for f in facts if not f.implausible])
    return Reading(facts, derive, edges(uri, derive), denied, squeezed)
