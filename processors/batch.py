"""The same derivation as a plain definition over all events at once: what the streaming engine is measured against.

Slow and simple on purpose: no indexes, no increments, no bounds. It shares with the engine what *is* the definition
(the walk through the step rules, a visit's and an item's parts, whom a judgement is laid to, how a rule reads a fact)
and finds anew what belongs to what, which deployment carried which change, and what went wrong with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from processors.batch_deployments import Attempt, Shipping
from processors.corrections import corrected
from processors.facts import TRUNKS, Fact, attributes_of_rules, from_event
from processors.items import Member, item_row, turns_of
from processors.judgements import Verdict, judge
from processors.reviewing import first_reviewed_at, offered_at
from processors.steps import Plan, bridge, observations, walk
from processors.trace import MOST_PUSHES
from processors.visits import visit_row
from schemas.definition import Definition, ValueStream
from schemas.derived import Change, Derived
from schemas.event import FlowEvent, LinkKind
from schemas.forgetting import FORGETS, ORDERS, TAKES_OUT

_HEIGHTS = {"commit": 2, "change": 3, "ticket": 4}


def derive(events: Iterable[FlowEvent], definition: Definition) -> list[Derived]:
    """Return every row that these events derive, `revision` and `known_at` 0, in no order.

    The events may come in any order but for orders to forget, which hold for what is before them.
    """
    all_events = remembered(events)
    return [
        row
        for stream in definition.value_streams
        for row in _Stream(stream, definition, [e for e in all_events if e.value_stream == stream.name]).rows()
    ]


def remembered(events: Iterable[FlowEvent]) -> list[FlowEvent]:
    """Return the events that no later one orders to forget, without the orders."""
    found: list[FlowEvent] = []
    for event in events:
        if event.type in TAKES_OUT:
            gone = (event.value_stream, event.attributes[FORGETS])
            found = [e for e in found if (e.value_stream, e.event_id) != gone]
        elif event.type not in ORDERS:
            found.append(event)
    return found


def facts_by_subject(
    events: Iterable[FlowEvent], definition: Definition
) -> tuple[dict[str, list[Fact]], set[tuple[str, str]]]:
    """Return each entity's facts in order: of the copies of one the first to arrive, none of an implausible time.

    They are as people corrected them. Then the causes that were denied: (incident, target).
    """
    kept = attributes_of_rules(definition)
    standing: dict[tuple[str, str], FlowEvent] = {}
    for event in sorted(events, key=lambda e: (e.received_at, e.delivery_id), reverse=True):
        standing[event.subject_id, event.event_id] = event
    found: dict[str, list[Fact]] = {}
    for (subject, _), event in standing.items():
        fact = from_event(event, kept)
        if not fact.implausible:
            found.setdefault(subject, []).append(fact)
    as_told = {subject: corrected(sorted(facts, key=Fact.place)) for subject, facts in found.items()}
    denied = {
        (subject, target)
        for subject, (_, links) in as_told.items()
        for kind, target in links
        if kind is LinkKind.CAUSED_BY
    }
    return {subject: facts for subject, (facts, _) in as_told.items() if facts}, denied


class _Stream:
    """All of one stream's events, and what belongs to what among them."""

    def __init__(self, stream: ValueStream, definition: Definition, events: list[FlowEvent]) -> None:
        self.stream = stream
        self.version = definition.derived_version
        self.plan = Plan(stream.steps)
        self.facts, denied = facts_by_subject(events, definition)
        told, followed = self._memberships()
        self.above = self._with_earlier_pushes(self._closure(told), followed)
        self.shipping = Shipping(stream, self.facts, self.above, denied)

    def rows(self) -> Iterator[Derived]:
        """Yield every row."""
        belongs = {uri: self.items_of(uri) for uri in self.facts}
        for item in sorted({i for items in belongs.values() for i in items}):
            yield from self._item_rows(item, [uri for uri in sorted(belongs) if item in belongs[uri]])
        for uri in self.facts:
            if uri.startswith("change:"):
                yield from self._change_rows(uri)
        yield from self.shipping.rows(self.version)

    def items_of(self, uri: str) -> tuple[str, ...]:
        """Return the items an entity belongs to, smallest first."""
        if uri.startswith(("deployment:", "incident:")):
            return ()
        reached = self.above.get(uri, set()) | {uri}
        for kind in ("ticket:", "change:", "commit:"):
            found = sorted(x for x in reached if x.startswith(kind) and (kind != "ticket:" or self._alive(x)))
            if kind == "commit:" and found:
                tops = [x for x in found if not self.above.get(x)]
                return tuple(tops or found[:1])
            if found:
                return tuple(found)
        is_case = any(f.type.startswith("activity.") for f in self.facts.get(uri, ()))
        return (uri,) if is_case else ()

    def _alive(self, ticket: str) -> bool:
        facts = self.facts.get(ticket)
        if facts is None or facts[-1].attributes.get("container") == "true":
            return False
        return (facts[-1].type, facts[-1].state) != ("ticket.closed", "deleted")

    def _memberships(self) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
        """Return every (part, whole) that some fact tells, and every (head of a push, head of the next push)."""
        told, followed = set(), set()
        for uri, facts in self.facts.items():
            for link in (x for f in facts for x in f.links):
                if link.kind is LinkKind.PART_OF or (link.kind is LinkKind.BUILT_FROM and uri.startswith("artifact:")):
                    told.add((uri, link.uri))
                elif link.kind is LinkKind.CONTAINS and uri.startswith("commit:") and link.uri.startswith("commit:"):
                    followed.add((link.uri, uri))
                elif link.kind is LinkKind.CONTAINS or (link.kind is LinkKind.MERGED_AS and uri.startswith("change:")):
                    told.add((link.uri, uri))
        alive = [t for t in self.facts if t.startswith("ticket:") and self._alive(t)]
        found = set()
        for part, whole in told:
            if part.startswith(("deployment:", "incident:")) or part == whole:
                continue
            low, high = (_HEIGHTS.get(x.partition(":")[0], 1) for x in (part, whole))
            if high == _HEIGHTS["ticket"] and low < high:
                key = whole.partition("*/")[2]
                found |= {(part, t) for t in alive if t == whole or (key and t.upper().endswith(f"/{key.upper()}"))}
            elif low < high or low == high == _HEIGHTS["commit"]:
                found.add((part, whole))
        claimed = {part for part, whole in found if whole.startswith("change:")}
        alone = {(p, w) for p, w in found if not (w.startswith("commit:") and p in claimed)}
        landed = {x for x, facts in self.facts.items() if any(f.attributes.get("branch") in TRUNKS for f in facts)}
        return alone, {(p, w) for p, w in followed if p not in claimed | landed and p != w}

    def _with_earlier_pushes(self, up: dict[str, set[str]], followed: set[tuple[str, str]]) -> dict[str, set[str]]:
        """Return what each entity leads up to: also by way of later pushes, where these lead to a change."""
        anyway = self._closure({*followed, *((p, w) for p, wholes in up.items() for w in wholes)})
        joined = {(p, w) for p, w in followed if any(x.startswith("change:") for x in anyway.get(w, ()))}
        above = {}
        for uri in {*self.facts, *up, *(p for p, _ in joined)}:
            reached = up.get(uri, set()) | {uri}
            for _ in range(MOST_PUSHES):
                later = {w for p, w in joined if p in reached}
                reached = reached | later | {x for w in later for x in up.get(w, ())}
            above[uri] = reached - {uri}
        return above

    @staticmethod
    def _closure(memberships: set[tuple[str, str]]) -> dict[str, set[str]]:
        above: dict[str, set[str]] = {}
        for part, whole in memberships:
            above.setdefault(part, set()).add(whole)
        grew = True
        while grew:
            grew = False
            for part, wholes in above.items():
                further = {w for x in wholes for w in above.get(x, ())}
                grew = grew or not further <= wholes
                above[part] = wholes | further
        return above

    def _item_rows(self, item: str, parts: list[str]) -> Iterator[Derived]:
        members = [Member(uri, self.facts[uri]) for uri in parts]
        seen = [o for m in members for o in observations(m.uri, m.facts)]
        carried_by: dict[str, list[str]] = {}
        for uri in parts:
            for attempt in self.shipping.carriers(uri):
                carried_by.setdefault(attempt.uri, []).append(uri)
        attempts = {a.uri: a for a in self.shipping.attempts}
        seen += [o for uri in carried_by for o in attempts[uri].told]
        turns = turns_of(item, members)
        walked = walk(self.plan, seen)
        stays = walked.visits
        later = [Verdict("reopened", at) for at in turns.reopened]
        judge(self.plan, walked, [*later, *self.shipping.taken_back(parts)])
        row = item_row(item, members, stays, turns=turns, plan=self.plan, stream=self.stream, version=self.version)
        yield row
        if row.finished_at is not None:
            bridge(stays, row.finished_at)
        for stay in stays:
            owners = carried_by.get(stay.subject, [stay.subject])
            yield visit_row(
                stay,
                stream=self.stream.name,
                item=item,
                kind=row.kind,
                counted=any(self.items_of(owner)[0] == item for owner in owners),
                calendar=self.stream.calendar,
                version=self.version,
            )

    def _change_rows(self, uri: str) -> Iterator[Change]:
        facts = self.facts[uri]
        parts = [x for x, wholes in self.above.items() if uri in wholes and x.startswith("commit:")]
        authored = [f.occurred_at for x in parts for f in self.facts.get(x, ()) if f.type == "commit.created"]
        merged = self.shipping.merged_at(uri)
        live = [a for a in self.shipping.carriers(uri) if a.environment == self.stream.production]
        attempts: list[Attempt | None] = [*live] or [None]
        for attempt in attempts:
            yield Change(
                value_stream=self.stream.name,
                change_id=uri,
                service=attempt.service if attempt else "",
                environment=attempt.environment if attempt else "",
                repository=self.shipping.repository(uri),
                item_ids=self.items_of(uri),
                first_commit_at=min(authored, default=None),
                opened_at=offered_at(facts),
                first_reviewed_at=first_reviewed_at(facts, merged),
                merged_at=merged,
                deployed_at=attempt.at if attempt else None,
                deployment_id=attempt.uri if attempt else None,
                left_censored=bool(attempt and self.shipping.is_first_of(attempt, uri)),
                definition_version=self.version,
            )
