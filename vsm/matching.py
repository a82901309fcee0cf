"""What a value-stream file would make of the events of a log: claimed by which selectors, matched by which rules."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Final

from msgspec import structs

from ingest.routing import Router, as_told
from processors.engine import StepFailed
from processors.facts import attributes_of_rules, from_event
from processors.steps import matches
from schemas.definition import Definition, Rule, Step
from schemas.event import UNROUTED, FlowEvent

STATUS: Final = "status"
_RULES: Final = ("queue", "start", "finish", "returned", "blocked", "unblocked")
_OF_TICKETS: Final = ("ticket.created", "ticket.updated", "ticket.closed")
_NUMBER: Final = "\0"


class Counts:
    """Counts over events, each once however often and in however many copies it comes.

    `first` is left aside: a rule on an item's first fact is counted for each fact it speaks of. An imported event is
    its stream's by name and no selector's. `selected` is by (stream, number of the selector), `matched` by (stream,
    step, rule), where the rule `status` stands for entering one of a step's statuses.
    """

    def __init__(self, definition: Definition) -> None:
        self.events = 0
        self.unclaimed = 0
        self.unreadable = 0
        self.claimed: Counter[str] = Counter()
        self.imported: Counter[str] = Counter()
        self.selected: Counter[tuple[str, int]] = Counter()
        self.matched: Counter[tuple[str, str, str]] = Counter()
        self._by_stream = Router(definition)
        self._by_selector = Router(_one_selector_each(definition))
        self._ruled = attributes_of_rules(definition)
        self._rules = {stream.name: _by_type(stream.steps) for stream in definition.value_streams}
        self._seen: set[bytes] = set()

    def take(self, event: FlowEvent) -> None:
        """Count one event; one that was seen changes nothing."""
        is_import = event.attributes.get("routed_by") == "import"
        identity = f"{event.value_stream}\0{event.event_id}" if is_import else event.event_id
        digest = blake2b(identity.encode(errors="surrogatepass"), digest_size=8).digest()
        if digest in self._seen:
            return
        self._seen.add(digest)
        self.events += 1
        copies = self._imported(event) if is_import else self._selected(as_told(event))
        self.unclaimed += not copies
        for copy in copies:
            self.claimed[copy.value_stream] += 1
            self._match(copy)

    def _imported(self, event: FlowEvent) -> Sequence[FlowEvent]:
        if event.value_stream not in self._rules:
            return ()
        self.imported[event.value_stream] += 1
        return (event,)

    def _selected(self, event: FlowEvent) -> Sequence[FlowEvent]:
        for claim in self._by_selector.claims(event):
            stream, _, number = claim.stream.partition(_NUMBER)
            self.selected[stream, int(number)] += 1
        return [copy for copy in self._by_stream.route(event) if copy.value_stream != UNROUTED]

    def _match(self, copy: FlowEvent) -> None:
        rules = self._rules[copy.value_stream].get(copy.type, ())
        try:
            fact = from_event(copy, self._ruled) if rules else None
        except StepFailed:
            return
        if fact is None or fact.implausible:
            return
        for step, name, rule in rules:
            if matches(rule, fact):
                self.matched[copy.value_stream, step, name] += 1


def rules_of(step: Step) -> Iterator[tuple[str, Rule]]:
    """Yield a step's rules by name, in their order; of statuses the rule that an item enters one of them."""
    if step.status:
        yield STATUS, Rule(on=_OF_TICKETS, where={"state": step.status})
    for name in _RULES:
        rule: Rule | None = getattr(step, name)
        if rule is not None:
            yield name, rule


def _by_type(steps: Sequence[Step]) -> Mapping[str, Sequence[tuple[str, str, Rule]]]:
    found: defaultdict[str, list[tuple[str, str, Rule]]] = defaultdict(list)
    for step in steps:
        for name, rule in rules_of(step):
            for event_type in dict.fromkeys(rule.on):
                found[event_type].append((step.name, name, rule))
    return found


def _one_selector_each(definition: Definition) -> Definition:
    """Return the definition with a stream for every selector, named by its stream and number."""
    return structs.replace(
        definition,
        value_streams=tuple(
            structs.replace(stream, name=f"{stream.name}{_NUMBER}{number}", select=(selector,))
            for stream in definition.value_streams
            for number, selector in enumerate(stream.select)
        ),
    )
