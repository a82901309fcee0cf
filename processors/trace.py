"""From links to work items: which item an entity belongs to, and which entities an item is made of.

Links lead upward, by kind: run and artifact to commit, commit to change, change to ticket; a commit also to the head
commit of its push, unless a change claims the commit itself. The head of an earlier push leads to the later one that
followed on it, where that leads on to a change: what was pushed before a change was opened is part of it, but a branch
without one is no endless item. On a commit of a trunk none follows: branches begin there. Deployments, incidents and
relations join nothing.

The item is the highest entity reached: its tickets, else its changes, else the commit at the top of its push; an entity
with facts of an imported activity is its own item; a run, artifact, deployment or incident alone is none. A ticket
counts once it has a fact of its own in the stream (a name in a text is only a name) and until it is deleted; then what
was part of it stands for itself again. An epic never counts: the tickets it holds do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from processors.facts import BARE_TICKET, Fact
from processors.links import ASIDE, BLANK, OF_CHANGE, OF_COMMIT, OF_TICKET, Edge, Reading, is_there, read
from processors.pages import Records, Relation
from schemas.identity import bare_ticket_uri, entity_kind

MOST_PUSHES: Final = 200
"""How many pushes before the one that a change names belong to it at most."""

_NONE: Final[frozenset[str]] = frozenset()

_REMEMBERED: Final = 20_000
_REMEMBERED_BYTES: Final = 8 << 20
"""So many entities, or records of so many bytes, are remembered at most as they were read: some 30 MB."""


class Trace:
    """One stream's entities and how they hang together: an index of the records, the same for any order of them.

    What was read of records lately is remembered until `forget`, or until it is much.
    """

    def __init__(self, records: Records | None = None) -> None:
        """Start empty, or with records whose relations are to be told by `index` one by one."""
        self.records = Records() if records is None else records
        self._relations = {
            "lower": Relation(), "upper": Relation(), "followed": Relation(), "landed": Relation(),
            "tickets": Relation(), "deployed": Relation(), "caused": Relation(), "reverted": Relation(),
        }  # fmt: skip
        self._readings: dict[tuple[str, bytes], Reading] = {}
        self._read_bytes = 0
        self._now: dict[str, Reading] = {}
        self._ups: dict[str, frozenset[str]] = {}
        self._items: dict[str, tuple[str, ...]] = {}
        self._downs: dict[str, frozenset[str]] = {}
        self._above: dict[str, frozenset[str]] = {}
        self._below: dict[str, frozenset[str]] = {}
        self._members: dict[str, list[str]] = {}
        self._leads: dict[str, bool] = {}
        self.shape = 0

    def __iter__(self) -> Iterator[str]:
        return iter(self.records)

    def record(self, uri: str) -> bytes | None:
        """Return the packed facts of an entity, or None."""
        return self.records.get(uri)

    def read(self, uri: str, record: bytes | None) -> Reading:
        """Return what a record of this entity would say if it were put."""
        if record is None:
            return BLANK
        found = self._readings.get((uri, record))
        if found is None:
            self._make_room(record)
            found = self._readings[uri, record] = read(uri, record)
        return found

    def forget(self) -> None:
        """Let go of what was read lately."""
        self._readings.clear()
        self._read_bytes = 0
        self._now.clear()
        self._members.clear()
        self._unshape()
        for relation in self._relations.values():
            relation.forget()

    def put(self, uri: str, record: bytes | None) -> None:
        """Set an entity's record (None: there is none) and its relations to others."""
        old = self.records.get(uri)
        reading = self.read(uri, record)
        before, after = self.reading(uri).edges, reading.edges
        self._now[uri] = reading
        if old is not None and old != record:
            self._readings.pop((uri, old), None)
        self.records.put(uri, record)
        self._items.pop(uri, None)
        self._members.clear()
        if before == after:
            return
        self._unshape()
        for name, key, other in before - after:
            self._relations[name].discard(key, other)
        for name, key, other in after - before:
            self._relations[name].add(key, other)

    def index(self, uri: str, record: bytes) -> Reading:
        """Tell the relations of an entity whose record was there from the start; return what the record says."""
        found = self._remembered(uri, record)
        for name, key, other in found.edges:
            self._relations[name].add(key, other)
        return found

    def _unshape(self) -> None:
        """Let go of what followed from how entities hang together; `shape` tells others to do so too."""
        self.shape += 1
        self._ups.clear()
        self._items.clear()
        self._downs.clear()
        self._above.clear()
        self._below.clear()
        self._leads.clear()

    def reading(self, uri: str) -> Reading:
        """Return what an entity's record says as it stands."""
        found = self._now.get(uri)
        return self._remembered(uri, self.records.get(uri)) if found is None else found

    def _remembered(self, uri: str, record: bytes | None) -> Reading:
        self._make_room(record or b"")
        found = self._now[uri] = BLANK if record is None else read(uri, record)
        return found

    def _make_room(self, record: bytes) -> None:
        """Let go of what was read lately where it is much already; a record is to be read."""
        if self._read_bytes > _REMEMBERED_BYTES or len(self._now) > _REMEMBERED:
            self.forget()
        self._read_bytes += len(record)

    def facts(self, uri: str) -> list[Fact]:
        """Return an entity's plausible facts in their order; [] for an unknown one. Not to be changed."""
        found = self._now.get(uri)
        return (self.reading(uri) if found is None else found).plausible

    def may_move(self, uri: str, record: bytes | None) -> set[str]:
        """Return the entities whose membership may change if this record is set, as far as can be seen beforehand.

        Empty if it would tell of the same relations as the record it replaces.
        """
        before, after = self.reading(uri).edges, self.read(uri, record).edges
        if before == after:
            return set()
        moving = set(self.below(uri))
        for name, key, ticket in before ^ after:
            if name == "upper" or (name == "followed" and self._would_lead_on(uri, after)):
                moving |= self.below(key)
            elif name == "tickets":
                contained = {x for n, x, _ in before | after if n == "upper"}
                for lower in contained | self._naming(key, ticket):
                    moving |= self.below(lower)
        return moving

    def _would_lead_on(self, uri: str, told: Iterable[Edge]) -> bool:
        """Return whether a commit leads to a change, or would if it told this."""
        return self.leads_on(uri) or any(self.leads_on(key) for name, key, _ in told if name == "lower")

    def _naming(self, bare: str, ticket: str) -> set[str]:
        """Return what says that it belongs to a ticket, by its bare key or by its uri."""
        return {*self._relations["lower"].of(bare), *self._relations["lower"].of(ticket)}

    def _tickets(self, named: str) -> Iterable[str]:
        """Return the tickets that count of those that a name may mean."""
        if named.startswith(BARE_TICKET):
            return self._relations["tickets"].of(named)
        return (named,) if is_there(self.facts(named)) else ()

    def met(self, uri: str, record: bytes | None) -> set[str]:
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
        if uri.startswith(OF_TICKET):
            return _NONE
        tickets, changes, commits = set[str](), set[str](), set[str]()
        for key in (*self._told(uri, "lower"), *self._relations["upper"].of(uri)):
            if key.startswith(OF_TICKET):
                tickets.update(self._tickets(key))
            elif key.startswith(OF_CHANGE):
                changes.add(key)
            else:
                commits.add(key)
        return frozenset(tickets | (changes or commits))

    def _told(self, uri: str, relation: str) -> list[str]:
        """Return to what an entity itself says that it is related."""
        return [key for name, key, _ in self.reading(uri).edges if name == relation]

    def downs(self, uri: str) -> frozenset[str]:
        """Return what directly belongs to an entity, by what either says."""
        found = self._downs.get(uri)
        if found is None:
            found = self._downs[uri] = self._find_downs(uri)
        return found

    def _find_downs(self, uri: str) -> frozenset[str]:
        said = [*self._told(uri, "upper"), *self._relations["lower"].of(uri)]
        if uri.startswith(OF_TICKET):
            said += self._relations["lower"].of(bare_ticket_uri(uri.rpartition("/")[2]))
        return frozenset([lower for lower in said if uri in self.ups(lower)]) if said else _NONE

    def _followers(self, uri: str) -> Iterable[str]:
        """Return the heads of the pushes that followed on this one.

        None follow on a commit that a change claims itself, nor on one that reached a trunk: a branch was begun there.
        """
        found = self._relations["followed"].of(uri) if uri.startswith(OF_COMMIT) else ()
        if found and (self._relations["landed"].of(uri) or any(x.startswith(OF_CHANGE) for x in self.ups(uri))):
            return ()
        return found

    def _joined_later(self, uri: str) -> Iterable[str]:
        """Return those of them that lead on: an earlier push belongs where they do."""
        found = self._followers(uri)
        return [x for x in found if self.leads_on(x)] if found else ()

    def _joined_earlier(self, uri: str) -> Iterable[str]:
        """Return the heads of the pushes that this one followed on, where it leads on: they belong where it does."""
        told = self._told(uri, "followed")
        return [x for x in told if uri in self._followers(x)] if told and self.leads_on(uri) else ()

    def leads_on(self, uri: str) -> bool:
        """Return whether an entity leads to a change, by way of whatever pushes followed, or is one."""
        found = self._leads.get(uri)
        return self._find_leads(uri) if found is None else found

    def _find_leads(self, uri: str) -> bool:
        came: dict[str, str | None] = {uri: None}
        ahead = [uri]
        while ahead:
            at = ahead.pop()
            if at.startswith(OF_CHANGE) or self._leads.get(at):
                self._leads.update((x, True) for x in _way_back(came, at))
                return True
            new = [x for x in {*self.ups(at), *self._followers(at)} if x not in came and self._leads.get(x, True)]
            came.update((x, at) for x in new)
            ahead += new
        self._leads.update((x, False) for x in came)
        return False

    def above(self, uri: str) -> frozenset[str]:
        """Return the entity and everything it leads up to."""
        found = self._above.get(uri)
        if found is None:
            found = self._above[uri] = self._find_above(uri)
        return found

    def _find_above(self, uri: str) -> frozenset[str]:
        ups = self.ups(uri)
        if not ups and not uri.startswith(OF_COMMIT):
            return frozenset((uri,))
        if any(x.startswith(OF_COMMIT) for x in ups) or self._joined_later(uri):
            return _reached(uri, self.ups, self._joined_later)
        return frozenset((uri, *ups)).union(*map(self.ups, ups))

    def below(self, uri: str) -> frozenset[str]:
        """Return the entity and everything that leads up to it."""
        found = self._below.get(uri)
        if found is None:
            found = self._below[uri] = _reached(uri, self.downs, self._joined_earlier)
        return found

    def items(self, uri: str) -> tuple[str, ...]:
        """Return the items an entity belongs to, smallest first; () where it is part of none."""
        found = self._items.get(uri)
        if found is None:
            found = self._items[uri] = self._find_items(uri)
        return found

    def _find_items(self, uri: str) -> tuple[str, ...]:
        if entity_kind(uri) in ASIDE:
            return ()
        reached = self.above(uri)
        if found := [x for x in reached if x.startswith(OF_TICKET) and is_there(self.facts(x))]:
            return tuple(sorted(found))
        if found := [x for x in reached if x.startswith(OF_CHANGE)]:
            return tuple(sorted(found))
        if commits := sorted(x for x in reached if x.startswith(OF_COMMIT)):
            tops = [x for x in commits if not self.ups(x)]
            return tuple(tops or commits[:1])
        return (uri,) if any(f.type.startswith("activity.") for f in self.facts(uri)) else ()

    def members(self, item: str) -> list[str]:
        """Return the entities with facts that make up an item, sorted. Not to be changed."""
        found = self._members.get(item)
        if found is None:
            found = sorted([x for x in self.below(item) if self.facts(x) and item in self.items(x)])
            self._members[item] = found
        return found

    def changes_of(self, uri: str) -> set[str]:
        """Return the changes that an entity is, or is part of."""
        return {x for x in self.above(uri) if entity_kind(x) == "change"}

    def known(self, name: str) -> bool:
        """Return whether anything at all is said of this relation in the stream."""
        return bool(len(self._relations[name]))


def _way_back(came: Mapping[str, str | None], at: str | None) -> Iterator[str]:
    while at is not None:
        yield at
        at = came[at]


def _reached(
    start: str, onward: Callable[[str], Iterable[str]], along: Callable[[str], Iterable[str]]
) -> frozenset[str]:
    """Return all that steps onward lead to from a start, and steps along, of which at most `MOST_PUSHES` in a row.

    Only commits lead along.
    """
    found, layer = set[str](), [start]
    for _ in range(MOST_PUSHES + 1):
        found.update(layer)
        for uri in layer:  # it grows by what is found
            for other in onward(uri):
                if other not in found:
                    found.add(other)
                    layer.append(other)
        joined = {x for uri in layer if uri.startswith(OF_COMMIT) for x in along(uri)}
        layer = [x for x in joined if x not in found]
        if not layer:
            break
    return frozenset(found)
