"""The schemas agree with the values, with one another over the versions, and with what was published."""

from __future__ import annotations

import itertools
import json
import re
import types
import typing
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import avro.schema
import msgspec
import pytest
from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType
from msgspec import Struct

from schemas.avro_schemas import DIRECTORY, KINDS, AvroSchema, newest, parse, prefix_of, versions

PUBLISHED = {
    "change.v1.avsc": "b01a58b3a9201ef0",
    "dead_letter.v1.avsc": "e70b4435a3687874",
    "dead_letter.v2.avsc": "c7fa0e0861195883",
    "deployment.v1.avsc": "7358f0a7f30dba38",
    "entity_record.v1.avsc": "63e77f5c646f585f",
    "flow_event.v1.avsc": "f83e5a89ce578ac6",
    "incident.v1.avsc": "2f20fd1f464ccd1f",
    "letter_key.v1.avsc": "707fa90bf78d40fb",
    "measurement.v1.avsc": "c60eb1aed37a23e1",
    "measurement.v2.avsc": "e8ba3a3ce05fed9b",
    "step_visit.v1.avsc": "54afe299da2d1fd4",
    "step_visit.v2.avsc": "6053d2ba8eaab75e",
    "work_item.v1.avsc": "c717ae1b5ccefb0b",
    "work_item.v2.avsc": "00faa04da941f05a",
}
"""Every version and its fingerprint: a published schema never changes, a new version is a new file."""

EVERY = [schema for kind in KINDS for schema in versions(kind)]


def named(schema: AvroSchema) -> str:
    """Return a test's id."""
    return f"{schema.kind.__name__}-{schema.version}"


@pytest.mark.parametrize("kind", KINDS)
def test_the_newest_schema_has_the_values_fields(kind: type[Struct]) -> None:
    """Names, order, types and defaults are those of the value."""
    schema = json.loads(newest(kind).text)

    assert [described(field) for field in schema["fields"]] == expected_fields(kind)


@pytest.mark.parametrize("schema", EVERY, ids=named)
def test_the_fingerprint_is_avros_own(schema: AvroSchema) -> None:
    """Another implementation of Avro computes the same prefix (given times as plain longs: it keeps their braces)."""
    text = re.sub(r'\{\s*"type": "long",\s*"logicalType": "timestamp-micros"\s*\}', '"long"', schema.text)

    assert schema.prefix == b"\xc3\x01" + avro.schema.parse(text).fingerprint("CRC-64-AVRO")


def test_a_known_fingerprint_is_as_published() -> None:
    """The fingerprint of "int" in Avro's own test data, little-endian."""
    assert int.from_bytes(prefix_of(parse('"int"'))[2:], "little") == 0x7275D51A3F395C8F


@pytest.mark.parametrize("kind", KINDS)
def test_versions_count_from_one(kind: type[Struct]) -> None:
    """No version is missing."""
    assert [schema.version for schema in versions(kind)] == list(range(1, len(versions(kind)) + 1))


@pytest.mark.parametrize("kind", KINDS)
def test_every_version_reads_every_other(kind: type[Struct]) -> None:
    """Old and new run side by side: each version's reader takes each version's records, both ways."""
    pairs = itertools.product(versions(kind), repeat=2)

    assert [(r.version, w.version) for r, w in pairs if not reads(r.text, w.text)] == []


def test_the_check_would_find_a_break() -> None:
    """A new field without a default is refused, so the test above can fail."""
    schema = json.loads(newest(KINDS[0]).text)
    schema["fields"].append({"name": "new", "type": "string"})

    assert not reads(json.dumps(schema), newest(KINDS[0]).text)


def test_published_schemas_never_change() -> None:
    """Each file is as it was published, and each published file is kept."""
    assert {path.name: fingerprint_of(path.read_text()) for path in DIRECTORY.glob("*.avsc")} == PUBLISHED


def test_every_file_is_a_values_schema() -> None:
    """No file lies in the folder that nothing reads."""
    assert len(list(DIRECTORY.iterdir())) == len(EVERY)


def test_times_say_what_they_are() -> None:
    """A field that ends in `_at` has the logical type of microseconds, and only such a field."""
    wrong = [
        (named(schema), field["name"])
        for schema in EVERY
        for field in json.loads(schema.text)["fields"]
        if field["name"].endswith("_at") != ("timestamp-micros" in json.dumps(field["type"]))
    ]

    assert wrong == []


def reads(reader: str, writer: str) -> bool:
    """Say whether a reader's schema takes a writer's records."""
    found = ReaderWriterCompatibilityChecker().get_compatibility(avro.schema.parse(reader), avro.schema.parse(writer))
    return bool(found.compatibility is SchemaCompatibilityType.compatible)


def fingerprint_of(text: str) -> str:
    """Return the fingerprint of a schema's text in hex."""
    return prefix_of(parse(text))[2:].hex()


def described(field: dict[str, Any]) -> tuple[str, object, object]:
    """Return a field's name, type and default in plain terms."""
    return field["name"], plain(field["type"]), field.get("default", msgspec.NODEFAULT)


def plain(schema: Any) -> object:  # noqa: ANN401 - JSON
    """Return a schema's type in the terms of a value's: what a Python annotation can say."""
    if isinstance(schema, list):
        return ("optional", plain(next(branch for branch in schema if branch != "null")))
    if isinstance(schema, str):
        return {"int": "integer", "long": "integer"}.get(schema, schema)
    match schema["type"]:
        case "record":
            return tuple(described(field) for field in schema["fields"])
        case "enum":
            return ("enum", schema["name"], tuple(schema["symbols"]))
        case "array":
            return ("array", plain(schema["items"]))
        case "map":
            return ("map", plain(schema["values"]))
        case name:
            return plain(name)


def expected_fields(kind: type[Struct]) -> list[tuple[str, object, object]]:
    """Return what a value says its fields are."""
    found = []
    for field in msgspec.structs.fields(kind):
        default = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
        in_json = default if default is msgspec.NODEFAULT else json.loads(msgspec.json.encode(default))
        found.append((field.name, expected(field.type), in_json))
    return found


def expected(annotation: Any) -> object:  # noqa: ANN401 - a type
    """Return an annotation in the same plain terms."""
    origin = typing.get_origin(annotation)
    arguments = typing.get_args(annotation)
    if origin in (types.UnionType, typing.Union):
        return ("optional", expected(next(a for a in arguments if a is not type(None))))
    if origin is tuple:
        return ("array", expected(arguments[0]))
    if origin is Mapping:
        return ("map", expected(arguments[1]))
    if issubclass(annotation, StrEnum):
        return ("enum", annotation.__name__, tuple(member.value for member in annotation))
    if issubclass(annotation, Struct):
        return tuple(expected_fields(annotation))
    return {str: "string", bool: "boolean", int: "integer", float: "double", bytes: "bytes"}[annotation]
