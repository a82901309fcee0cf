"""An adapter made of a mapping."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from ingest.adapter import Adapter, Context, Headers, Ignored, Translate, Untranslatable
from ingest.mapping.proofs import scheme_of
from ingest.mapping.rules import MOST_FACTS, Rule, paths_of, rule_of
from ingest.mapping.shape import Shape, shape_of
from ingest.mapping.values import Scope, paths_in, text_of
from ingest.vocabulary.by_action import Translated
from ingest.vocabulary.delivery_ids import delivery_id
from schemas.definition import Definition
from schemas.event import FlowEvent
from schemas.mapping import MappedEvent, ToolMapping, Value

NO_RULE: Final = Ignored("no rule of the mapping speaks of it")
"""What becomes of a delivery whose type is known and that no rule speaks of."""

OTHER: Final = "*"
"""The event type of a delivery whose own no rule names, where some rule asks for none."""

UNTYPED: Final = "delivery"
"""The event type of the deliveries of a tool that has only one kind."""


def adapters_of(definition: Definition) -> tuple[Adapter, ...]:
    """Return the adapters of the mappings of a value-stream file, in its order."""
    return tuple(adapter_of(mapping) for mapping in definition.mappings)


def adapter_of(mapping: ToolMapping) -> Adapter:
    """Return the adapter of a mapping."""
    return Adapter(
        tool=mapping.tool,
        verify=scheme_of(mapping.proofs),
        event_type=_event_type(mapping),
        delivery_id=_delivery_id(mapping.delivery_id),
        translate={name: _translate(rules_of(mapping, name)) for name in types_of(mapping)},
        ignores=frozenset(mapping.ignores),
    )


def types_of(mapping: ToolMapping) -> tuple[str, ...]:
    """Return the event types that are translated: those that rules name, and one for all others if a rule is free."""
    if mapping.event_type is None:
        return (UNTYPED,)
    named = dict.fromkeys(name for rule in mapping.events for name in rule.event_types)
    for ignored in mapping.ignores:
        named.pop(ignored, None)
    return (*named, OTHER) if any(not rule.event_types for rule in mapping.events) else tuple(named)


def rules_of(mapping: ToolMapping, event_type: str) -> tuple[MappedEvent, ...]:
    """Return the rules that may speak of deliveries of a type."""
    return tuple(rule for rule in mapping.events if not rule.event_types or event_type in rule.event_types)


def made_ready(said: Sequence[MappedEvent]) -> tuple[Shape, tuple[Rule, ...]]:
    """Return how bodies are decoded for some rules, and the rules."""
    shape = shape_of(path for rule in said for path in paths_of(rule))
    return shape, tuple(rule_of(rule, shape) for rule in said)


def _translate(said: Sequence[MappedEvent]) -> Translate:
    shape, rules = made_ready(said)

    def translate(body: bytes, context: Context) -> Translated:
        scope = Scope(shape.decode(body), context.headers)
        return once_each([event for rule in rules for event in rule.facts(scope, context)]) or NO_RULE

    translate.__doc__ = " and ".join(f"`{name}`" for name in dict.fromkeys(rule.type for rule in said))
    return translate


def once_each(facts: Sequence[FlowEvent]) -> list[FlowEvent]:
    """Return the facts of one delivery, each id once: the first that says it. Raises Untranslatable for too many."""
    if len(facts) > MOST_FACTS:
        raise Untranslatable(f"the rules make more than {MOST_FACTS} events")
    return list({event.event_id: event for event in reversed(facts)}.values())[::-1]


def _event_type(mapping: ToolMapping) -> Callable[[Headers, bytes], str]:
    if mapping.event_type is None:
        return lambda _headers, _body: UNTYPED
    look = _told(mapping.event_type)
    types = types_of(mapping)
    known = frozenset((*types, *mapping.ignores))
    if OTHER not in types:
        return lambda headers, body: look(headers, body) or ""

    def event_type(headers: Headers, body: bytes) -> str:
        told = look(headers, body) or ""
        return told if told in known else OTHER

    return event_type


def _delivery_id(value: Value | None) -> Callable[[Headers, bytes], str]:
    look = _told(value)
    return lambda headers, body: delivery_id(look(headers, body), body)


def _told(value: Value | None) -> Callable[[Mapping[str, str], bytes], str | None]:
    """Return what finds a text in the headers or in the body; the body is decoded only where a path is read."""
    paths = paths_in([value])
    shape = shape_of(paths)
    look = text_of(value, shape)
    if not paths:
        return lambda headers, _body: look(Scope(None, headers))
    return lambda headers, body: look(Scope(shape.decode(body), headers))
