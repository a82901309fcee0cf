"""The JSON schema of a log in OCEL 2.0, written from the standard (section 7, JSON format), and what it cannot say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

TEXT: Final = {"type": "string"}
TIME: Final = {"type": "string", "format": "date-time"}
_TYPES: Final = {
    "type": "array",
    "items": {
        "type": "object", "required": ["name", "attributes"],
        "properties": {
            "name": TEXT,
            "attributes": {"type": "array", "items": {"type": "object", "required": ["name", "type"],
                "properties": {"name": TEXT, "type": {"enum": ["string", "time", "integer", "float", "boolean"]}}}},
        },
    },
}  # fmt: skip
_RELATIONS: Final = {
    "type": "array",
    "items": {"type": "object", "required": ["objectId", "qualifier"],
        "properties": {"objectId": TEXT, "qualifier": TEXT}},
}  # fmt: skip
SCHEMA: Final[Mapping[str, Any]] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object", "required": ["eventTypes", "objectTypes", "events", "objects"],
    "properties": {
        "eventTypes": _TYPES, "objectTypes": _TYPES,
        "events": {"type": "array", "items": {
            "type": "object", "required": ["id", "type", "time"],
            "properties": {"id": TEXT, "type": TEXT, "time": TIME, "relationships": _RELATIONS, "attributes": {
                "type": "array", "items": {"type": "object", "required": ["name", "value"],
                    "properties": {"name": TEXT}}}},
        }},
        "objects": {"type": "array", "items": {
            "type": "object", "required": ["id", "type"],
            "properties": {"id": TEXT, "type": TEXT, "relationships": _RELATIONS, "attributes": {
                "type": "array", "items": {"type": "object", "required": ["name", "value", "time"],
                    "properties": {"name": TEXT, "time": TIME}}}},
        }},
    },
}  # fmt: skip

_VALUES: Final[Mapping[str, type | tuple[type, ...]]] = {
    "string": str, "time": str, "integer": int, "float": (int, float), "boolean": bool,
}  # fmt: skip


def broken(log: Mapping[str, Any]) -> list[str]:
    """Return where a log breaks its own declarations: an id that stands twice, an attribute or object unknown."""
    objects = {each["id"] for each in log["objects"]}
    found = [f"{kind}: ids" for kind in ("events", "objects") if len({x["id"] for x in log[kind]}) < len(log[kind])]
    for kind, types in (("events", log["eventTypes"]), ("objects", log["objectTypes"])):
        declared = {each["name"]: {a["name"]: a["type"] for a in each["attributes"]} for each in types}
        for each in log[kind]:
            found += [
                f"{each['id']}: {told['name']}"
                for told in each["attributes"]
                if not _fits(told, declared[each["type"]])
            ]
            found += [f"{each['id']}: {x['objectId']}" for x in each["relationships"] if x["objectId"] not in objects]
    return found


def _fits(told: Mapping[str, Any], declared: Mapping[str, str]) -> bool:
    kind = declared.get(told["name"])
    if kind is None or not isinstance(told["value"], _VALUES[kind]):
        return False
    return kind != "time" or datetime.fromisoformat(str(told["value"])).tzinfo is not None
