"""The `mappings` of a value-stream file in its JSON Schema: the parts that are not plain texts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from schemas.event import Outcome, WorkKind
from schemas.mapping import READERS
from schemas.mapping_paths import GRAMMAR, LONGEST
from schemas.mapping_values_text import BESIDE, HEADER, KINDS, LINK_KINDS, SLUG
from schemas.mappings_text import ATTRIBUTE, ENCODINGS, MAPPABLE, SCHEMES, TOOL, WRITTEN
from schemas.steps_text import ACTORS, CUSTOM

Schema = dict[str, Any]
"""A JSON Schema: whatever JSON holds."""

Named = Callable[..., Schema]
"""Returns a reference to a named part, with a description."""

_HEADER: Final = HEADER.pattern.replace("a-z", "A-Za-z")


def mapping_parts() -> dict[str, Schema]:
    """Return the named parts that mappings are made of."""
    return {
        "path": {"type": "string", "pattern": GRAMMAR, "maxLength": LONGEST},
        "value": _value({"$ref": "#/definitions/text"}),
        "entity": _entity(KINDS),
    }


def mapping(named: Named) -> Schema:
    """Return the schema of one mapping."""
    return _object(
        {
            "tool": {
                "type": "string",
                "pattern": f"^{TOOL.pattern}$",
                "description": "The tool's name: its webhooks come to /webhooks/TOOL/SOURCE.",
            },
            "proof": _one_or_many(_proof(), "How deliveries prove where they come from; of several any is enough."),
            "event_type": named("value", "Where the event's type stands: {header: x-acme-event}, or a path."),
            "delivery_id": named("value", "Where the delivery's id stands. The body's hash if left out."),
            "events": {"type": "array", "items": _event(named), "minItems": 1, "description": "The rules."},
            "ignores": _one_or_many(named("text"), "The event types that are of no interest."),
        },
        required=("tool", "proof", "events"),
    )


def _proof() -> Schema:
    return _object(
        {
            "scheme": {"enum": sorted(SCHEMES), "description": "The scheme's name."},
            "header": {"type": "string", "pattern": f"^{_HEADER}$", "description": "The header that holds the proof."},
            "prefix": {"type": "string", "description": "What stands before the digest, such as `sha256=`."},
            "encoding": {"enum": list(ENCODINGS), "description": "How the digest is written. hex if left out."},
            "several": {"type": "boolean", "description": "The header may hold several digests, apart by commas."},
        },
        required=("scheme",),
    ) | {
        "allOf": [
            {
                "if": {"required": ["scheme"], "properties": {"scheme": {"const": scheme}}},
                "then": {
                    "properties": {**dict.fromkeys(sorted(set(_PROOF) - set(takes)), False)},
                    "required": ["scheme", *(["header"] if takes else [])],
                },
            }
            for scheme, takes in sorted(SCHEMES.items())
        ]
    }


_PROOF: Final = ("header", "prefix", "encoding", "several")


def _event(named: Named) -> Schema:
    def value(said: str) -> Schema:
        return named("value", said)

    return _object(
        {
            "when": _conditions("All of these hold: a path or `event_type`, and texts one of which it has.", named),
            "unless": _conditions("None of these holds.", named),
            "each": named("path", "One event for each of these elements; `$each` is the element."),
            "type": {
                "anyOf": [{"enum": list(MAPPABLE)}, {"type": "string", "pattern": rf"^{CUSTOM[:-1]}\.[a-z_]+$"}],
                "description": "The event's type.",
            },
            "subject": named("entity", "What it happened to."),
            "at": value("When: a path to a time."),
            "order": value("The tool's own sequence number."),
            "url": value("Where people look at it."),
            "state": value("The tool's own status."),
            "outcome": _value({"enum": [o.value for o in Outcome]}, "How it came out."),
            "environment": value("The tool's own word for the environment."),
            "work_kind": _value({"enum": [k.value for k in WorkKind]}, "The kind of work, or a type that tells it."),
            "labels": _one_or_many(named("path"), "Labels that the kind of work is read from."),
            "actor": _actor(named),
            "links": {"type": ["array", "null"], "items": _link(), "description": "What the subject is linked to."},
            "attributes": {
                "type": ["object", "null"],
                "propertyNames": {"pattern": f"^{ATTRIBUTE.pattern}$", "not": {"enum": sorted(WRITTEN)}},
                "additionalProperties": named("value"),
                "description": "Attributes of the event, `repository`, `service` and `branch` above all.",
            },
            "quantities": {
                "type": ["object", "null"],
                "propertyNames": {"pattern": f"^{ATTRIBUTE.pattern}$"},
                "additionalProperties": named("path"),
                "description": "Numbers, with the unit in the name.",
            },
            "told_apart": {
                "type": ["array", "null"],
                "items": named("value"),
                "description": "What tells two facts of a subject, type and time apart; else state, outcome, decision.",
            },
        },
        required=("type", "subject", "at"),
    )  # fmt: skip


def _conditions(said: str, named: Named) -> Schema:
    texts = _one_or_many(named("text"))
    kinds = {"event_type": texts} if said.startswith("All") else {}
    return {
        "type": ["object", "null"],
        "properties": kinds,
        "patternProperties": {GRAMMAR: texts},
        "additionalProperties": False,
        "description": said,
    }


def _actor(named: Named) -> Schema:
    classes = {"enum": [*ACTORS, "unknown"]}
    return _object(
        {
            "id": named("value", "The account's id: a keyed hash of it is kept."),
            "name": named("value", "The account's name: read for what class of account it is, and not kept."),
            "class": _value(classes, "The class, where the tool says it."),
        }
    ) | {"description": "Who did it."}


def _link() -> Schema:
    target = _entity((*KINDS, *READERS))
    return {
        **_object(
            {
                **dict.fromkeys(LINK_KINDS, target),
                "confidence": {"type": "number", "exclusiveMinimum": 0, "maximum": 1, "description": "1 if left out."},
            }
        ),
        "oneOf": [{"required": [kind]} for kind in LINK_KINDS],
    }


def _entity(kinds: Collection[str]) -> Schema:
    value = {"$ref": "#/definitions/value"}
    return {**_object(dict.fromkeys((*kinds, *BESIDE), value)), "minProperties": 1, "maxProperties": 2}


def _value(word: Schema, description: str = "") -> Schema:
    """Return the schema of a value: a path, a word, parts, or a mapping that says more."""
    path = {"$ref": "#/definitions/path"}
    said = _object(
        {
            "path": _one_or_many(path, "A path, or several: the first that finds something."),
            "header": {"type": "string", "pattern": f"^{_HEADER}$", "description": "A header."},
            "map": {
                "type": ["object", "null"],
                "additionalProperties": word,
                "description": "Words and what they mean.",
            },
            "otherwise": {**word, "description": "For a word that `map` does not list."} if "enum" in word else word,
            "missing": {**word, "description": "Where nothing is found."} if "enum" in word else word,
            "as": {"enum": [SLUG], "description": "Letters and digits in lower case with single hyphens."},
        }
    ) | {
        "oneOf": [{"required": ["path"]}, {"required": ["header"]}],
        "dependencies": {"otherwise": ["map"]},
    }
    parts = {"type": "array", "items": {"$ref": "#/definitions/value"}, "minItems": 1}
    written = word if "enum" in word else {"allOf": [word], "not": {"type": "string", "pattern": r"^\$"}}
    found: Schema = {"anyOf": [path, written, parts, said]}
    return {**found, "description": description} if description else found


def _object(properties: Mapping[str, Any], required: Collection[str] = ()) -> Schema:
    found: Schema = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    return {**found, "required": list(required)} if required else found


def _one_or_many(one: Schema, description: str = "") -> Schema:
    found: Schema = {"anyOf": [one, {"type": "array", "items": one, "minItems": 1}]}
    return {**found, "description": description} if description else found
