"""The JSON Schema of the value-stream file, for editors: what the reader takes, with the meaning of every key.

It knows shapes and closed sets. What hangs together across the file (a target's step, names that stand twice, time
zones) only the reader knows.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

from schemas.calendar_text import DAYS
from schemas.definition import DIALECTS, ROUTE_TO_LIVE, SELECTABLE
from schemas.event_types import RANKED
from schemas.mappings_schema import mapping, mapping_parts
from schemas.mappings_text import TOOL
from schemas.names_text import NAME
from schemas.sources_text import TOOLS
from schemas.steps_text import ACTORS, CLOSED, CUSTOM, MOST_CHARACTERS, RULE_FIELDS, UNREADABLE
from schemas.targets_text import DURATION, OF_A_STEP, OF_THE_STREAM

SHIPPED: Final = Path(__file__).parent / "value-streams.schema.json"
"""The schema as a file, made from this module by `make docs-write`."""

Schema = dict[str, Any]
"""A JSON Schema: whatever JSON holds."""

_DIALECT: Final = "http://json-schema.org/draft-07/schema#"
_TEXTS: Final = ["string", "number"]
_TEXT: Final = {
    "type": _TEXTS,
    "pattern": r"^[^\x00-\x1f\x7f-\x9f]*[^\x00-\x20\x7f-\xa0][^\x00-\x1f\x7f-\x9f]*$",
}
_SPAN: Final = rf"(?:{'|'.join(DAYS)})(?:-(?:{'|'.join(DAYS)}))?\s+[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]"
_RULES: Final = {
    "queue": "The item becomes available to the step: it waits from here on.",
    "start": "Work begins.",
    "finish": "The item leaves the step.",
    "returned": "The step sends the item back: its visit ends, and the step before it has it again.",
    "blocked": "Work stands still while the item is in the step.",
    "unblocked": "Work goes on.",
}


def schema_text() -> str:
    """Return the schema as JSON text."""
    return json.dumps(schema(), indent=2) + "\n"


def schema() -> Schema:
    """Return the schema of a whole file."""
    services = _optional_list(_named("service"), "Which code a service is made of; a stream's own go first.")
    return {
        "$schema": _DIALECT,
        "title": "VSM value-stream file",
        "description": "Sources of webhooks and the value streams that claim their events.",
        "definitions": {
            "text": _TEXT,
            "type": _type(),
            "rule": _rule(),
            "service": _service(),
            **mapping_parts(),
        },
        **_object(
            {
                "version": {"const": 1, "description": "The version of this format: 1."},
                "sources": _optional_list(_source(), "The tools' connections that webhooks are taken from."),
                "mappings": _optional_list(mapping(_named), "Tools without an adapter, and what is made of them."),
                "services": services,
                "value_streams": _list(_stream(services), "The value streams."),
            },
            required=("version", "value_streams"),
        ),
        "if": {"required": ["mappings"]},
        "else": {"properties": {"sources": {"items": {"properties": {"tool": {"enum": list(TOOLS)}}}}}},
    }


def _source() -> Schema:
    secret = _object(
        {
            "env": _text("An environment variable that holds the secret."),
            "file": _text(
                "A file that holds the secret, from this file's directory on; a line end at its end is no part of it."
            ),
            "value": _text("The secret itself, as written. For trying out."),
        }
    )
    secret |= {"minProperties": 1, "maxProperties": 1}
    insecure = {"required": ["insecure"], "properties": {"insecure": {"const": True}}}
    certified = {"required": ["client_certificate"], "properties": {"client_certificate": {"const": True}}}
    secured = [{"required": ["secret"]}, {"required": ["secrets"]}, certified]
    return {
        **_object(
            {
                "tool": {
                    "anyOf": [{"enum": list(TOOLS)}, {"type": "string", "pattern": f"^{TOOL.pattern}$"}],
                    "description": "The tool, as it stands in the webhook's address; one of `mappings` too.",
                },
                "name": _name("The source's name in the webhook's address; `default` may be left out there."),
                "secret": {**secret, "description": "Where the secret is that deliveries are verified with."},
                "secrets": _one_or_many(secret, "Several live secrets, while one takes the place of another."),
                "insecure": {"type": "boolean", "description": "Take deliveries without proof. Not with a secret."},
                "rate_per_second": {
                    "type": "number",
                    "exclusiveMinimum": 0,
                    "description": "Deliveries a second on average, more are answered 429. No limit if left out.",
                },
                "client_certificate": {
                    "type": "boolean",
                    "description": "The proof is the client certificate that the listener has verified.",
                },
                "quota_per_day": {
                    "type": "number",
                    "exclusiveMinimum": 0,
                    "description": "Deliveries a day, more are answered 429. No limit if left out.",
                },
                "silent_after": {
                    "type": "string",
                    "pattern": f"^{DURATION.pattern}$",
                    "description": "So long without a delivery the source is called silent. 3d if left out.",
                },
                "public_url": {
                    "type": "string",
                    "pattern": "^https?://",
                    "description": "The address that the tool knows, where a proxy makes another one of it.",
                },
                "environments": {
                    "type": ["object", "null"],
                    "additionalProperties": _text(),
                    "description": "The tool's own words for environments, and what they mean.",
                },
            },
            required=("tool", "name"),
        ),
        "anyOf": [*secured, insecure],
        "not": {**insecure, "anyOf": secured},
    }


def _service() -> Schema:
    return _object(
        {
            "service": _name("The service's name."),
            "repositories": _one_or_many(_text(), "Globs of repositories, `host/owner/name`."),
            "paths": _one_or_many(_text(), "Globs of files in them; the whole repository if left out."),
        },
        required=("service", "repositories"),
    )


def _stream(services: Schema) -> Schema:
    return _object(
        {
            "name": _name("The stream's name."),
            "family": _text("What the stream belongs to. Changes no number."),
            "owner": _text("The team that owns it. Changes no number."),
            "select": _list(_selector(), "Selectors; an event that matches any of them is the stream's."),
            "calendar": {**_calendar(), "description": "Working hours; times are kept in both clocks."},
            "steps": _list(_step(), "The steps in their order. The standard map if left out."),
            "environments": _list(
                _text(), f"The route to live, production last. {', '.join(ROUTE_TO_LIVE)} if left out."
            )
            | {"uniqueItems": True},
            "targets": _targets(),
            "services": services,
            "cost": _cost(),
            "dialect": {"enum": list(DIALECTS), "description": "The definition that the delivery metrics follow."},
        },
        required=("name", "select"),
    )


def _cost() -> Schema:
    return {
        **_object(
            {
                "per_hour": {"type": "number", "exclusiveMinimum": 0, "description": "What an hour costs."},
                "currency": _text("In which currency, such as EUR."),
            },
            required=("per_hour", "currency"),
        ),
        "description": "What an hour of an item's flow time costs: prices the waste ledger. Changes no other number.",
    }


def _selector() -> Schema:
    fields = {
        field: _text(f"A glob over the event's `{field}`; `*` also matches an event without one.")
        for field in SELECTABLE
    }
    return {"anyOf": [{"const": "*", "description": "Everything."}, {**_object(fields), "minProperties": 1}]}


def _calendar() -> Schema:
    return _object(
        {
            "zone": _text("The IANA time zone, such as Europe/Berlin."),
            "hours": _one_or_many(
                {"type": "string", "pattern": rf"^\s*{_SPAN}(?:\s*,\s*{_SPAN})*\s*$"},
                "Working hours, such as `Mon-Fri 09:00-17:00, Sat 10:00-12:00`. Mon-Fri 09:00-17:00 if left out.",
            ),
            "holidays": _optional_list({"type": "string", "format": "date"}, "Days off, such as 2026-12-25."),
        },
        required=("zone",),
    )


def _step() -> Schema:
    beginnings = [{"required": [name]} for name in ("queue", "start", "finish")]
    return {
        **_object(
            {
                "name": _text("The step's name on the map.") | {"maxLength": MOST_CHARACTERS},
                "status": _one_or_many(
                    _text(), "In place of queue, start and finish: the tracker's statuses of this step."
                ),
                "value_adding": {"type": "boolean", "description": "Whether the step adds value. true if left out."},
                "owner": _text("Who does the step's work: where it changes, the work is handed over."),
                "wip_limit": {
                    "type": "integer",
                    "exclusiveMinimum": 0,
                    "description": "How many items may be in the step at once. No limit if left out.",
                },
                "automatable": {
                    "type": "boolean",
                    "description": "Whether an automated twin of the step exists. false if left out.",
                },
                **{name: _named("rule", meaning) for name, meaning in _RULES.items()},
            },
            required=("name",),
        ),
        "anyOf": [{"required": ["status"]}, *beginnings],
        "not": {"required": ["status"], "anyOf": beginnings},
    }


def _type() -> Schema:
    return {"anyOf": [{"enum": list(RANKED)}, {"type": "string", "pattern": rf"^{CUSTOM[:-1]}\.[a-z_]+$"}]}


def _rule() -> Schema:
    fields: Schema = {field: _one_or_many(_text(), f"The event's `{field}`.") for field in RULE_FIELDS}
    fields |= {field: _one_or_many({"enum": list(values)}) for field, values in CLOSED.items()}
    fields |= dict.fromkeys(sorted(UNREADABLE), False)
    where = {
        "type": ["object", "null"],
        "properties": fields,
        "additionalProperties": _one_or_many(_text()),
        "description": "Fields or attributes of the event, each with the values one of which it must have.",
    }
    return _object(
        {
            "on": _one_or_many(_named("type"), "The types of events."),
            "where": where,
            "by": _one_or_many({"enum": list(ACTORS)}, "Who caused the event. Anybody if left out."),
            "first": {"type": "boolean", "description": "Only the item's earliest such event. false if left out."},
        },
        required=("on",),
    )


def _targets() -> Schema:
    duration = {"type": "string", "pattern": f"^{DURATION.pattern}$"}
    return {
        "type": ["object", "null"],
        "properties": dict.fromkeys(OF_THE_STREAM, duration),
        "patternProperties": {rf"^.+\.(?:{'|'.join(OF_A_STEP)})$": duration},
        "additionalProperties": False,
        "description": "How long at most: `flow_time_p85: 3d`, `Review.wait_p85: 4h`. Changes no number.",
    }


def _object(properties: Mapping[str, Any], required: Collection[str] = ()) -> Schema:
    found: Schema = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    return {**found, "required": list(required)} if required else found


def _named(name: str, description: str = "") -> Schema:
    """Return a schema that stands once, among the definitions; beside a bare `$ref` a description would be lost."""
    there = {"$ref": f"#/definitions/{name}"}
    return {"allOf": [there], "description": description} if description else there


def _text(description: str = "") -> Schema:
    return _named("text", description)


def _name(description: str) -> Schema:
    return {"type": _TEXTS, "pattern": f"^{NAME.pattern}$", "description": description}


def _list(items: Schema, description: str) -> Schema:
    return {"type": "array", "items": items, "minItems": 1, "description": description}


def _optional_list(items: Schema, description: str) -> Schema:
    return {"type": ["array", "null"], "items": items, "description": description}


def _one_or_many(one: Schema, description: str = "") -> Schema:
    found: Schema = {"anyOf": [one, {"type": "array", "items": one, "minItems": 1}]}
    return {**found, "description": description} if description else found
