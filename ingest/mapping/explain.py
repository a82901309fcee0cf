"""What a mapping looks at in one delivery, rule by rule: for people who write one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from msgspec import Struct

from ingest.adapter import Context, Untranslatable
from ingest.mapping.compile import OTHER, made_ready, rules_of, types_of
from ingest.mapping.rules import Rule, paths_of
from ingest.mapping.shape import Shape, every
from ingest.mapping.values import Scope, plain_text
from schemas.mapping import ANY, Condition, MappedEvent, ToolMapping

MOST_SHOWN: Final = 5
"""Of what a path finds this much is shown, the first."""

_LONGEST: Final = 80


class Looked(Struct, frozen=True):
    """A path as it is written, and what it finds; () for nothing."""

    path: str
    found: tuple[str, ...]


class Tried(Struct, frozen=True, kw_only=True):
    """A rule by its place in the file: how many events it makes, why none, and what its paths find."""

    number: int
    type: str
    events: int
    why: str
    looked: tuple[Looked, ...]


def explained(mapping: ToolMapping, event_type: str, body: bytes, context: Context) -> tuple[Tried, ...]:
    """Return what became of each rule, in the file's order. Raises what decoding the body raises."""
    said = rules_of(mapping, event_type if event_type in types_of(mapping) else OTHER)
    shape, rules = made_ready(said)
    scope = Scope(shape.decode(body), context.headers)
    ready = iter(rules)
    return tuple(
        _tried(number, next(ready), shape, scope, context)
        if any(rule is each for each in said)
        else _of_another_type(number, rule, event_type)
        for number, rule in enumerate(mapping.events)
    )


def _of_another_type(number: int, rule: MappedEvent, event_type: str) -> Tried:
    why = f"the event type is {event_type!r}, wanted {' | '.join(rule.event_types)}"
    return Tried(number=number, type=rule.type, events=0, why=why, looked=())


def _tried(number: int, rule: Rule, shape: Shape, scope: Scope, context: Context) -> Tried:
    events, why = 0, ""
    try:
        scopes = rule.scopes(scope)
        spoken = [inner for inner in scopes if rule.speaks_of(inner)]
        events = len([rule.make(inner, context) for inner in spoken])
        why = "" if spoken else _why(rule, shape, scopes)
    except Untranslatable as bad:
        why = f"untranslatable: {bad}"
    looked = tuple(dict.fromkeys(_looked(rule.said, shape, scope)))
    return Tried(number=number, type=rule.said.type, events=events, why=why, looked=looked)


def _why(rule: Rule, shape: Shape, scopes: Sequence[Scope]) -> str:
    """Return why a rule does not speak of a delivery, by its first element."""
    if not scopes:
        return f"{rule.said.each.text if rule.said.each else '$'} finds no element"
    scope = scopes[0]
    for condition, holds in zip(rule.said.when, rule.when, strict=True):
        if not holds(scope):
            return f"{_told(condition, shape, scope)}, wanted {_wanted(condition)}"
    for condition, holds in zip(rule.said.unless, rule.unless, strict=True):
        if holds(scope):
            return f"{_told(condition, shape, scope)}, and 'unless' asks for no {_wanted(condition)}"
    return ""


def _told(condition: Condition, shape: Shape, scope: Scope) -> str:
    path = condition.path
    begin = scope.element if path.of_element else scope.root
    return f"{path.text} is {' | '.join(_shown(every(begin, shape.steps(path)))) or 'nothing'}"


def _wanted(condition: Condition) -> str:
    return "anything" if ANY in condition.texts else " | ".join(condition.texts)


def _looked(rule: MappedEvent, shape: Shape, scope: Scope) -> Iterator[Looked]:
    for path in paths_of(rule):
        yield Looked(path.text, _shown(every(scope.root, shape.steps(path))))


def _shown(values: Iterator[object]) -> tuple[str, ...]:
    found = tuple(islice(values, MOST_SHOWN + 1))
    shown = tuple(_text(value) for value in found[:MOST_SHOWN])
    return (*shown, "...") if len(found) > MOST_SHOWN else shown


def _text(value: object) -> str:
    text = plain_text(value)
    if text is not None:
        return repr(text[:_LONGEST])
    return "''" if isinstance(value, str) else "a list" if isinstance(value, list | tuple) else "an object"
