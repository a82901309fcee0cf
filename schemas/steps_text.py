"""The `steps` of a value stream: rules on facts, or in their place the statuses of a tracker."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from schemas.definition import Rule, Step
from schemas.event import ActorClass, FlowEvent, Outcome, WorkKind
from schemas.event_types import RANKED
from schemas.names_text import each_once
from schemas.yaml_node import Node, nearest

RULES: Final = ("queue", "start", "finish", "returned", "blocked", "unblocked")
STEP_KEYS: Final = ("name", "status", "value_adding", "owner", "wip_limit", "automatable", *RULES)
RULE_KEYS: Final = ("on", "where", "by", "first")

ACTORS: Final = (ActorClass.HUMAN.value, ActorClass.BOT.value, ActorClass.AGENT.value)
"""Who a rule may ask for by `by`."""

RULE_FIELDS: Final = (
    "state",
    "outcome",
    "environment",
    "work_kind",
    "actor_class",
    "type",
    "tool",
    "source",
    "subject_id",
)
"""The fields of an event that `where` reads; any name that is no field of an event is an attribute's."""

CLOSED: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "outcome": tuple(outcome.value for outcome in Outcome),
        "work_kind": tuple(kind.value for kind in WorkKind),
        "actor_class": tuple(actor.value for actor in ActorClass),
    }
)
"""The fields that have a closed set of values."""

CUSTOM: Final = "custom."
"""How types begin that no tool of ours sends."""

MOST_CHARACTERS: Final = 200
"""The longest name of a step."""

UNREADABLE: Final = frozenset(FlowEvent.__struct_fields__) - frozenset(RULE_FIELDS)
"""The fields of an event that no rule can ask for."""

_BEGINNINGS: Final = frozenset({"queue", "start", "finish"})
_TYPE: Final = re.compile(r"[a-z]+\.[a-z_]+")


def read_steps(node: Node) -> tuple[Step, ...]:
    """Return the steps that a list describes, in its order; problems are noted on it."""
    nodes = node.some("no steps", "leave 'steps' out for the standard map")
    steps = tuple(_step(child) for child in nodes)
    each_once(nodes, [step.name for step in steps], "step")
    return steps


def _step(node: Node) -> Step:
    fields = node.fields(STEP_KEYS, required=("name",))
    rules = {name: _rule(fields[name]) for name in RULES if name in fields}
    status = fields["status"].texts() if "status" in fields else ()
    if status and _BEGINNINGS & rules.keys():
        fields["status"].complain("'status' stands in place of queue, start and finish", "keep one of the two")
    if "status" not in fields and not _BEGINNINGS & rules.keys():
        node.complain("the step has no rule", "add 'queue', 'start' or 'finish', or 'status'")
    return Step(
        name=_step_name(fields["name"]) if "name" in fields else "",
        status=status,
        value_adding=fields["value_adding"].flag() if "value_adding" in fields else True,
        owner=fields["owner"].text() if "owner" in fields else None,
        wip_limit=_limit(fields["wip_limit"]) if "wip_limit" in fields else None,
        automatable=fields["automatable"].flag() if "automatable" in fields else False,
        **rules,
    )


def _limit(node: Node) -> int:
    limit = node.number()
    if limit and not limit.is_integer():
        node.complain(f"{limit:g} is no whole number of items", "such as 3")
    return int(limit)


def _step_name(node: Node) -> str:
    name = node.text()
    if len(name) > MOST_CHARACTERS:
        node.complain(f"a step's name cannot be {len(name)} characters long", f"at most {MOST_CHARACTERS}")
    return name


def _rule(node: Node) -> Rule:
    fields = node.fields(RULE_KEYS, required=("on",))
    where = fields["where"].entries() if "where" in fields else {}
    return Rule(
        on=tuple(_type(child) for child in fields["on"].one_or_many()) if "on" in fields else (),
        where={field: _values(field, value) for field, value in where.items()},
        by=tuple(child.word(ACTORS) for child in fields["by"].one_or_many()) if "by" in fields else (),
        first=fields["first"].flag() if "first" in fields else False,
    )


def _type(node: Node) -> str:
    text = node.text()
    if text and not _TYPE.fullmatch(text):
        node.complain(f"'{text}' is no event type", nearest(text, RANKED))
    elif text and text not in RANKED and not text.startswith(CUSTOM):
        node.complain(f"no tool sends '{text}'", nearest(text, RANKED))
    return text


def _values(field: str, node: Node) -> tuple[str, ...]:
    if field in UNREADABLE:
        node.complain(f"rules do not read '{field}'", f"known: {', '.join(RULE_FIELDS)}, or an attribute")
    allowed = CLOSED.get(field)
    return tuple(child.text() if allowed is None else child.word(allowed) for child in node.one_or_many())
