"""From links to work items: which item an entity belongs to, and which entities an item is made of.

Links lead upward, by kind: run and artifact to commit, commit to change, change to ticket; a commit also to the head
commit of its push, unless a change claims the commit itself. Deployments, incidents and relations join nothing. The
item is the highest entity reached: its tickets, else its changes, else the commit at the top of its push; an entity
with facts of an imported activity is its own item; a run, artifact, deployment or incident alone is none. A ticket
counts once it has a fact of its own in the stream (a name in a text is only a name) and until it is deleted; then what
was part of it stands for itself again. An epic never counts: the tickets it holds do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from msgspec import Struct

from processors.facts import Fact, unpacked
from processors.pages import Records, Relation
from schemas.event import LinkKind
from schemas.identity import bare_ticket_uri, entity_kind

DELETED: Final = "deleted"
"""The state of a closed ticket that is gone."""

CONTAINER: Final = "container"
"""The attribute that says `true` of a ticket that holds the work of others and is none itself: an epic."""

_LEVELS: Final = {"ticket": 4, "change": 3, "commit": 2}
BARE_TICKET: Final = bare_ticket_uri("")
"""How the name of a ticket begins of which only the key is known."""

_PARTS: Final = ("change:", "commit:", "run:", "artifact:", "deployment:", "incident:")
_ASIDE: Final = frozenset({"deployment", "incident"})
_COMMIT: Final = 2
_REMEMBERED: Final = 2_000

Edge = tuple[str, str, str]
"""(name of the relation, key, other)."""


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
    return entity_kind(lower) not in _ASIDE and lower != upper and (low < high or low == high == _COMMIT)


def edges(uri: str, facts: Sequence[Fact]) -> frozenset[Edge]:
    """Return what an entity's plausible facts say of its relations to others."""
    found: set[Edge] = set()
    for fact in facts:
        for link in fact.links:
            match link.kind:
                case LinkKind.PART_OF | LinkKind.BUILT_FROM if leads_up(uri, link.uri):
                    found.add(("lower", link.uri, uri))
                case LinkKind.CONTAINS | LinkKind.MERGED_AS if leads_up(link.uri, uri):
                    found.add(("upper", link.uri, uri))
                case LinkKind.DEPLOYS:
                    found.add(("deployed", link.uri, uri))
                case LinkKind.CAUSED_BY:
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


_BLANK: Final = Reading([], [], frozenset(), squeezed=False)


class Trace:
    """One stream's entities and how they hang together: an index of the records, the same for any order of them.

    What was read of records lately is remembered until `forget`.
    """

    def __init__(self) -> None:
        self._records = Records()
        self._relations = {
            "lower": Relation(), "upper": Relation(), "tickets": Relation(), "deployed": Relation(),
            "caused": Relation(), "reverted": Relation(),
        }  # fmt: skip
        self._readings: dict[tuple[str, bytes], Reading] = {}
        self._now: dict[str, Reading] = {}
        self._ups: dict[str, frozenset[str]] = {}
        self._items: dict[str, tuple[str, ...]] = {}
        self._above: dict[str, frozenset[str]] = {}
        self._below: dict[str, frozenset[str]] = {}
        self.shape = 0

    def __iter__(self) -> Iterator[str]:
        return iter(self._records)

    def record(self, uri: str) -> bytes | None:
        """Return the packed facts of an entity, or None."""
        return self._records.get(uri)

    def read(self, uri: str, record: bytes | None) -> Reading:
        """Return what a record of this entity says."""
        if record is None:
            return _BLANK
        found = self._readings.get((uri, record))
        if found is None:
            if len(self._readings) > _REMEMBERED:
                self.forget()
            facts, squeezed = unpacked(record)
            derive = [f for f in facts if not f.implausible]
            found = Reading(facts, derive, edges(uri, derive), squeezed)
            self._readings[uri, record] = found
        return found

    def forget(self) -> None:
        """Let go of what was read lately."""
        self._readings.clear()
        self._now.clear()
        self._ups.clear()
        self._unshape()
        for relation in self._relations.values():
            relation.forget()

    def put(self, uri: str, record: bytes | None) -> None:
        """Set an entity's record (None: there is none) and its relations to others."""
        before, after = self.reading(uri).edges, self.read(uri, record).edges
        self._now.pop(uri, None)
        self._records.put(uri, record)
        self._items.pop(uri, None)
        if before == after:
            return
        self._unshape()
        for name, key, other in before - after:
            self._relations[name].discard(key, other)
        for name, key, other in after - before:
            self._relations[name].add(key, other)
        self._ups.pop(uri, None)
        for name, key, ticket in before ^ after:
            if name == "upper":
                self._ups.pop(key, None)
            elif name == "tickets":
                for lower in self._naming(key, ticket):
                    self._ups.pop(lower, None)

    def _unshape(self) -> None:
        """Let go of what followed from how entities hang together; `shape` tells others to do so too."""
        self.shape += 1
        self._items.clear()
        self._above.clear()
        self._below.clear()

    def reading(self, uri: str) -> Reading:
        """Return what an entity's record says as it stands."""
        found = self._now.get(uri)
        if found is None:
            found = self._now[uri] = self.read(uri, self._records.get(uri))
        return found

    def facts(self, uri: str) -> list[Fact]:
        """Return an entity's plausible facts in their order; [] for an unknown one. Not to be changed."""
        return self.reading(uri).plausible

    def may_move(self, uri: str, record: bytes) -> set[str]:
        """Return the entities whose membership may change if this record is set, as far as can be seen beforehand.

        Empty if it would tell of the same relations as the record it replaces.
        """
        before, after = self.reading(uri).edges, self.read(uri, record).edges
        if before == after:
            return set()
        moving = set(self.below(uri))
        for name, key, ticket in before ^ after:
            if name == "upper":
                moving |= self.below(key)
            elif name == "tickets":
                for lower in self._naming(key, ticket):
                    moving |= self.below(lower)
        return moving

    def _naming(self, bare: str, ticket: str) -> set[str]:
        """Return what says that it belongs to a ticket, by its bare key or by its uri."""
        return {*self._relations["lower"].of(bare), *self._relations["lower"].of(ticket)}

    def _tickets(self, named: str) -> Iterable[str]:
        """Return the tickets that count of those that a name may mean."""
        if named.startswith(BARE_TICKET):
            return self._relations["tickets"].of(named)
        return (named,) if is_there(self.facts(named)) else ()

    def met(self, uri: str, record: bytes) -> set[str]:
        """Return what an entity would newly be part of (or no longer be) with this record, tickets by their names."""
        before, after = self.reading(uri).edges, self.read(uri, record).edges
        keys = {key for name, key, _ in before ^ after if name == "lower"}
        return {t for key in keys for t in (self._relations["tickets"].of(key) or (key,))}

    def related(self, name: str, uri: str) -> Iterable[str]:
        """Return the entities that say something of this one: `deployed`, `caused` (incidents), `reverted`."""
        return self._relations[name].of(uri)

    def ups(self, uri: str) -> frozenset[str]:
        """Return what an entity directly belongs to."""
        found = self._ups.get(uri)
        if found is None:
            found = self._ups[uri] = self._find_ups(uri)
        return found

    def _find_ups(self, uri: str) -> frozenset[str]:
        told = self.reading(uri).edges
        named = {key for name, key, _ in told if name == "lower"}
        named.update(self._relations["upper"].of(uri))
        tickets = {t for n in named if level(n) == _LEVELS["ticket"] for t in self._tickets(n)}
        rest = {n for n in named if level(n) != _LEVELS["ticket"]}
        if any(level(n) == _LEVELS["change"] for n in rest):
            rest = {n for n in rest if level(n) != _COMMIT}
        return frozenset(tickets | rest)

    def downs(self, uri: str) -> set[str]:
        """Return what directly belongs to an entity, by what either says."""
        told = self.reading(uri).edges
        said = {key for name, key, _ in told if name == "upper"}
        said.update(self._relations["lower"].of(uri))
        if entity_kind(uri) == "ticket":
            said |= self._naming(bare_ticket_uri(uri.rpartition("/")[2]), uri)
        return {lower for lower in said if uri in self.ups(lower)}

    def above(self, uri: str) -> frozenset[str]:
        """Return the entity and everything it leads up to."""
        found = self._above.get(uri)
        if found is None:
            found = self._above[uri] = _reached(uri, self.ups)
        return found

    def below(self, uri: str) -> frozenset[str]:
        """Return the entity and everything that leads up to it."""
        found = self._below.get(uri)
        if found is None:
            found = self._below[uri] = _reached(uri, self.downs)
        return found

    def items(self, uri: str) -> tuple[str, ...]:
        """Return the items an entity belongs to, smallest first; () where it is part of none."""
        found = self._items.get(uri)
        if found is None:
            found = self._items[uri] = self._find_items(uri)
        return found

    def _find_items(self, uri: str) -> tuple[str, ...]:
        if entity_kind(uri) in _ASIDE:
            return ()
        reached = self.above(uri)
        for height in (_LEVELS["ticket"], _LEVELS["change"]):
            if found := sorted(x for x in reached if level(x) == height and self._counts(x)):
                return tuple(found)
        commits = sorted(x for x in reached if level(x) == _COMMIT)
        if commits:
            tops = [x for x in commits if not self.ups(x)]
            return tuple(tops or commits[:1])
        return (uri,) if any(f.type.startswith("activity.") for f in self.facts(uri)) else ()

    def members(self, item: str) -> list[str]:
        """Return the entities with facts that make up an item, sorted."""
        found = self.below(item)
        return sorted(x for x in found if self.facts(x) and item in self.items(x))

    def changes_of(self, uri: str) -> set[str]:
        """Return the changes that an entity is, or is part of."""
        return {x for x in self.above(uri) if entity_kind(x) == "change"}

    def known(self, name: str) -> bool:
        """Return whether anything at all is said of this relation in the stream."""
        return bool(len(self._relations[name]))

    def _counts(self, uri: str) -> bool:
        return level(uri) != _LEVELS["ticket"] or is_there(self.facts(uri))


def _reached(start: str, onward: Callable[[str], Iterable[str]]) -> frozenset[str]:
    found, ahead = {start}, [start]
    while ahead:
        for uri in onward(ahead.pop()):
            if uri not in found:
                found.add(uri)
                ahead.append(uri)
    return frozenset(found)
